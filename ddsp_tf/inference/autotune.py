"""Pulling notes towards a scale, relative to the tuning the performance is in."""

from typing import Literal

import numpy as np

from ddsp_tf.inference.frame_runs import moving_median, runs
from ddsp_tf.types import FloatArray

Scale = Literal["chromatic", "major"]
SCALES: tuple[Scale, ...] = ("chromatic", "major")

_MAJOR_STEPS = (0, 2, 4, 5, 7, 9, 11)
_VIBRATO_S = 0.15
_SHORTEST_NOTE_S = 0.075


def estimate_tuning(midi: FloatArray, weights: FloatArray) -> float:
    """Estimates by how much a performance is off the grid of A4 = 440 Hz.

    It is the circular mean of the pitches' distances to the grid, so an instrument tuned a
    quarter tone off is as easy as one in tune.

    Args:
        midi: MIDI pitch of note frames, `[n]`.
        weights: Their weight, such as the confidence of the pitch, `[n]`, >= 0.

    Returns:
        Semitones, above -0.5 and up to 0.5; 0 without notes.

    Example:
        >>> round(estimate_tuning(np.array([60.2, 64.2, 67.2]), np.ones(3)), 6)
        0.2
    """
    turning = np.sum(weights * np.exp(2j * np.pi * np.asarray(midi, np.float64)))
    return float(np.angle(turning) / (2 * np.pi)) if np.abs(turning) > 0 else 0.0


def find_major_key(midi: FloatArray) -> int:
    """Finds the major scale whose notes lie nearest to the pitches.

    Args:
        midi: MIDI pitch of note frames, `[n]`, on the grid (the tuning taken off).

    Returns:
        Its tonic, 0 (C) to 11 (B).

    Example:
        >>> find_major_key(np.array([62.0, 64.0, 66.0, 67.0, 69.0, 71.0, 73.0]))
        2
    """
    distances = [np.abs(midi - _nearest(midi, _scale_notes(tonic))) for tonic in range(12)]
    return int(np.argmin([distance.mean() if distance.size else 0.0 for distance in distances]))


def autotune(
    midi: FloatArray,
    *,
    amount: float,
    tuning: float,
    frame_rate: float,
    tonic: int | None = None,
) -> FloatArray:
    """Moves each frame by a share of its distance to the note it belongs to.

    The note is the one of the scale nearest to the median pitch of 150 ms, so that a vibrato,
    however wide, stays with its note; what lasts less than 75 ms joins the note before it.

    Args:
        midi: MIDI pitch, `[n_frames]`.
        amount: Share of the distance, 0 (nothing changes) to 1 (exactly on the scale).
        tuning: Where the grid is, in semitones off A4 = 440 Hz.
        frame_rate: Frames per second.
        tonic: Tonic of a major scale, 0 to 11; None means all twelve notes.

    Returns:
        MIDI pitch, `[n_frames]`.

    Example:
        >>> autotune(np.full(250, 60.3), amount=0.5, tuning=0.0, frame_rate=250)[0].round(3).item()
        60.15
    """
    on_grid = np.asarray(midi, np.float64) - tuning
    scale = np.arange(128.0) if tonic is None else _scale_notes(tonic)
    middle = moving_median(on_grid, round(_VIBRATO_S * frame_rate))
    note = _without_short_runs(_nearest(middle, scale), _SHORTEST_NOTE_S * frame_rate)
    return midi - amount * (on_grid - note)


def _scale_notes(tonic: int) -> FloatArray:
    octaves = 12 * np.arange(-1, 11)[:, None]
    return np.sort((octaves + tonic + np.array(_MAJOR_STEPS)).ravel()).astype(np.float64)


def _nearest(midi: FloatArray, notes: FloatArray) -> FloatArray:
    upper = np.clip(np.searchsorted(notes, midi), 1, len(notes) - 1)
    below, above = notes[upper - 1], notes[upper]
    return np.where(midi - below <= above - midi, below, above).astype(np.float64)


def _without_short_runs(notes: FloatArray, shortest: float) -> FloatArray:
    """Gives short runs the value of the long run before them, or after at the beginning."""
    starts, ends = runs(notes)
    long = ends - starts >= shortest
    if not long.any():
        return notes
    last_long = np.maximum.accumulate(np.where(long, np.arange(len(long)), -1))
    source = np.where(last_long >= 0, last_long, int(np.argmax(long)))
    return np.repeat(notes[starts[source]], ends - starts)
