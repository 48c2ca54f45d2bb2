"""The pitches of voices that sound together, from curves or from scores."""

import os
from collections.abc import Sequence

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import printable
from ddsp_tf.inference.curves import Curves
from ddsp_tf.midi import read_notes
from ddsp_tf.types import FloatArray

_COLUMN = "f0_hz"
_TOLERANCE_S = 0.5
"""By so much a track may end before or after the sound."""
_CENTS = np.arange(-90.0, 91.0, 10.0)
_N_PARTIALS = 12
_COST_PER_CENT = 0.004


def pitches_of_curves(
    paths: Sequence[str | os.PathLike[str]], *, seconds: float, n_frames: int, frame_rate: float
) -> FloatArray:
    """Reads one pitch track for each voice.

    Args:
        paths: CSV files with the columns `time_s` and `f0_hz`, 0 where the voice is silent.
        seconds: Of the sound.
        n_frames: Frames wanted.
        frame_rate: Frames a second.

    Returns:
        Pitches in Hz, `[n_frames, n_voices]`, 0 where a voice is silent.

    Raises:
        ArgumentError: A file isn't such a table, its track doesn't fit the length of the sound, or
            holds no pitch.
    """
    frames_s = np.arange(n_frames) / frame_rate
    found = []
    for path in paths:
        curves = Curves.read(path)
        if _COLUMN not in curves.points:
            raise ArgumentError(
                f"`{printable(path)}` should have a column `{_COLUMN}`. It has "
                f"{', '.join(curves.points)}."
            )
        times, hz = curves.points[_COLUMN]
        if abs(times[-1] - seconds) > _TOLERANCE_S + 0.05 * seconds:
            raise ArgumentError(
                f"`{printable(path)}` ends at {times[-1]:.2f} s and the sound at {seconds:.2f} s. "
                "Give the track of the whole sound, with 0 Hz where the voice is silent."
            )
        if np.any(hz < 0) or np.any(hz > 20000) or not np.any(hz > 0):
            raise ArgumentError(
                f"`{printable(path)}`: `{_COLUMN}` should be 0 to 20000, and somewhere above 0."
            )
        voiced = hz > 0
        smooth = np.interp(frames_s, times[voiced], hz[voiced])
        nearest = np.clip(np.searchsorted(times, frames_s), 1, max(1, len(times) - 1))
        before = np.minimum(nearest - 1, len(times) - 1)
        nearest = np.minimum(nearest, len(times) - 1)
        index = np.where(
            np.abs(times[before] - frames_s) <= np.abs(times[nearest] - frames_s), before, nearest
        )
        found.append(np.where(voiced[index], smooth, 0.0))
    return np.stack(found, axis=-1)


def pitches_of_scores(
    paths: Sequence[str | os.PathLike[str]], *, seconds: float, n_frames: int, frame_rate: float
) -> FloatArray:
    """Reads one voice's notes from each score; of notes at once, the latest counts.

    Args:
        paths: MIDI files.
        seconds: Of the sound.
        n_frames: Frames wanted.
        frame_rate: Frames a second.

    Returns:
        The keys' pitches in Hz, `[n_frames, n_voices]`, 0 between notes.

    Raises:
        ArgumentError: A score has no note within the sound.
        ScoreFileError: A file is no score.
    """
    frames_s = np.arange(n_frames) / frame_rate
    found = []
    for path in paths:
        hz = np.zeros(n_frames)
        for onset, offset, key, *_ in read_notes(path):
            hz[(frames_s >= onset) & (frames_s < offset)] = 440.0 * 2.0 ** ((key - 69.0) / 12.0)
        if not hz.any():
            raise ArgumentError(
                f"`{printable(path)}` has no note within the sound's {seconds:.2f} s."
            )
        found.append(hz)
    return np.stack(found, axis=-1)


def tune_to_sound(
    f0_hz: FloatArray, magnitudes: FloatArray, *, sample_rate: int, fft_length: int
) -> FloatArray:
    """Moves the pitches of a score to those that are played, by up to 90 cents.

    In every frame each shift is weighed by how much the mixture has at the first 12 partials; the
    path with the most of it is taken, where a change costs.

    Args:
        f0_hz: `[n_frames, n_voices]`, 0 where a voice is silent.
        magnitudes: Of the mixture, `[n_frames, fft_length // 2 + 1]`.
        sample_rate: In Hz.
        fft_length: Of the magnitudes.

    Returns:
        The pitches, `[n_frames, n_voices]`.
    """
    loudness = np.sqrt(magnitudes / max(float(magnitudes.max()), 1e-9))
    numbers = np.arange(1, _N_PARTIALS + 1)
    bins = np.arange(loudness.shape[1])
    cost = _COST_PER_CENT * np.abs(_CENTS[:, np.newaxis] - _CENTS)
    tuned = np.zeros_like(f0_hz)
    for voice in range(f0_hz.shape[1]):
        score = np.zeros([len(f0_hz), len(_CENTS)])
        for frame in np.flatnonzero(f0_hz[:, voice]).tolist():
            hz = f0_hz[frame, voice] * 2.0 ** (_CENTS[:, np.newaxis] / 1200.0) * numbers
            level = np.interp(hz * fft_length / sample_rate, bins, loudness[frame], right=0.0)
            score[frame] = (level / np.sqrt(numbers)).sum(axis=1)
        total = score[0]
        came_from = np.zeros(score.shape, int)
        for frame in range(1, len(score)):
            ways = total[np.newaxis] - cost
            came_from[frame] = ways.argmax(axis=1)
            total = ways.max(axis=1) + score[frame]
        path = [int(total.argmax())]
        for frame in range(len(score) - 1, 0, -1):
            path.append(int(came_from[frame, path[-1]]))
        tuned[:, voice] = f0_hz[:, voice] * 2.0 ** (_CENTS[path[::-1]] / 1200.0)
    return tuned
