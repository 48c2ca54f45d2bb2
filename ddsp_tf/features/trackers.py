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
    takes_folder: bool = False


_CREPE = "ddsp_tf.features.crepe.crepe_tracker"
_SELF_SUPERVISED = "ddsp_tf.features.self_supervised.self_supervised_tracker"
_TRACKERS = {
    **{
        f"crepe-{capacity}": _Entry(_CREPE, "CrepeTracker", (capacity,))
        for capacity in ("tiny", "small", "medium", "large", "full")
    },
    "pyin": _Entry("ddsp_tf.features.pyin.pyin_tracker", "PyinTracker"),
    "self_supervised": _Entry(_SELF_SUPERVISED, "SelfSupervisedTracker", takes_folder=True),
    "swift-f0": _Entry("ddsp_tf.features.swift.swift_tracker", "SwiftTracker"),
    "nansy": _Entry("ddsp_tf.features.nansy.nansy_tracker", "NansyTracker", takes_folder=True),
}

F0_TRACKERS = tuple(_TRACKERS)
"""The names of all trackers."""


def check_tracker(name: object) -> None:
    """Checks that a name is a tracker's, without looking for its weights.

    Args:
        name: One of `F0_TRACKERS`. Where a tracker is learned, `NAME:FOLDER` is the one that was
            learned by the run in a folder.

    Raises:
        ArgumentError: It isn't, or the tracker takes no folder.
    """
    _entry(name)


@lru_cache(maxsize=2)
def get_tracker(name: str) -> F0Tracker:
    """The tracker of a name.

    Args:
        name: As for `check_tracker`.

    Raises:
        ArgumentError: There is none of this name.
        ModelError: Its weights are not installed, or not in the folder.

    Example:
        >>> get_tracker("crepe-tiny").frame_rate
        100
    """
    entry, folder = _entry(name)
    maker = getattr(importlib.import_module(entry.module), entry.class_name)
    tracker: F0Tracker = maker(*entry.arguments, *([folder] if folder else []))
    return tracker


def _entry(name: object) -> tuple[_Entry, str]:
    kind, colon, folder = name.partition(":") if isinstance(name, str) else ("", "", "")
    entry = _TRACKERS.get(kind)
    if entry is None:
        names = ", ".join(f"`{tracker}`" for tracker in F0_TRACKERS)
        raise ArgumentError(f"`f0_tracker` must be one of {names}; got {name!r}.")
    if colon and not (entry.takes_folder and folder):
        learned = ", ".join(f"{key}:FOLDER" for key, x in _TRACKERS.items() if x.takes_folder)
        raise ArgumentError(
            f"`f0_tracker` may name a folder as {learned}, and no other does; got {name!r}."
        )
    return entry, folder
