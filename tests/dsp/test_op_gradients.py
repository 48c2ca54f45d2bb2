"""The gradient of every operation against finite differences."""

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from gradients import both_gradients

from ddsp_tf import dsp

RATES = {"hop_length": 4, "sample_rate": 1000}
SHIFTS = tf.constant(np.random.default_rng(1).uniform(-0.1, 0.1, [1, 3, 3]), tf.float32)
F0 = np.array([[[100.0], [130.0], [90.0]]])
FREE = np.array([[[90.0, 250.0], [120.0, 210.0], [100.0, 230.0]]])


def _draw(*shape: int, seed: int = 0, lowest: float = -1.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(lowest, 1.0, shape)


OPERATIONS: dict[str, tuple[Callable[..., tf.Tensor], list[np.ndarray], float]] = {
    "exp_sigmoid": (dsp.exp_sigmoid, [5 * _draw(6)], 1e-2),
    "hz_to_midi": (dsp.hz_to_midi, [400 + 300 * _draw(4)], 1.0),
    "amplitude_to_db": (dsp.amplitude_to_db, [_draw(4, lowest=0.2)], 1e-3),
    "frame": (lambda x: dsp.frame(x, 7, 3), [_draw(1, 11)], 1e-1),
    "overlap_add": (lambda x: dsp.overlap_add(x, 3), [_draw(1, 3, 6)], 1e-1),
    "resample_envelope": (
        lambda x: dsp.resample_envelope(x, hop_length=4, method="window"),
        [_draw(1, 3, 2)],
        1e-1,
    ),
    "resample_frames": (lambda x: dsp.resample_frames(x, 7, ratio=0.4), [_draw(1, 3, 2)], 1e-1),
    "harmonic": (
        lambda f0, a, c: dsp.harmonic(f0, a, c, **RATES),
        [F0, _draw(1, 3, 1, lowest=0.3), _draw(1, 3, 3, lowest=0.1)],
        5e-2,
    ),
    "harmonic with shifts": (
        lambda f0, a, c: dsp.harmonic(f0, a, c, harmonic_shifts=SHIFTS, **RATES),
        [F0, _draw(1, 3, 1, lowest=0.3), _draw(1, 3, 3, lowest=0.1)],
        5e-2,
    ),
    "shifts": (
        lambda x: dsp.harmonic(
            tf.constant(F0, tf.float32), tf.ones([1, 3, 1]), tf.ones([1, 3, 3]),
            harmonic_shifts=x, **RATES,
        ),
        [0.1 * _draw(1, 3, 3)],
        1e-3,
    ),
    "sinusoidal": (
        lambda f, a: dsp.sinusoidal(f, a, amplitude_method="linear", **RATES),
        [FREE, _draw(1, 3, 2, lowest=0.1)],
        5e-2,
    ),
    "normalize_harmonics": (
        lambda c: dsp.normalize_harmonics(c, tf.constant(F0, tf.float32), sample_rate=500),
        [_draw(1, 3, 3, lowest=0.2)],
        1e-2,
    ),
    "fft_convolve": (dsp.fft_convolve, [_draw(2, 9), _draw(5, seed=1)], 1e-1),
    "fft_convolve of rows": (dsp.fft_convolve, [_draw(2, 9), _draw(2, 5, seed=1)], 1e-1),
    "impulse_response_from_magnitudes": (
        dsp.impulse_response_from_magnitudes, [_draw(2, 5, lowest=0.0)], 1e-1,
    ),
    "time_varying_fir": (
        lambda x, h: dsp.time_varying_fir(x, h, hop_length=4), [_draw(1, 12), _draw(1, 3, 6)], 1e-1,
    ),
    "stft_magnitude": (
        lambda x: dsp.stft_magnitude(x, fft_length=8, hop_length=4), [_draw(1, 12)], 1e-2,
    ),
    "mfcc": (
        lambda x: dsp.mfcc(
            x, sample_rate=1000, fft_length=32, hop_length=8, n_bands=6, n_coefficients=4
        ),
        [_draw(1, 20)],
        2e-3,
    ),
    "a_weighted_loudness_db": (
        lambda x: dsp.a_weighted_loudness_db(x, sample_rate=8000, hop_length=8, fft_length=32),
        [_draw(1, 20)],
        2e-3,
    ),
    "rms_power_db": (
        lambda x: dsp.rms_power_db(x, hop_length=8, frame_length=16), [_draw(1, 20)], 2e-3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATIONS)
def test_equals_finite_differences(name: str) -> None:
    operation, arguments, delta = OPERATIONS[name]
    tensors = [tf.constant(x, tf.float32) for x in arguments]
    jacobians, numeric = both_gradients(operation, tensors, delta=delta)
    for argument, (analytic, expected) in enumerate(zip(jacobians, numeric, strict=True)):
        scale = np.max(np.abs(expected))
        assert scale > 0
        error = np.max(np.abs(analytic - expected)) / scale
        assert error < 5e-3, f"argument {argument} of {name}: {error:.1e}"
