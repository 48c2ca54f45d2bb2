"""Recordings that are the same sound, though the files differ in rate, format or level."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from ddsp_tf.data.recording import Recording

_RATE_HZ = 10.0
_SHORTEST_S = 0.5
_TOLERANCE_S = 0.2
_DIFFERENCE_DB = 0.3
_DIFFERENCE_OCTAVES = 0.03
_LEAST_VARIATION_DB = 1.0


def same_sound(recordings: Mapping[str, Recording]) -> dict[str, str]:
    """Finds recordings whose loudness and pitch run the same course for their whole length.

    Without a pitch loudness alone decides; without loudness nothing is found.

    Only recordings of equal length are compared, ten values a second, after removing their
    level, so that a copy at another rate, format or gain is found and another take is not.
    Steady sounds have no course to tell them by, and count as different.

    Args:
        recordings: By name; the audio itself is not looked at.

    Returns:
        The name of the first, in order of the names, for each repetition.
    """
    known = {name: _course(recordings[name]) for name in sorted(recordings)}
    courses = {name: course for name, course in known.items() if course is not None}
    found: dict[str, str] = {}
    for first, second in combinations(courses, 2):
        if first not in found and second not in found:
            if _is_same(courses[first], courses[second]):
                found[second] = first
    return found


def _course(recording: Recording) -> np.ndarray | None:
    """Loudness in dB and pitch in octaves, averaged over tenths of a second, `[n, 2]`."""
    features = recording.features
    if not features.has("loudness_db"):
        return None
    f0_hz = features.f0_hz if features.has("f0_hz") else np.ones(features.n_frames)
    curves = np.stack([features.loudness_db, np.log2(np.maximum(f0_hz, 1.0))], axis=1)
    seconds_a_frame = recording.source["seconds"] / max(features.n_frames, 1)
    step = max(1, round(1.0 / (_RATE_HZ * seconds_a_frame)))
    n_steps = features.n_frames // step
    return curves[: n_steps * step].reshape(n_steps, step, 2).mean(axis=1)


def _is_same(first: np.ndarray, second: np.ndarray) -> bool:
    n = min(len(first), len(second))
    if n < _SHORTEST_S * _RATE_HZ or abs(len(first) - len(second)) > _TOLERANCE_S * _RATE_HZ:
        return False
    loudness_db, octaves = (first[:n] - second[:n]).T
    varies = float(np.std(first[:, 0])) > _LEAST_VARIATION_DB
    same_loudness = float(np.std(loudness_db)) < _DIFFERENCE_DB
    same_pitch = float(np.median(np.abs(octaves))) < _DIFFERENCE_OCTAVES
    return varies and same_loudness and same_pitch
