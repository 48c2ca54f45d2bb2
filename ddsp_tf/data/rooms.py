"""Which room each recording of a dataset was made in."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

OTHERS = "others"
"""The room of what is too short for one of its own."""

LEAST_S = 10.0
"""What a response of a second can be learned from.

Half of a recording of 28 s brings its other half nearer by a response of its own than by those that
were learned from more (docs/quality.md).
"""


def room_names(info: Mapping[str, Any]) -> tuple[str, ...]:
    """Gives the rooms of a dataset's training side, that of most seconds first.

    A recording of 10 s or more has a room of its own, by its name without the suffix. All shorter
    ones are in `others`, which comes last.

    Args:
        info: As in `dataset.json`.

    Example:
        >>> features = {"sample_rate": 16000, "hop_length": 64}
        >>> segments = [{"name": "hall.wav", "n_frames": 9000}, {"name": "a.wav", "n_frames": 9}]
        >>> room_names(
        ...     {"settings": {"features": features}, "splits": {"train": {"segments": segments}}}
        ... )
        ('hall', 'others')
    """
    settings = info["settings"]["features"]
    frames: dict[str, int] = {}
    for segment in info["splits"]["train"]["segments"]:
        name = _stem(segment["name"])
        frames[name] = frames.get(name, 0) + segment["n_frames"]
    least = LEAST_S * settings["sample_rate"] / settings["hop_length"]
    long = sorted((x for x in frames if frames[x] >= least), key=lambda x: (-frames[x], x))
    return (*long, *((OTHERS,) if len(long) < len(frames) else ()))


def room_of(recording: str, names: Sequence[str], *, main: str) -> str:
    """Gives the room that a recording was made in; the main one if none of them is known to be.

    Args:
        recording: Its name, as `Dataset.recordings` gives it.
        names: Of the rooms, as `room_names` gives them.
        main: One of them.
    """
    return _stem(recording) if _stem(recording) in names else main


def _stem(recording: str) -> str:
    return PurePath(recording).with_suffix("").as_posix()
