"""Recordings that are the same sound, though the files differ in rate, format or level."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import KDTree

from ddsp_tf.data.recording import Recording

_RATE_HZ = 10.0
_SHORTEST_STEPS, _TOLERANCE_STEPS = 5, 2
"""Of tenths of a second."""
_DIFFERENCE_DB = 0.3
_DIFFERENCE_OCTAVES = 0.03
_LEAST_VARIATION_DB = 1.0


def same_sound(recordings: Mapping[str, Recording]) -> dict[str, str]:
    """Finds recordings whose loudness and pitch run the same course for their whole length.

    Without a pitch loudness alone decides; without loudness nothing is found.

    Only recordings of equal length are compared, ten values a second, after removing their
    level, so that a copy at another rate, format or gain is found and another take is not.
    Steady sounds have no course to tell them by, and count as different. Of ten thousand
    recordings each is compared only with those whose course of loudness is near.

    Args:
        recordings: By name; the audio itself is not looked at.

    Returns:
        The name of the first, in order of the names, for each repetition.
    """
    courses = {name: _course(recordings[name]) for name in sorted(recordings)}
    told = {
        name: course
        for name, course in courses.items()
        if course is not None
        and len(course) >= _SHORTEST_STEPS
        and np.std(course[:, 0]) > _LEAST_VARIATION_DB
    }
    nearby = _Nearby(list(told.values()))
    names = list(told)
    found: dict[str, str] = {}
    for number, first in enumerate(names):
        if first not in found:
            for second in nearby.after(number):
                if names[second] not in found:
                    found[names[second]] = first
    return found


class _Nearby:
    """Finds which of many courses run like one, without comparing each with each.

    Args:
        courses: Of loudness and pitch, `[n, 2]` each.
    """

    def __init__(self, courses: Sequence[np.ndarray]) -> None:
        self._courses = courses
        self._by_length: dict[int, list[int]] = {}
        for number, course in enumerate(courses):
            self._by_length.setdefault(len(course), []).append(number)
        self._trees: dict[int, tuple[np.ndarray, KDTree]] = {}

    def after(self, number: int) -> list[int]:
        """The numbers above this of the courses that are the same, in their order."""
        length = len(self._courses[number])
        near = (
            other
            for n in range(max(1, length - _TOLERANCE_STEPS), length + 1)
            for other in self._within(number, n)
            # Two of which the shorter has `n` steps.
            if other > number and min(length, len(self._courses[other])) == n
        )
        return sorted(other for other in near if self._same_pitch(number, other))

    def _within(self, number: int, n_steps: int) -> np.ndarray:
        """What begins with the same loudness, level aside, for so many steps."""
        if n_steps not in self._trees:
            lengths = range(n_steps, n_steps + _TOLERANCE_STEPS + 1)
            members = [each for n in lengths for each in self._by_length.get(n, ())]
            points = np.stack([_level_aside(self._courses[each], n_steps) for each in members])
            self._trees[n_steps] = np.array(members), KDTree(points)
        numbers, tree = self._trees[n_steps]
        # A standard deviation is a distance, by the square root of the number of steps.
        radius = _DIFFERENCE_DB * np.sqrt(n_steps)
        return numbers[tree.query_ball_point(_level_aside(self._courses[number], n_steps), radius)]

    def _same_pitch(self, first: int, second: int) -> bool:
        one, other = self._courses[first], self._courses[second]
        n = min(len(one), len(other))
        return float(np.median(np.abs(one[:n, 1] - other[:n, 1]))) < _DIFFERENCE_OCTAVES


def _level_aside(course: np.ndarray, n_steps: int) -> np.ndarray:
    loudness_db = course[:n_steps, 0]
    return loudness_db - loudness_db.mean()


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
