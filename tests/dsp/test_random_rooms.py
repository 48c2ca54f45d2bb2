"""Rooms that are drawn: what is told of them is what is measured."""

import numpy as np
import pytest

from ddsp_tf.dsp.random_rooms import random_room
from ddsp_tf.dsp.room_acoustics import energy_decay_db, octave_signals, reverberation_times_s
from ddsp_tf.errors import ArgumentError

RATE, BANDS = 8000, (250.0, 500.0, 1000.0, 2000.0)


def rooms(count: int) -> list:
    return [
        random_room(np.random.default_rng(i), bands_hz=BANDS, sample_rate=RATE, longest_s=3.0)
        for i in range(count)
    ]


def test_times_that_are_told_are_those_that_are_measured() -> None:
    ratios = [
        reverberation_times_s(room.response, BANDS, sample_rate=RATE) / room.t60_s
        for room in rooms(12)
    ]
    assert np.nanmedian(np.abs(np.array(ratios) - 1)) < 0.04
    times = np.array([room.t60_s[2] for room in rooms(40)])
    assert times.min() < 0.3
    assert times.max() > 3.0


def test_the_decay_that_is_told_is_schroeder_s_integral() -> None:
    times = np.array([0.05, 0.1, 0.2])
    off = []
    for room in rooms(8):
        octaves = octave_signals(room.response, BANDS, sample_rate=RATE)
        at = np.minimum((times * RATE).astype(int), len(room.response) - 1)
        measured = energy_decay_db(octaves)[:, at]
        heard = measured > -35.0
        off.append(np.abs(room.decay_db_at(times) - measured)[heard])
    assert np.median(np.concatenate(off)) < 1.2


def test_the_direct_sound_is_the_first_and_the_seed_decides() -> None:
    one, other = rooms(1)[0], rooms(1)[0]
    assert one.response[0] == 1.0
    np.testing.assert_array_equal(one.response, other.response)
    assert one.decay_db_at(np.array([100.0]))[0, 0] == -120.0
    with pytest.raises(ArgumentError, match="`longest_s` should be above 0"):
        random_room(np.random.default_rng(0), bands_hz=BANDS, sample_rate=RATE, longest_s=0.0)
