"""Arrays of notes: cut to a stretch of time, counted, and padded to a common number.

A note is a row of `NOTE_FIELDS`: onset_s, offset_s, midi, velocity (0 to 1), channel.
"""

import numpy as np

from ddsp_tf.features import NOTE_FIELDS
from ddsp_tf.types import Float32Array


def cut_notes(notes: np.ndarray, start_s: float, end_s: float) -> Float32Array:
    """The notes that sound between two times, with their own times from `start_s` on.

    Args:
        notes: `[n_notes, 5]`.
        start_s: In seconds.
        end_s: In seconds.

    Returns:
        `[n, 5]`; the onset of a note that began earlier is negative.

    Example:
        >>> cut_notes(np.array([[1.0, 3.0, 60, 0.5, 0], [4.0, 5.0, 62, 0.5, 0]]), 2.0, 4.0)
        array([[-1. ,  1. , 60. ,  0.5,  0. ]], dtype=float32)
    """
    sounding = (notes[:, 0] < end_s) & (notes[:, 1] > start_s)
    cut = np.array(notes[sounding], np.float64)
    cut[:, :2] -= start_s
    return cut.astype(np.float32)


def most_notes_within(notes: np.ndarray, seconds: float) -> int:
    """The most notes that sound in any stretch of so many seconds.

    Example:
        >>> most_notes_within(np.array([[0.0, 1.0, 60, 1, 0], [2.0, 3.0, 60, 1, 0]]), 0.5)
        1
    """
    # A note is in the stretches that start between onset - seconds and offset.
    begins = np.sort(notes[:, 0].astype(np.float64) - seconds)
    ends = np.sort(notes[:, 1].astype(np.float64))
    begun = np.arange(1, len(begins) + 1)
    ended = np.searchsorted(ends, begins, side="left")
    return int((begun - ended).max(initial=0))


def pad_notes(notes: np.ndarray, n_notes: int) -> Float32Array:
    """Appends notes of velocity 0, or leaves out the last ones.

    Returns:
        `[n_notes, 5]`.
    """
    padded = np.zeros([n_notes, len(NOTE_FIELDS)], np.float32)
    kept = notes[:n_notes]
    padded[: len(kept)] = kept
    return padded
