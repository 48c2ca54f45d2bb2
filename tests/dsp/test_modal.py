"""Modes: played as their formula, and found again."""

import numpy as np
import pytest

from ddsp_tf.dsp.modal import find_modes, modal_response
from ddsp_tf.errors import ArgumentError

RATE = 44100


def struck(frequencies_hz, amplitudes, decays_s, turns, n_samples, rate=RATE):
    time_s = np.arange(n_samples)[:, np.newaxis] / rate
    place = 2 * np.pi * (np.array(frequencies_hz) * time_s + np.array(turns))
    return np.sum(np.array(amplitudes) * np.exp(-time_s / np.array(decays_s)) * np.sin(place), 1)


MODES = (
    [61.0, 187.4, 440.0, 447.0, 2210.7],
    [0.6, 0.3, 0.4, 0.2, 0.1],
    [0.31, 0.08, 0.2, 0.25, 0.02],
    [0.1, -0.3, 0.0, 0.45, 0.2],
)


def test_is_its_formula() -> None:
    played = modal_response(*(np.float32([x]) for x in MODES), n_samples=20000, sample_rate=RATE)
    exact = struck(*(np.float32(x).astype(np.float64) for x in MODES), 20000)
    np.testing.assert_allclose(played[0], exact, atol=2e-6)


def test_modes_at_nyquist_are_silent() -> None:
    one = np.ones([1, 1])
    played = modal_response(8000.0 * one, one, one, one, n_samples=10, sample_rate=16000)
    assert not np.any(played)


def test_modes_are_found_again() -> None:
    """Two of them 7 Hz apart, under noise that is 60 dB softer."""
    noise = 3e-4 * np.random.default_rng(0).standard_normal(22050)
    found = find_modes(struck(*MODES, 22050) + noise, n_modes=5, sample_rate=RATE)
    order = np.argsort(found.frequencies_hz)
    for ours, theirs, tolerance in zip(found, MODES, (5e-4, 0.02, 0.03), strict=False):
        np.testing.assert_allclose(ours[order], theirs, rtol=tolerance)
    np.testing.assert_allclose(found.turns[order], MODES[3], atol=0.01)


def test_a_sound_of_fewer_modes_leaves_the_others_silent() -> None:
    found = find_modes(
        struck([300.0], [1.0], [0.1], [0.0], 4000, 16000), n_modes=4, sample_rate=16000
    )
    assert found.amplitudes[0] == pytest.approx(1.0, abs=1e-3)
    assert np.all(found.amplitudes[1:] < 1e-3)
    assert len(found.decays_s) == 4


@pytest.mark.parametrize("audio", [np.zeros(7), np.full(100, np.nan), np.zeros([2, 100])])
def test_what_is_refused(audio: np.ndarray) -> None:
    with pytest.raises(ArgumentError, match="8 finite samples at least"):
        find_modes(audio, n_modes=2, sample_rate=RATE)
