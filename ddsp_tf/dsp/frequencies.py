"""Frequencies as networks say them."""

import math
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError


def frequencies_softmax(logits: Any, *, low_hz: float, high_hz: float) -> tf.Tensor:
    """Gives the mean of a softmax over frequencies that are evenly spaced in octaves.

    Args:
        logits: `[..., n_points]`, n_points >= 2, from `low_hz` to `high_hz`.
        low_hz: Above 0.
        high_hz: Above `low_hz`.

    Returns:
        In Hz, `[...]`, within the range: the geometric mean, weighted by the softmax.

    Raises:
        ArgumentError: The range isn't one, or there are fewer points.

    Example:
        >>> round(float(frequencies_softmax(tf.zeros([3]), low_hz=100.0, high_hz=400.0)))
        200

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis".
    """
    _require_range(low_hz, high_hz)
    logits = _real(logits)
    n_points = logits.shape[-1]
    if n_points is None or n_points < 2:
        raise ArgumentError(f"`logits` should be [..., n_points] of 2 or more; got {n_points}.")
    points = tf.cast(tf.linspace(math.log(low_hz), math.log(high_hz), n_points), logits.dtype)
    return tf.exp(tf.reduce_sum(tf.nn.softmax(logits) * points, axis=-1))


def frequencies_sigmoid(raw: Any, *, low_hz: float, high_hz: float) -> tf.Tensor:
    """Gives frequencies by sigmoids, evenly in octaves: 0 is the middle of the range.

    Args:
        raw: Any real numbers, of any shape.
        low_hz: Above 0.
        high_hz: Above `low_hz`.

    Returns:
        In Hz, of the same shape.

    Raises:
        ArgumentError: The range isn't one.

    Example:
        >>> round(float(frequencies_sigmoid(tf.zeros([]), low_hz=100.0, high_hz=400.0)))
        200

    Reference:
        Engel et al. 2020, as above, where each sinusoid has a range of its own.
    """
    _require_range(low_hz, high_hz)
    return low_hz * tf.exp(math.log(high_hz / low_hz) * tf.sigmoid(_real(raw)))


def _require_range(low_hz: float, high_hz: float) -> None:
    if not 0.0 < low_hz < high_hz:
        raise ArgumentError(
            f"`low_hz` should be above 0, and `high_hz` above it. Received {low_hz} and {high_hz}."
        )


def _real(values: Any) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    return values if values.dtype == tf.float64 else tf.cast(values, tf.float32)
