"""How the process returns freed memory to the system."""

import ctypes
import sys

# From glibc's malloc.h.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_KEPT_BYTES = 1 << 29


def keep_freed_memory() -> None:
    """Lets the process reuse freed memory rather than return it and ask for it again.

    A network's intermediate results are some megabytes each. By default glibc returns them to the
    system after each block, and every page of the next block is a fault: about a fifth of the CPU
    time that finding the pitch takes. Call it before TensorFlow starts its threads, in processes of
    our own, not in those of users. Without glibc it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    # One arena: those of threads return whole heaps whatever the threshold is.
    mallopt(_M_ARENA_MAX, 1)
    mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
