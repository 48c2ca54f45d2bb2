"""Log power spectra and relative magnitudes, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import FramedLoss, LogPowerSpectra, RelativeMagnitude, Spectra


def sounds() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return tuple(0.1 * rng.normal(size=[2, 1000]).astype(np.float32) for _ in range(2))


def log_power(audio: np.ndarray, fft_length: int, length: int, hop: int) -> np.ndarray:
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    padded = np.pad(audio, [(0, 0), (length // 2, length)])
    frames = [padded[:, i : i + length] * window for i in range(0, audio.shape[1], hop)]
    return np.log(np.abs(np.fft.rfft(np.stack(frames, axis=1), fft_length)) ** 2 + 1e-5)


def test_the_loss_is_the_mean_square_of_log_powers_at_every_resolution() -> None:
    target, audio = sounds()
    sizes = ((512, 320, 80), (128, 80, 40), (2048, 1920, 640))
    loss = FramedLoss([LogPowerSpectra(*three) for three in sizes])
    expected = sum(
        np.mean((log_power(target, *three) - log_power(audio, *three)) ** 2) for three in sizes
    )
    assert float(loss(target, audio)) == pytest.approx(expected, rel=1e-4)
    again = FramedLoss.from_config(loss.get_config())
    assert float(again(target, audio)) == pytest.approx(expected, rel=1e-4)


def test_its_gradient_points_downhill_and_silence_is_finite() -> None:
    target, audio = (tf.constant(x) for x in sounds())
    loss = FramedLoss([LogPowerSpectra(128, 80, 40)])
    with tf.GradientTape() as tape:
        tape.watch(audio)
        value = loss(target, audio)
    slope = tape.gradient(value, audio)
    assert float(loss(target, audio - 1e-4 * slope / tf.norm(slope))) < float(value)
    assert np.isfinite(float(loss(target, tf.zeros_like(audio))))
    with pytest.raises(ArgumentError, match="`window_length`"):
        LogPowerSpectra(64, 80, 40)


def test_relative_magnitudes_are_shares_of_the_target() -> None:
    target, _ = sounds()
    loss = FramedLoss([Spectra(256, [RelativeMagnitude()])])
    assert float(loss(target, 0.0 * target)) == pytest.approx(1.0)
    assert float(loss(100.0 * target, 50.0 * target)) == pytest.approx(0.25, rel=1e-5)
    assert float(loss(0.0 * target, target)) == 0.0
