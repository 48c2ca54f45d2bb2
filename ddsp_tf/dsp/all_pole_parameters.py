"""All-pole filters of whatever a network gives: stable by construction, in three ways.

Each way is a set without holes: between two filters of it all are stable, too. So frames may be
interpolated in it. Coefficients of the direct form have neither property; they are what the three
are turned into, in float64, where a filter is run or its response is sampled.
"""

import math
from typing import Literal

import tensorflow as tf

from ddsp_tf.dsp.linear_prediction import lpc_from_lsf, lpc_from_reflection
from ddsp_tf.dsp.scaling import exp_sigmoid
from ddsp_tf.dsp.shapes import floats
from ddsp_tf.errors import ArgumentError

Parameters = Literal["sections", "reflection", "lsf"]

_LARGEST = 0.99
"""Of a reflection coefficient, and of what a section's come near: at 1 a pole is on the circle."""
_LEAST_POWER = 1e-60
"""Below the power of any inverse filter; keeps a quotient finite."""
LSF_SPACING = 0.03
"""Least distance of two line spectral frequencies, in radians per sample."""


def n_logits(parameters: Parameters, order: int) -> int:
    """Counts the numbers that describe a filter: its order, and one more for "lsf".

    Raises:
        ArgumentError: An unknown way, an order below 1, or an odd one for "sections".

    Example:
        >>> n_logits("lsf", 20)
        21
    """
    if parameters not in ("sections", "reflection", "lsf"):
        raise ArgumentError(
            f'`parameters` should be "sections", "reflection" or "lsf". Received {parameters!r}.'
        )
    if order < 1 or (parameters == "sections" and order % 2):
        raise ArgumentError(
            f"`order` should be at least 1, and even for sections. Received {order}."
        )
    return order + (parameters == "lsf")


def filters_from_logits(logits: tf.Tensor, parameters: Parameters) -> tf.Tensor:
    """Turns any real numbers into a stable filter's parameters; zeros are the filter that is none.

    Args:
        logits: `[..., n_logits]`.
        parameters: "sections": a1 and a2 of one second-order section after the other; "reflection":
            reflection coefficients; "lsf": line spectral frequencies in radians per sample, 0.03
            apart at least.

    Returns:
        `[..., order]`.

    Raises:
        ArgumentError: An unknown way, or a number of logits that it can't have.

    Example:
        >>> filters_from_logits(tf.zeros([4]), "sections").numpy().tolist()
        [0.0, 0.0, 0.0, 0.0]

    Reference:
        Yu and Fazekas 2023, section 3.2 (sections, reflection); Schulze-Forster et al. 2023,
        "Unsupervised Music Source Separation Using Differentiable Parametric Source Models",
        section III (line spectral frequencies, here with a least distance).
    """
    (logits,) = floats(logits=logits)
    width = logits.shape[-1]
    if n_logits(parameters, width - (parameters == "lsf")) != width:
        raise ArgumentError(f"`logits` should have another size for {parameters!r}. Got {width}.")
    if parameters == "reflection":
        return _LARGEST * tf.tanh(logits)
    if parameters == "lsf":
        share = exp_sigmoid(logits)
        share /= tf.reduce_sum(share, axis=-1, keepdims=True)
        gaps = LSF_SPACING + (math.pi - width * LSF_SPACING) * share
        return tf.cumsum(gaps, axis=-1)[..., :-1]
    pairs = tf.reshape(logits, tf.concat([tf.shape(logits)[:-1], [width // 2, 2]], axis=0))
    a1 = 2.0 * _LARGEST * tf.tanh(pairs[..., 0])
    a2 = 0.5 * ((2.0 - tf.abs(a1)) * _LARGEST * tf.tanh(pairs[..., 1]) + tf.abs(a1))
    return tf.reshape(tf.stack([a1, a2], axis=-1), tf.shape(logits))


def lpc_from_filters(filters: tf.Tensor, parameters: Parameters) -> tf.Tensor:
    """Gives the direct form's coefficients of what `filters_from_logits` gave.

    Args:
        filters: `[..., order]`.
        parameters: As there.

    Returns:
        Coefficients without the leading 1, float64 `[..., order]`, for `all_pole` in float64 or
        `lpc_response`.

    Example:
        >>> lpc_from_filters(tf.constant([0.5, 0.25]), "sections").numpy().tolist()
        [0.5, 0.25]
    """
    filters = tf.cast(filters, tf.float64)
    if parameters == "reflection":
        return lpc_from_reflection(filters)
    if parameters == "lsf":
        return lpc_from_lsf(filters)
    end = [[0, 0]] * (len(filters.shape) - 1)
    product = tf.ones_like(filters[..., :1])
    for index in range(0, filters.shape[-1], 2):
        a1, a2 = filters[..., index : index + 1], filters[..., index + 1 : index + 2]
        product = (
            tf.pad(product, [*end, [0, 2]])
            + tf.pad(product * a1, [*end, [1, 1]])
            + tf.pad(product * a2, [*end, [2, 0]])
        )
    return product[..., 1:]


def all_pole_response(filters: tf.Tensor, parameters: Parameters, angles: tf.Tensor) -> tf.Tensor:
    """Samples the response of a filter, and gives it the mean power 1 over the points.

    Reflection coefficients go through the lattice, point by point, which is exact where their
    direct form is not.

    Args:
        filters: As `filters_from_logits` gives them, `[batch, n_frames, order]`.
        parameters: As there.
        angles: Radians per sample, float64 `[batch or 1, n_points]`.

    Returns:
        complex128 `[batch, n_frames, n_points]`.

    Example:
        >>> flat = all_pole_response(tf.zeros([1, 1, 2]), "sections", tf.zeros([1, 3], tf.float64))
        >>> flat.numpy().real.tolist()
        [[[1.0, 1.0, 1.0]]]
    """
    filters = tf.cast(filters, tf.float64)
    if parameters == "reflection":
        inverse = _lattice(filters, angles[:, tf.newaxis])
    else:
        coefficients = lpc_from_filters(filters, parameters)
        numbers = tf.range(1, filters.shape[-1] + 1)
        delays = angles[:, tf.newaxis] * tf.cast(numbers, tf.float64)[:, tf.newaxis]
        inverse = tf.complex(
            1.0 + tf.matmul(coefficients, tf.cos(delays)),
            -tf.matmul(coefficients, tf.sin(delays)),
        )
    power = tf.square(tf.math.real(inverse)) + tf.square(tf.math.imag(inverse)) + _LEAST_POWER
    mean = tf.reduce_mean((power - _LEAST_POWER) / tf.square(power), axis=-1, keepdims=True)
    gain = tf.math.rsqrt(mean) / power
    return tf.complex(gain * tf.math.real(inverse), -gain * tf.math.imag(inverse))


def _lattice(reflection: tf.Tensor, angles: tf.Tensor) -> tf.Tensor:
    delay = tf.complex(tf.cos(angles), -tf.sin(angles))
    forward = backward = tf.ones_like(delay)
    for index in range(reflection.shape[-1]):
        k = tf.cast(reflection[..., index : index + 1], tf.complex128)
        delayed = delay * backward
        forward, backward = forward + k * delayed, delayed + k * forward
    return forward
