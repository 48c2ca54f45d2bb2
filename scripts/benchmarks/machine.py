"""What the figures were measured on, and what else it was doing."""

import hashlib
import os
import platform
import resource
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def describe_machine() -> dict[str, Any]:
    """Gives the processor, its cores and the memory."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def source_digest(root: Path = ROOT) -> str:
    """A short name for the state of the code that is measured.

    Rows of another state are measured anew, since a table of several versions says nothing.
    """
    digest = hashlib.sha256()
    for path in _sources(root):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _sources(root: Path) -> Iterable[Path]:
    return sorted([*(root / "ddsp_tf").rglob("*.py"), *(root / "configs").rglob("*.gin")])


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


class OtherWork:
    """Measures how much of the processor others took, so that a busy machine is noticed.

    Only Linux tells. Processes of our own count once they have ended.
    """

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._busy, self._own = _busy_s(), _own_s()

    def share(self) -> float | None:
        """The share of all cores that others took since the start, 0 to 1. None: unknown."""
        busy = _busy_s()
        if busy is None or self._busy is None:
            return None
        elapsed = max(time.monotonic() - self._start, 1e-3) * (os.cpu_count() or 1)
        return max(0.0, busy - self._busy - (_own_s() - self._own)) / elapsed


def _busy_s() -> float | None:
    try:
        fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _own_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
