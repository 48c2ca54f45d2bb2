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
    takes_model: bool = False
    """Whether it may be followed by `:` and the folder of a run or of a model."""


_CREPE = "ddsp_tf.features.crepe.crepe_tracker"
_TRACKERS = {
    **{
        f"crepe-{capacity}": _Entry(_CREPE, "CrepeTracker", (capacity,))
        for capacity in ("tiny", "small", "medium", "large", "full")
    },
    "pyin": _Entry("ddsp_tf.features.pyin.pyin_tracker", "PyinTracker"),
    "nansy": _Entry("ddsp_tf.models.nansy.nansy_tracker", "NansyTracker", takes_model=True),
}

F0_TRACKERS = tuple(_TRACKERS)
"""The names of all trackers."""


@lru_cache(maxsize=2)
def get_tracker(name: str) -> F0Tracker:
    """The tracker of a name.

    Args:
        name: One of `F0_TRACKERS`. One that learned from recordings may be followed by its run's
            folder or that of its model: `"nansy:runs/pitch"`.

    Raises:
        ArgumentError: There is none of this name.
        ModelError: Its weights are not installed, or the folder holds no such model.

    Example:
        >>> get_tracker("crepe-tiny").frame_rate
        100
    """
    kind, model = split_tracker(name)
    if kind not in _TRACKERS:
        raise ArgumentError(f"`f0_tracker` must be one of {', '.join(F0_TRACKERS)}; got {name!r}.")
    module, class_name, arguments, _ = _TRACKERS[kind]
    arguments += (model,) if model else ()
    tracker: F0Tracker = getattr(importlib.import_module(module), class_name)(*arguments)
    return tracker


def split_tracker(name: str) -> tuple[str, str]:
    """Splits what names a tracker into one of `F0_TRACKERS` and a folder, "" if there is none.

    What names none comes back as it is.

    Example:
        >>> split_tracker("nansy:runs/pitch"), split_tracker("pyin")
        (('nansy', 'runs/pitch'), ('pyin', ''))
    """
    kind, _, model = name.partition(":")
    takes_model = kind in _TRACKERS and _TRACKERS[kind].takes_model
    return (kind, model) if takes_model else (name, "")
