"""What a performer is: notes to pitch and loudness."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ddsp_tf.features import Statistics
from ddsp_tf.features.voicing import SILENCE_DB
from ddsp_tf.types import FloatArray

_UNKNOWN_DB = (-45.0, -15.0)
"""Softest and loudest note of an instrument without statistics."""


@dataclass(frozen=True)
class Performance:
    """A line of notes as an instrument plays it, frame by frame; each `[n_frames]`.

    Attributes:
        f0_hz: Pitch; that of the last note is held where there is none.
        loudness_db: Loudness, -80 (silence) upwards.
        gate: Gain of the dry sound: 0 where there is no note.
    """

    f0_hz: FloatArray
    loudness_db: FloatArray
    gate: FloatArray


class Performer(ABC):
    """Plays the notes of one voice: what a musician adds to a score.

    A subclass with a constructor without required arguments, in the table of
    `inference.performers`, is one that `ddsp-tf render --performer` knows.
    """

    @abstractmethod
    def perform(
        self, notes: np.ndarray, *, statistics: Statistics | None, frame_rate: float, n_frames: int
    ) -> Performance:
        """Plays a line of notes.

        Args:
            notes: `[n_notes, 5]`, n_notes > 0, one at a time, sorted: onset and offset in seconds,
                MIDI number (a fraction is out of tune), velocity (0 to 1), channel.
            statistics: Of the instrument's training recordings, or None if they aren't known.
            frame_rate: Frames a second.
            n_frames: Frames to make.

        Returns:
            Pitch, loudness and gate. What a score bends is added to the pitch afterwards.
        """


def level_of(velocity: FloatArray, statistics: Statistics | None) -> FloatArray:
    """How loud an instrument plays a velocity, in dB.

    Velocity v is as loud as the share v of the instrument's training notes were no louder than, so
    that the whole dynamics of a score are those of the instrument; without statistics from -45 to
    -15 dB.

    Example:
        >>> level_of(np.array([0.0, 0.5, 1.0]), None).tolist()
        [-45.0, -30.0, -15.0]
    """
    if statistics is None:
        softest, loudest = _UNKNOWN_DB
        return softest + (loudest - softest) * velocity
    levels = np.asarray(statistics.loudness_db_quantiles)
    return np.interp(velocity, np.linspace(0.0, 1.0, len(levels)), levels)


def at_least_silent(loudness_db: FloatArray) -> FloatArray:
    """Keeps loudness at or above what features call silence."""
    return np.maximum(loudness_db, SILENCE_DB)
