"""A named column of a dataset: what it holds, and where its values stand in time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.types import Signal

NOTE_FIELDS = ("onset_s", "offset_s", "midi", "velocity", "channel")
"""Of each note of a column of notes. Times are seconds after the start of the sound that they
belong to, negative for a note that began before it; velocity is 0 to 1, 0 for no note."""

Stored = Literal["float32", "int16"]


@dataclass(frozen=True)
class Column:
    """One column of a dataset or batch.

    Args:
        name: Its key in batches.
        signal: Kind, width, unit and range.
        hop_length: Of frames, the samples from one to the next: the dataset's, or a divisor of it
            for a finer column. None for other kinds, and for frames at the dataset's own hop.
        silence: What follows where a sound ends before its clip does; None repeats the last value.
        stored: How numbers lie on disk: "float32", or "int16" for audio within full scale.

    Raises:
        ArgumentError: `name` is no identifier, or `stored` or `hop_length` doesn't fit.

    Example:
        >>> from ddsp_tf.types import Signal
        >>> column = Column("mel_db", Signal("frames", 80, "dB", low=-100.0), 64, silence=-100.0)
        >>> column.rows_per_frame(64), column.values_per_frame(64)
        (1, 80)
    """

    name: str
    signal: Signal
    hop_length: int | None = None
    silence: float | None = None
    stored: Stored = "float32"

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ArgumentError(f"`name` should be an identifier. Got {self.name!r}.")
        if self.stored not in ("float32", "int16"):
            raise ArgumentError(f'`stored` should be "float32" or "int16". Got {self.stored!r}.')
        if self.stored == "int16" and self.signal.kind != "samples":
            raise ArgumentError(f"Only samples are stored as int16, not `{self.name}`.")
        if self.hop_length is not None and (self.signal.kind != "frames" or self.hop_length < 1):
            raise ArgumentError(
                "`hop_length` should be a positive number of samples, of frames alone. "
                f"Got {self.hop_length!r} for {self.signal.kind}."
            )
        if self.signal.kind == "notes" and self.width != len(NOTE_FIELDS):
            raise ArgumentError(
                f"Notes have {len(NOTE_FIELDS)} fields, {', '.join(NOTE_FIELDS)}. Got a width of "
                f"{self.width} for `{self.name}`."
            )

    @property
    def width(self) -> int:
        """Channels of samples, numbers of a frame, fields of a note."""
        return self.signal.width or 1

    @property
    def in_time(self) -> bool:
        """Whether it has values for every frame: frames and samples have."""
        return self.signal.kind in ("frames", "samples")

    @property
    def flat(self) -> bool:
        """Whether batches have no axis for the width: mono audio is `[batch, n_samples]`."""
        return self.signal.kind == "samples" and self.width == 1

    def rows_per_frame(self, hop_length: int) -> int:
        """How many times a frame of `hop_length` samples it has a value.

        Raises:
            ArgumentError: Its own hop doesn't divide that.
        """
        own = 1 if self.signal.kind == "samples" else self.hop_length or hop_length
        if hop_length % own:
            raise ArgumentError(
                f"The hop of `{self.name}`, {own} samples, should divide the dataset's, "
                f"{hop_length}."
            )
        return hop_length // own

    def values_per_frame(self, hop_length: int) -> int:
        """How many numbers a frame of `hop_length` samples takes."""
        return self.rows_per_frame(hop_length) * self.width

    @property
    def stored_dtype(self) -> npt.DTypeLike:
        """Of its numbers on disk, little-endian."""
        return np.dtype("<i2" if self.stored == "int16" else "<f4")

    def to_dict(self) -> dict[str, Any]:
        """Its description, ready for JSON."""
        signal = asdict(self.signal)
        return {
            "name": self.name,
            **signal,
            "hop_length": self.hop_length,
            "silence": self.silence,
            "stored": self.stored,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """A column from what `to_dict` returned.

        Raises:
            DatasetError: The description is damaged.
        """
        own = {"name", "hop_length", "silence", "stored"}
        try:
            signal = Signal(**{key: value for key, value in values.items() if key not in own})
            return cls(signal=signal, **{key: values[key] for key in own})
        except (TypeError, KeyError, AttributeError, ArgumentError) as error:
            raise DatasetError(
                f"The description of a column is damaged ({error}). Prepare the dataset again."
            ) from error


def samples_column(name: str, width: int = 1, *, stored: Stored = "int16") -> Column:
    """A column of sound; silence follows it."""
    signal = Signal("samples", width, low=None if stored == "float32" else -1.0)
    return Column(name, signal, silence=0.0, stored=stored)


def notes_column(name: str = "notes") -> Column:
    """A column of notes, with the fields of `NOTE_FIELDS`."""
    return Column(name, Signal("notes", len(NOTE_FIELDS)))
