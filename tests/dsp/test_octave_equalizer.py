"""Octaves' gains beside what is asked for, and absorption that never gains."""

import numpy as np
import pytest

from ddsp_tf import dsp
from ddsp_tf.dsp.octave_equalizer import octave_absorption_sections, octave_equalizer_sections
from ddsp_tf.errors import ArgumentError

RATE = 48000
BANDS = dsp.octave_bands_hz(sample_rate=RATE)


def gain_db(sections: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """By the definition of the sections."""
    z = np.exp(-2j * np.pi * np.asarray(hz) / RATE)
    b0, b1, b2, a1, a2 = (np.asarray(sections)[..., k, np.newaxis] for k in range(5))
    return 20 * np.log10(np.abs(np.prod((b0 + b1 * z + b2 * z**2) / (1 + a1 * z + a2 * z**2), -2)))


@pytest.mark.parametrize(("step_db", "error_db"), [(6.0, 0.01), (12.0, 0.5)])
def test_gains_at_the_centres_are_those_asked_for(step_db: float, error_db: float) -> None:
    steps = np.random.default_rng(0).uniform(-step_db, step_db, [50, len(BANDS)])
    wanted = np.cumsum(steps, axis=-1)
    played = gain_db(octave_equalizer_sections(wanted, BANDS, sample_rate=RATE), BANDS)
    assert np.max(np.abs(played - wanted)) < error_db


def test_equal_gains_are_flat_and_the_outermost_hold_to_the_ends() -> None:
    hz = np.linspace(1, RATE / 2 - 1, 300)
    flat = octave_equalizer_sections(np.full(len(BANDS), -7.0), BANDS, sample_rate=RATE)
    np.testing.assert_allclose(gain_db(flat, hz), -7.0, atol=1e-9)
    falling = octave_equalizer_sections(-3.0 * np.arange(len(BANDS)), BANDS, sample_rate=RATE)
    ends = gain_db(falling, np.array([1.0, RATE / 2 - 1]))
    assert abs(ends[0] - 1.0) < 2.0
    assert abs(ends[1] + 28.0) < 2.0


def test_absorption_is_the_decay_of_every_line_and_never_a_gain() -> None:
    times = np.array([2.0, 2.0, 1.8, 1.6, 1.5, 1.2, 1.0, 0.8, 0.6, 0.5])
    sections = octave_absorption_sections([500, 1500], times, BANDS, sample_rate=RATE)
    wanted = [-60 * delay / (times * RATE) for delay in (500, 1500)]
    np.testing.assert_allclose(gain_db(sections, BANDS), wanted, rtol=0.01)
    wild = octave_absorption_sections(
        [3000],
        np.array([0.3, 20.0, 0.3, 20.0, 20.0, 0.1, 20.0, 0.2, 9.0, 20.0]),
        BANDS,
        sample_rate=RATE,
    )
    assert np.max(gain_db(wild, np.geomspace(1, RATE / 2 - 1, 5000))) < 0.0


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`bands_hz` should be two or more"):
        octave_equalizer_sections([0.0, 0.0], [1000.0, 500.0], sample_rate=RATE)
    with pytest.raises(ArgumentError, match=r"`gains_db` should be \[..., 2\]"):
        octave_equalizer_sections([0.0], [500.0, 1000.0], sample_rate=RATE)
