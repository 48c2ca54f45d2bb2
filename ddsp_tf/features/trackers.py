"""Which trackers of the fundamental there are, by name."""

import importlib
from functools import lru_cache
from typing import NamedTuple

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.tracker import F0Tracker


class _Entry(NamedTuple):
    """Where a tracker is: imported when it is asked for, since some need seconds for that."""

    module: str
    class_name: str
    arguments: tuple[str, ...] = ()


_CREPE = "ddsp_tf.features.crepe.crepe_tracker"
_TRACKERS = {
    **{
        f"crepe-{capacity}": _Entry(_CREPE, "CrepeTracker", (capacity,))
        for capacity in ("tiny", "small", "medium", "large", "full")
    },
    "pyin": _Entry("ddsp_tf.features.pyin.pyin_tracker", "PyinTracker"),
}

F0_TRACKERS = tuple(_TRACKERS)
"""The names of all trackers."""


@lru_cache(maxsize=2)
def get_tracker(name: str) -> F0Tracker:
    """The tracker of a name.

    Args:
        name: One of `F0_TRACKERS`.

    Raises:
        ArgumentError: There is none of this name.
        ModelError: Its weights are not installed.

    Example:
        >>> get_tracker("crepe-tiny").frame_rate
        100
    """
    if name not in _TRACKERS:
        raise ArgumentError(f"`f0_tracker` must be one of {', '.join(F0_TRACKERS)}; got {name!r}.")
    module, class_name, arguments = _TRACKERS[name]
    tracker: F0Tracker = getattr(importlib.import_module(module), class_name)(*arguments)
    return tracker
