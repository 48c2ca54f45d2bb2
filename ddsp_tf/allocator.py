"""How the process returns freed memory to the system."""

import ctypes
import sys
from typing import Any

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 1 << 29
_LARGE_BYTES = 1 << 24


def keep_freed_memory() -> None:
    """Lets the process reuse freed memory rather than return it and ask for it again.

    A network's intermediate results are some megabytes each. By default glibc returns them to the
    system after each block, and every page of the next block is a fault: about a fifth of the CPU
    time that finding the pitch takes. Call it before TensorFlow starts its threads, in processes of
    our own, not in those of users. Without glibc it does nothing.
    """
    # One arena: those of threads return whole heaps whatever the threshold is.
    _set({_M_ARENA_MAX: 1, _M_MMAP_THRESHOLD: _KEPT_BYTES, _M_TRIM_THRESHOLD: _KEPT_BYTES})


def return_large_memory() -> None:
    """Makes the process return each freed block of 16 MiB or more to the system at once.

    The intermediate results of a large training step are tens of megabytes each. By default glibc
    soon keeps such blocks, and the holes between them grow from step to step, to a fifth of the
    memory. Call it as `keep_freed_memory`, which is the opposite.
    """
    _set({_M_MMAP_THRESHOLD: _LARGE_BYTES})


def return_freed_memory() -> None:
    """Returns what is free now to the system, such as what compiling a graph has left behind."""
    glibc = _glibc()
    if glibc is not None:
        glibc.malloc_trim(0)


def _set(options: dict[int, int]) -> None:
    glibc = _glibc()
    for option, value in options.items() if glibc is not None else ():
        glibc.mallopt(option, value)


def _glibc() -> Any:
    """The C library, or None if it isn't glibc."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
        return library if library.mallopt and library.malloc_trim else None
    except (OSError, AttributeError):
        return None
