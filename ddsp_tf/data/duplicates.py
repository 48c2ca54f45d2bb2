"""Recordings that are the same sound, though the files differ in rate, format or level."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from ddsp_tf.data.recording import Recording

_RATE_HZ = 10.0
_TOLERANCE_S = 0.2
_DIFFERENCE_DB = 1.0
_LEAST_VARIATION_DB = 1.0


def same_sound(recordings: Mapping[str, Recording]) -> dict[str, str]:
    """Finds recordings whose loudness runs the same course for their whole length.

    Only recordings of equal length are compared, ten values a second, after removing their
    level, so that a copy at another rate, format or gain is found and another take is not.

    Args:
        recordings: By name; the audio itself is not looked at.

    Returns:
        The name of the first, in order of the names, for each repetition.
    """
    courses = {name: _course(recordings[name]) for name in sorted(recordings)}
    found: dict[str, str] = {}
    for first, second in combinations(courses, 2):
        if first not in found and second not in found:
            if _is_same(courses[first], courses[second]):
                found[second] = first
    return found


def _course(recording: Recording) -> np.ndarray:
    """Loudness averaged over tenths of a second."""
    loudness_db = recording.features.loudness_db
    per_frame = recording.source["seconds"] / max(len(loudness_db), 1)
    step = max(1, round(1.0 / (_RATE_HZ * per_frame)))
    whole = loudness_db[: len(loudness_db) // step * step].reshape(-1, step)
    return whole.mean(axis=1)


def _is_same(first: np.ndarray, second: np.ndarray) -> bool:
    n = min(len(first), len(second))
    if n < _RATE_HZ * 0.5 or abs(len(first) - len(second)) > _TOLERANCE_S * _RATE_HZ:
        return False
    difference = first[:n] - second[:n]
    varies = float(np.std(first)) > _LEAST_VARIATION_DB
    return varies and float(np.std(difference)) < _DIFFERENCE_DB * 0.5
