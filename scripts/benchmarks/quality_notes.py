"""Cuts a track of pitch and loudness into notes, as a sampler has to be told them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import find_peaks

from ddsp_tf.features.voicing import QUIET_DB

if TYPE_CHECKING:
    from ddsp_tf.features import Features

_CHANGE_COST = 0.04
"""What another level must save, in semitones times seconds. Vibrato of half a semitone to either
side saves 0.02 a swing at 5 Hz, a semitone held for 80 ms saves 0.08 for its two changes."""

_LARGEST_ERROR = 2.0
"""In semitones: a jump of the tracker to another octave for 30 ms is no note."""

_LEVELS_PER_SEMITONE = 10
_STEP_S = 0.04
_STEP_SHARE = 0.6
_DIP_DB = 5.0
_DIP_REACH_S = 0.15
_SHORTEST_S = 0.04


@dataclass(frozen=True)
class Note:
    """A key held from one frame to another.

    Args:
        first: The first frame.
        end: The frame after the last.
        key: MIDI note number, the one nearest to the middle of the pitch.
    """

    first: int
    end: int
    key: int


def find_notes(features: "Features", *, frame_rate: float) -> list[Note]:
    """Finds the notes of a melody.

    Frames above -60 dB sound. Each stretch of them is cut where the pitch steps: its absolute
    error from a course of steps, times the tracker's confidence, and a price for every step are
    the least they can be. So vibrato stays in its note. Where most of a step takes longer than
    40 ms it is a glide, which the pitch bend plays within one note. A dip of 5 dB, with more on
    either side within 150 ms, begins a note again.

    Args:
        features: Of the melody.
        frame_rate: Frames a second.

    Returns:
        Notes that don't overlap, in order, of 40 ms or more.
    """
    semitones = hz_to_keys(features.f0_hz)
    sounding = features.loudness_db > QUIET_DB
    shortest = round(_SHORTEST_S * frame_rate)
    notes = []
    for first, end in _runs(sounding):
        if end - first < shortest:
            continue
        stretch = slice(first, end)
        steps = _find_steps(semitones[stretch], features.f0_confidence[stretch], frame_rate)
        dips = _find_dips(features.loudness_db[stretch], frame_rate)
        for begin, stop in _cut(end - first, steps, dips, shortest):
            of_note = slice(first + begin, first + stop)
            key = _weighted_median(semitones[of_note], features.f0_confidence[of_note])
            notes.append(Note(of_note.start, of_note.stop, round(key)))
    return notes


def hz_to_keys(f0_hz: np.ndarray) -> np.ndarray:
    """Converts frequencies, all > 0, to MIDI note numbers with fractions."""
    return 69.0 + 12.0 * np.log2(f0_hz.astype(np.float64) / 440.0)


def _runs(mask: np.ndarray) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(mask.astype(int), prepend=0, append=0))
    for first, end in edges.reshape(-1, 2):
        yield int(first), int(end)


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(sums, sums[-1] / 2)]])


def _find_steps(semitones: np.ndarray, weights: np.ndarray, frame_rate: float) -> list[int]:
    """Frames at which another pitch begins at once."""
    levels = _levels(semitones, weights, frame_rate)
    reach = round(_STEP_S / 2 * frame_rate)
    steps = []
    for frame in (np.flatnonzero(np.diff(levels)) + 1).tolist():
        change = levels[frame] - levels[frame - 1]
        before, after = max(0, frame - reach), min(len(semitones) - 1, frame + reach)
        if (semitones[after] - semitones[before]) / change >= _STEP_SHARE:
            steps.append(frame)
    return steps


def _levels(semitones: np.ndarray, weights: np.ndarray, frame_rate: float) -> np.ndarray:
    """The course of steps that costs least, found by dynamic programming over all levels."""
    lowest, highest = semitones.min(), semitones.max()
    grid = np.linspace(lowest, highest, 1 + round((highest - lowest) * _LEVELS_PER_SEMITONE))
    stayed = np.ones((len(semitones), len(grid)), bool)
    cheapest = np.zeros(len(semitones), int)
    cost = np.zeros(len(grid))
    for frame, (value, weight) in enumerate(zip(semitones, weights, strict=True)):
        cheapest[frame] = np.argmin(cost)
        change = cost[cheapest[frame]] + _CHANGE_COST * frame_rate
        stayed[frame] = cost <= change
        cost = np.minimum(cost, change)
        cost = cost + weight * np.minimum(np.abs(grid - value), _LARGEST_ERROR)
    course = np.empty(len(semitones), int)
    level = int(np.argmin(cost))
    for frame in range(len(semitones) - 1, -1, -1):
        course[frame] = level
        if not stayed[frame, level]:
            level = cheapest[frame]
    return grid[course]


def _find_dips(loudness_db: np.ndarray, frame_rate: float) -> list[int]:
    """Frames at which the loudness turns up again."""
    reach = 2 * round(_DIP_REACH_S * frame_rate) + 1
    found, _ = find_peaks(-loudness_db, prominence=_DIP_DB, wlen=reach)
    return [int(frame) for frame in found]


def _cut(
    n_frames: int, steps: list[int], dips: list[int], shortest: int
) -> Iterator[tuple[int, int]]:
    """The stretches between the cuts, none too short. A dip near a step is the step's own."""
    alone = [dip for dip in dips if all(abs(dip - step) >= shortest for step in steps)]
    begin = 0
    for cut in sorted([*steps, *alone]):
        if cut - begin >= shortest and n_frames - cut >= shortest:
            yield begin, cut
            begin = cut
    yield begin, n_frames
