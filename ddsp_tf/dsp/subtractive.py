"""Saw and square waves as sums of partials, and a resonant low-pass as a gain for each partial."""

import math
from typing import Any

import numpy as np
import tensorflow as tf


def saw_square_amplitudes(mix: Any, n_harmonics: int) -> tf.Tensor:
    """Gives the amplitudes of the partials of a wave between saw (0) and square (1).

    A saw has `2 / (pi k)`, a square `4 / (pi k)` at odd k alone: both swing from about -1 to 1.

    Args:
        mix: 0 to 1, `[...]`.
        n_harmonics: Partials.

    Returns:
        `[..., n_harmonics]`.

    Example:
        >>> amplitudes = saw_square_amplitudes(tf.constant([0.0, 1.0]), 3)
        >>> [[round(float(np.pi * x), 2) for x in row] for row in amplitudes]
        [[2.0, 1.0, 0.67], [4.0, 0.0, 1.33]]

    Reference:
        Masuda and Saito 2021, "Synthesizer sound matching with differentiable DSP", section 3.1.
    """
    mix = tf.convert_to_tensor(mix)[..., tf.newaxis]
    number = np.arange(1, n_harmonics + 1)
    saw = tf.constant(2.0 / (math.pi * number), mix.dtype)
    square = tf.constant(np.where(number % 2, 4.0 / (math.pi * number), 0.0), mix.dtype)
    return (1.0 - mix) * saw + mix * square


def resonant_low_pass_gain(frequency_hz: Any, cutoff_hz: Any, q: Any) -> tf.Tensor:
    """Gives the gain of a low-pass of second order: `1 / |s^2 + s / q + 1|`, `s = j f / fc`.

    Args:
        frequency_hz: Where, >= 0.
        cutoff_hz: > 0; there the gain is q.
        q: > 0.

    Returns:
        Gains, of the shape of all three together.

    Example:
        >>> resonant_low_pass_gain(tf.constant([0.0, 500.0]), 500.0, 2.0).numpy().tolist()
        [1.0, 2.0]

    Reference:
        As for `saw_square_amplitudes`.
    """
    ratio = frequency_hz / cutoff_hz
    square = tf.square(ratio)
    return tf.math.rsqrt(tf.square(1.0 - square) + square / tf.square(q))
