"""Measures of rooms on decays that are known."""

import numpy as np
import pytest

from ddsp_tf.dsp.room_acoustics import (
    clarity_db,
    echo_density,
    energy_decay_db,
    octave_signals,
    octave_weights,
    reverberation_times_s,
)
from ddsp_tf.dsp.velvet_noise import velvet_noise
from ddsp_tf.errors import ArgumentError

RATE = 16000
BANDS = [250.0, 500.0, 1000.0, 2000.0, 4000.0]


def decaying_tones(times: list[float], seconds: float = 2.0) -> np.ndarray:
    """A tone in each octave, each of which decays in its own time."""
    t = np.arange(round(seconds * RATE)) / RATE
    tones = [
        10 ** (-3 * t / t60) * np.sin(2 * np.pi * hz * t)
        for hz, t60 in zip(BANDS, times, strict=True)
    ]
    return np.sum(tones, axis=0)


@pytest.mark.parametrize("fit_db", [20.0, 30.0])
def test_each_octave_s_known_time_is_measured(fit_db: float) -> None:
    known = [0.8, 0.3, 0.6, 0.4, 0.5]
    measured = reverberation_times_s(decaying_tones(known), BANDS, sample_rate=RATE, fit_db=fit_db)
    np.testing.assert_allclose(measured, known, rtol=0.02)


def test_noise_of_a_known_time_is_measured_within_its_own_scatter() -> None:
    t = np.arange(2 * RATE) / RATE
    noise = np.random.default_rng(0).standard_normal(len(t)) * 10 ** (-3 * t / 0.7)
    measured = reverberation_times_s(noise, BANDS[2:], sample_rate=RATE)
    np.testing.assert_allclose(measured, 0.7, rtol=0.05)


def test_what_does_not_fall_has_no_time() -> None:
    assert np.isnan(reverberation_times_s(np.eye(1, 100)[0], [1000.0], sample_rate=RATE)).all() or (
        reverberation_times_s(np.eye(1, 100)[0], [1000.0], sample_rate=RATE) < 0.02
    )
    assert np.isnan(reverberation_times_s(np.zeros(1000), BANDS, sample_rate=RATE)).all()


def test_octaves_share_every_frequency_and_all_energy() -> None:
    hz = np.linspace(0, 8000, 500)
    weights = octave_weights(hz, BANDS, open_ends=True)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, atol=1e-12)
    sound = np.random.default_rng(1).standard_normal(4000)
    inner = octave_signals(sound, BANDS, sample_rate=RATE)
    spectrum = np.abs(np.fft.rfft(sound, 16384)) ** 2
    shares = octave_weights(np.fft.rfftfreq(16384, 1 / RATE), BANDS)
    wanted = (shares * spectrum).sum(axis=1) * 2 / 16384
    np.testing.assert_allclose((inner**2).sum(axis=1), wanted, rtol=0.02)


def test_the_decay_is_the_energy_to_come() -> None:
    level = energy_decay_db(np.array([3.0, 0.0, 1.0, 0.0]))
    np.testing.assert_allclose(level, [0, -10, -10, -300], atol=1e-9)


def test_echo_density_is_one_for_noise_and_small_for_few_echoes() -> None:
    noise = np.random.default_rng(2).standard_normal(RATE)
    inner = slice(1000, -1000)
    assert np.mean(echo_density(noise, sample_rate=RATE)[inner]) == pytest.approx(1.0, abs=0.02)
    few = velvet_noise(RATE, density_hz=200, sample_rate=RATE)
    assert np.mean(echo_density(few, sample_rate=RATE)[inner]) < 0.1


def test_clarity_is_the_ratio_of_both_parts() -> None:
    response = np.zeros(RATE)
    response[[100, 100 + 1279, 100 + 1281]] = 1.0, 0.5, 0.25
    early = 10 * np.log10((1 + 0.25) / 0.0625)
    assert clarity_db(response, sample_rate=RATE) == pytest.approx(early, abs=1e-6)


def test_velvet_has_one_pulse_in_each_cell() -> None:
    noise = velvet_noise(9600, density_hz=2000, sample_rate=48000, seed=3)
    np.testing.assert_array_equal(np.abs(noise).reshape(-1, 24).sum(axis=1), 1.0)
    assert abs(noise.sum()) < 60
    longer = velvet_noise(19200, density_hz=2000, sample_rate=48000, seed=3)
    np.testing.assert_array_equal(longer[:9600], noise)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`bands_hz` should rise by octaves"):
        octave_weights([0.0], [100.0, 300.0])
    with pytest.raises(ArgumentError, match=r"`response` should be \[n_samples\]"):
        reverberation_times_s(np.zeros([2, 2]), sample_rate=RATE)
    with pytest.raises(ArgumentError, match="`density_hz` should be above 0"):
        velvet_noise(10, density_hz=0, sample_rate=RATE)
