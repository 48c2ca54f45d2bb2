"""Words that every room shares: arrays, paths, callbacks, and what a signal is."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError

FloatArray = npt.NDArray[np.floating[Any]]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

PathLike = str | os.PathLike[str]

Progress = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""

NamedProgress = Callable[[float, str], None]
"""Called with the share that is done, 0 to 1, and what is being done."""

Kind = Literal["frames", "samples", "notes", "value"]
KINDS: tuple[Kind, ...] = ("frames", "samples", "notes", "value")


def scaled(progress: Progress | None, start: float, end: float) -> Progress | None:
    """Gives what reports a part of some work: its shares, 0 to 1, lie between two of the whole."""
    if progress is None:
        return None
    return lambda share: progress(start + (end - start) * share)


def no_progress(share: float, what: str = "") -> None:
    """Tells nobody."""
    del share, what


@dataclass(frozen=True)
class Signal:
    """What a tensor means: a column of a dataset, an input or output of a model, a control.

    Time is always axis 1. By kind, a tensor is

    - "frames": `[batch, n_frames, width]`;
    - "samples": `[batch, n_samples]`, or `[batch, n_samples, width]` with several channels;
    - "notes": `[batch, n_notes, width]`, padded with notes of velocity 0;
    - "value": `[batch, width]`, one for each example.

    Args:
        kind: See above.
        width: Channels of frames and samples, fields of a note, numbers of a value; None: any.
        unit: "Hz", "dB", "s", ...; empty for what has none.
        low: The least sensible value, or None.
        high: The greatest sensible value, or None.
        default: What it is where nobody gives it, or None: it must be given.
        dtype: Of its elements.
        curve: How places are spread over a range with two ends: below 1 there are more near its low
            end, or, where that is below 0, near its middle. 1: as the unit says.

    Raises:
        ArgumentError: An unknown kind, a width below 1, a default outside the range, or a curve
            that isn't above 0.

    Example:
        >>> Signal("frames", unit="Hz", low=0.0).width
        1
    """

    kind: Kind
    width: int | None = 1
    unit: str = ""
    low: float | None = None
    high: float | None = None
    default: float | None = None
    dtype: str = "float32"
    curve: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ArgumentError(f"`kind` should be one of {', '.join(KINDS)}. Got {self.kind!r}.")
        if self.width is not None and self.width < 1:
            raise ArgumentError(f"`width` should be at least 1, or None. Got {self.width}.")
        if not self.curve > 0:
            raise ArgumentError(f"`curve` should be above 0. Got {self.curve}.")
        if self.default is not None and not self.holds(self.default):
            raise ArgumentError(
                f"`default` should be within {self.low} to {self.high}. Got {self.default}."
            )

    def holds(self, value: float) -> bool:
        """Whether a number is within the range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)
