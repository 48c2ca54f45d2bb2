"""Memory that is freed goes back to the system, or stays, as a process asked for."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="glibc is what is set, and Linux tells of memory"
)

# Two blocks are taken, and the one below is freed: a hole. Then small ones are taken and freed.
_MEASURE = """
import ctypes, sys
import ddsp_tf.allocator as allocator

getattr(allocator, sys.argv[1], lambda: None)()
glibc = ctypes.CDLL(None)
glibc.malloc.restype = ctypes.c_void_p
glibc.malloc.argtypes, glibc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 >> 20

def take(mib):
    address = glibc.malloc(mib << 20)
    ctypes.memset(address, 1, mib << 20)
    return address

def hole(mib, n_blocks):
    blocks = [take(mib) for _ in range(n_blocks)]
    last = take(1)
    for block in blocks:
        glibc.free(block)
    return last

glibc.free(take(30))  # Since such a block was freed once, glibc keeps others of its size.
before = used()
hole(int(sys.argv[2]), 100 // int(sys.argv[2]))
print(used() - before)
allocator.return_freed_memory()
print(used() - before)
"""


def kept_mib(setting: str, block_mib: int) -> tuple[int, int]:
    """What stays of 100 MiB that were freed, before and after returning what is free."""
    answer = subprocess.run(
        [sys.executable, "-c", _MEASURE, setting, str(block_mib)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    held, after_trim = (int(line) for line in answer.stdout.split())
    return held, after_trim


def test_large_blocks_leave_no_holes() -> None:
    assert kept_mib("nothing", 25)[0] > 90
    assert kept_mib("return_large_memory", 25)[0] < 5


def test_what_is_free_is_returned_when_asked() -> None:
    held, after_trim = kept_mib("keep_freed_memory", 4)
    assert held > 60  # The 30 MiB that were free before are used again.
    assert after_trim < 5


def test_without_glibc_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    from ddsp_tf import allocator

    monkeypatch.setattr(allocator.sys, "platform", "darwin")
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: pytest.fail("a library was opened"))
    allocator.keep_freed_memory()
    allocator.return_large_memory()
    allocator.return_freed_memory()
