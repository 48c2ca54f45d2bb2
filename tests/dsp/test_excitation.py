"""Excitations of voices: where their partials are, what repeats and what does not."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.dsp.band_mixing import filter_by_sample, mixing_taps, sinc_pair
from ddsp_tf.dsp.excitation import cyclic_noise, sine_bank, stream_turns
from ddsp_tf.errors import ArgumentError

RATE, HOP = 16000, 80


def test_turns_are_the_sum_of_the_pitch_in_blocks_too() -> None:
    f0_hz = np.random.default_rng(0).uniform(100, 300, [2, 13, 1])
    rates = {"hop_length": HOP, "sample_rate": RATE}
    whole, end = stream_turns(f0_hz, initial_turns=None, **rates)
    at_samples = np.asarray(dsp.resample_envelope(f0_hz, hop_length=HOP))[:, : 12 * HOP, 0]
    summed = np.cumsum(at_samples / RATE, axis=1)
    np.testing.assert_allclose(np.cos(2 * np.pi * whole), np.cos(2 * np.pi * summed), atol=1e-9)
    first, middle = stream_turns(f0_hz[:, :6], initial_turns=None, **rates)
    second, last = stream_turns(f0_hz[:, 5:], initial_turns=middle, **rates)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-12)
    np.testing.assert_allclose(last, end, atol=1e-12)


def test_sines_stand_on_the_multiples_of_the_pitch_and_below_nyquist() -> None:
    f0_hz = np.full([1, 201, 1], 1300.0)
    turns, _ = stream_turns(f0_hz, initial_turns=None, hop_length=HOP, sample_rate=RATE)
    shifts = np.array([[0.0, *np.linspace(-1, 1, 7)]])
    sines = sine_bank(turns, shifts, highest=tf.fill(turns.shape, np.float64(8000 / 1300)))
    spectra = np.abs(np.fft.rfft(np.asarray(sines)[0], axis=0)) / 8000
    np.testing.assert_array_equal(spectra[:, :6].argmax(axis=0), 1300 * np.arange(1, 7))
    np.testing.assert_allclose(spectra[:, :6].max(axis=0), 1.0, atol=1e-9)
    assert not np.any(sines[..., 6:])


def test_cyclic_noise_is_a_pulse_train_convolved_with_decaying_noise() -> None:
    period, sample_rate = 100, 16000
    f0_hz = tf.fill([1, 1000], sample_rate / period)
    # Pulses at samples 0, 100, ...; the sound has gone on for ever.
    turns = tf.range(1000.0)[tf.newaxis] / period
    noise = np.asarray(dsp.gaussian_noise(1, 2000, seed=5))[0]
    kernel = noise[:461] * np.exp(-np.arange(461) / (0.87 * period))
    train = np.zeros(2000)
    train[::period] = 1.0
    expected = np.convolve(train, kernel)[1000:2000]
    made = cyclic_noise(turns, f0_hz, sample_rate=sample_rate, seed=5)
    # Where it ends, at 4.6 periods, rounding decides about a sample.
    np.testing.assert_allclose(made[0], expected, atol=3e-3)
    assert not np.any(cyclic_noise(turns, 0 * f0_hz, sample_rate=sample_rate))
    with pytest.raises(ArgumentError, match="`decay`"):
        cyclic_noise(turns, f0_hz, sample_rate=sample_rate, decay=0.0)


def test_gaussian_noise_is_gaussian_and_a_function_of_the_place() -> None:
    noise = np.asarray(dsp.gaussian_noise(1, 200_000, seed=3))[0]
    np.testing.assert_allclose(
        [noise.mean(), noise.std(), (noise**3).mean(), (noise**4).mean()],
        [0.0, 1.0, 0.0, 3.0],
        atol=0.05,
    )
    part = np.asarray(dsp.gaussian_noise(1, 10, seed=3, start=70))[0]
    np.testing.assert_array_equal(part, noise[70:80])


def test_fixed_filters_meet_their_masks_and_mirror_each_other() -> None:
    wide, narrow, high, low = mixing_taps()
    hz = np.linspace(0, 8000, 1601)
    turns = np.exp(-2j * np.pi * np.outer(hz / RATE, np.arange(11) - 5))

    def level_db(taps: np.ndarray) -> np.ndarray:
        return 20 * np.log10(np.abs(turns @ taps) + 1e-9)

    assert level_db(wide)[hz >= 7000].max() < -42.0
    assert np.abs(level_db(wide)[hz <= 5000]).max() < 2.0
    assert level_db(narrow)[hz >= 3000].max() < -40.0
    assert level_db(narrow)[hz <= 100].min() > -1.0
    np.testing.assert_allclose(level_db(high), level_db(narrow)[::-1], atol=1e-6)
    np.testing.assert_allclose(level_db(low), level_db(wide)[::-1], atol=1e-6)


@pytest.mark.parametrize("cutoff", [0.1, 0.5, 0.9])
def test_sinc_filters_pass_their_own_half(cutoff: float) -> None:
    low, high = (np.asarray(x) for x in sinc_pair(tf.constant(cutoff, tf.float64)))
    signs = (-1.0) ** np.arange(31)
    assert low.sum() == pytest.approx(1.0)
    assert abs(high @ signs) == pytest.approx(1.0)
    at_cutoff = np.exp(-1j * np.pi * cutoff * np.arange(31))
    assert abs(low @ at_cutoff) == pytest.approx(0.5, abs=0.05)
    assert abs(high @ at_cutoff) == pytest.approx(0.5, abs=0.05)


def test_filters_by_sample_are_convolutions_and_have_gradients() -> None:
    rng = np.random.default_rng(0)
    audio, taps = rng.normal(size=[2, 40]), rng.normal(size=[2, 36, 5])
    made = np.asarray(filter_by_sample(tf.constant(audio), tf.constant(taps)))
    for t in (0, 17, 35):
        expected = np.sum(taps[:, t] * audio[:, t : t + 5][:, ::-1], axis=1)
        np.testing.assert_allclose(made[:, t], expected)
    check_modes_agree(
        lambda audio, taps: filter_by_sample(audio, taps),
        {"audio": audio.astype(np.float32), "taps": taps.astype(np.float32)},
    )
    theory, practice = tf.test.compute_gradient(
        lambda cutoff: sinc_pair(cutoff)[0], [tf.constant([0.3, 0.7], tf.float64)], delta=1e-6
    )
    np.testing.assert_allclose(theory[0], practice[0], atol=1e-7)
