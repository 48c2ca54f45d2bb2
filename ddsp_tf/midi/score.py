"""What a MIDI file holds: parts of notes, and the bends and pedals of its channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ddsp_tf.note_names import note_name
from ddsp_tf.types import FloatArray


@dataclass(frozen=True)
class Part:
    """The notes of one channel in one track: what one player of a score plays.

    Attributes:
        number: Its place in the score, counted from 1.
        track: The track it stands in, counted from 1.
        channel: Its channel, 1 to 16.
        name: The track's name, or that of the channel's program, or "".
        notes: `[n_notes, 5]`, n_notes > 0: onset and offset in seconds from the file's start, MIDI
            number, velocity (0 to 1), channel (0 to 15); sorted by onset, then by MIDI number.
    """

    number: int
    track: int
    channel: int
    name: str
    notes: FloatArray

    @property
    def most_at_once(self) -> int:
        """How many of its notes sound together at most."""
        begins, ends = np.sort(self.notes[:, 0]), np.sort(self.notes[:, 1])
        begun = np.arange(1, len(begins) + 1)
        return int((begun - np.searchsorted(ends, begins, side="right")).max())

    def describe(self) -> str:
        """Says in a line what it is.

        Example:
            >>> Part(1, 2, 1, "Violin", np.array([[0.0, 1.0, 69, 0.5, 0]])).describe()
            '1: Violin (track 2, channel 1), 1 note, A4 to A4, one at a time'
        """
        keys = self.notes[:, 2]
        most = self.most_at_once
        count = f"{len(keys)} note{'s' if len(keys) > 1 else ''}"
        together = "one at a time" if most == 1 else f"up to {most} at a time"
        name = self.name or "without a name"
        return (
            f"{self.number}: {name} (track {self.track}, channel {self.channel}), {count}, "
            f"{note_name(keys.min())} to {note_name(keys.max())}, {together}"
        )


@dataclass(frozen=True)
class Score:
    """A MIDI file, its time in seconds.

    Attributes:
        parts: What is played, in the order of tracks and channels; those without notes left out.
        bends: By channel (0 to 15), those that are bent alone: `[n, 2]`, seconds and semitones; a
            value holds until the next one's time.
        pedals: By channel, those whose sustain pedal is used alone: `[n, 2]`, seconds and how far
            it is down, 0 to 1; likewise.
    """

    parts: tuple[Part, ...]
    bends: Mapping[int, FloatArray] = field(default_factory=dict)
    pedals: Mapping[int, FloatArray] = field(default_factory=dict)

    @property
    def notes(self) -> FloatArray:
        """The notes of all parts, `[n_notes, 5]`, sorted by onset, then by MIDI number."""
        notes = np.concatenate([part.notes for part in self.parts])
        return notes[np.lexsort((notes[:, 2], notes[:, 0]))]

    def of_parts(self, parts: tuple[Part, ...]) -> "Score":
        """Gives the same score with some of its parts."""
        return replace(self, parts=parts)


def values_at(curve: FloatArray | None, time_s: FloatArray) -> FloatArray:
    """Reads what a controller says at some times: the value that was set last, 0 before the first.

    Args:
        curve: `[n, 2]`, seconds and values, sorted by time; or None.
        time_s: In seconds, of any shape.

    Example:
        >>> values_at(np.array([[1.0, 0.5], [2.0, -1.0]]), np.array([0.9, 1.0, 5.0])).tolist()
        [0.0, 0.5, -1.0]
    """
    if curve is None or not len(curve):
        return np.zeros(np.shape(time_s))
    index = np.searchsorted(curve[:, 0], np.asarray(time_s) + 1e-9, side="right")
    return np.append(0.0, curve[:, 1])[index]
