"""The resampler in the graph keeps pitch, level and place."""

import numpy as np
import pytest
import soxr

from ddsp_tf.export.resampler import Resampler

RATES = [48000, 44100, 32000, 22050, 11025, 8000, 96000]


def sine(hz: float, rate: int, n_samples: int) -> np.ndarray:
    return np.sin(2 * np.pi * hz / rate * np.arange(n_samples)).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_stays_where_it_is(rate: int) -> None:
    hz = 1000.0
    result = Resampler(rate, 16000)(sine(hz, rate, rate)[np.newaxis]).numpy()[0]
    assert abs(len(result) - 16000) <= 1
    inner = slice(1000, 15000)
    expected = sine(hz, 16000, 16000)
    # Level, frequency and delay at once: 1e-3 is 0.01 dB, or a hundredth of a sample's turn.
    np.testing.assert_allclose(result[inner], expected[inner], atol=1e-3)


def test_a_rate_without_a_simple_ratio_is_a_hundredth_of_a_cent_off() -> None:
    result = Resampler(44099, 16000)(sine(1000.0, 44099, 44099)[np.newaxis]).numpy()[0]
    late = slice(14000, 15000)
    # Here a hundredth of a cent has become a phase of 0.034.
    np.testing.assert_allclose(result[late], sine(1000.0, 16000, 16000)[late], atol=0.034)


@pytest.mark.parametrize("hz", [8800.0, 10000.0, 20000.0])
def test_what_would_alias_is_gone(hz: float) -> None:
    result = Resampler(44100, 16000)(sine(hz, 44100, 44100)[np.newaxis]).numpy()[0]
    assert np.max(np.abs(result[1000:-1000])) < 1e-4


def test_it_agrees_with_a_good_resampler() -> None:
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal(44100))
    spectrum[np.fft.rfftfreq(44100, 1 / 44100) > 6500] = 0.0
    noise = np.fft.irfft(spectrum).astype(np.float32)
    expected = soxr.resample(noise, 44100, 16000, quality="VHQ")
    result = Resampler(44100, 16000)(noise[np.newaxis]).numpy()[0]
    assert np.max(np.abs(result - expected)[500:-500]) < 2e-3 * np.max(np.abs(expected))


@pytest.mark.parametrize("n_samples", [1, 2, 440, 441, 442, 1000])
def test_any_length(n_samples: int) -> None:
    result = Resampler(44100, 16000)(np.ones([3, n_samples], np.float32))
    assert result.shape == (3, max(1, round(n_samples * 160 / 441)))
    assert np.isfinite(result).all()
