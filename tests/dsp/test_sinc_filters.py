"""Filters of a windowed sinc: gains, where they halve, and scipy's own design."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


def _gain(taps: np.ndarray, f_hz: float) -> float:
    turns = np.exp(-2j * np.pi * f_hz / 16000 * np.arange(len(taps)))
    return float(np.abs(taps @ turns))


@pytest.mark.parametrize("high_pass", [False, True])
@pytest.mark.parametrize("cutoff_hz", [500.0, 2000.0, 6000.0])
def test_equals_scipys_window_method(cutoff_hz: float, high_pass: bool) -> None:
    """Scipy's window falls to 0.08 at tap 0, which is zero here, so that a sample is left out."""
    taps = dsp.sinc_impulse_response([cutoff_hz], n_taps=256, sample_rate=16000).numpy()
    expected = scipy.signal.firwin(257, cutoff_hz, window="hamming", fs=16000)[:-1]
    np.testing.assert_allclose(taps[1:], expected[1:], atol=5e-4)
    if high_pass:
        taps = dsp.sinc_impulse_response(
            [cutoff_hz], n_taps=256, sample_rate=16000, high_pass=True
        ).numpy()
    assert taps[0] == 0.0
    passes, stops = (cutoff_hz + 300, cutoff_hz - 300)[:: 1 if high_pass else -1]
    assert _gain(taps, passes) == pytest.approx(1.0, abs=0.005)
    assert _gain(taps, stops) < 0.005
    assert _gain(taps, cutoff_hz) == pytest.approx(0.5, abs=0.01)


def test_its_sound_and_gradient() -> None:
    seconds = np.arange(16000) / 16000
    low, high = (np.sin(2 * np.pi * f * seconds).astype(np.float32) for f in (300, 5000))
    cutoff_hz = tf.Variable(np.full([1, 100, 1], 1500.0, np.float32))
    with tf.GradientTape() as tape:
        taps = dsp.sinc_impulse_response(cutoff_hz, n_taps=128, sample_rate=16000)
        heard = dsp.time_varying_fir((low + high)[np.newaxis], taps, hop_length=160)
    inner = slice(500, -500)
    np.testing.assert_allclose(heard[0, inner], low[inner], atol=0.01)
    assert np.isfinite(tape.gradient(heard, cutoff_hz)).all()


def test_wrong_taps() -> None:
    with pytest.raises(ArgumentError, match="n_taps"):
        dsp.sinc_impulse_response([100.0], n_taps=33, sample_rate=16000)
