"""Second-order sections by their poles and zeros, which nothing can push out of the circle.

Each section has a pole and a zero in the complex plane, and the conjugates of both. A pair is two
real numbers of any size; `roots_inside` brings it inside the circle. What comes out is stable and
of minimum phase, whatever a network or a step of gradient descent says.
"""

import math
from typing import Any, NamedTuple

import tensorflow as tf

from ddsp_tf.errors import ArgumentError

OUTERMOST = 1.0 - 1e-6
"""The largest radius. A real double root has a margin of (1 - radius)^2 in the coefficients, which
must be far above float64's 2e-16; in float32 no margin is wide enough near 0 Hz."""

_LARGEST = 1e9
_SMALLEST = 1e-12


def roots_inside(raw: Any) -> tf.Tensor:
    """Brings points of the plane inside the circle: radius r becomes tanh(r), the angle stays.

    Finite with finite gradients everywhere, also at 0 and far outside.

    Args:
        raw: Real and imaginary part, any numbers, `[..., 2]`.

    Returns:
        The same shape and precision, with radii of at most `OUTERMOST`.

    Raises:
        ArgumentError: The last axis isn't 2 long.

    Example:
        >>> raw = np.array([[0.0, 0.0], [0.0, 0.5], [-1e6, 0.0]])
        >>> roots_inside(raw).numpy().round(4).tolist()
        [[0.0, 0.0], [0.0, 0.4621], [-1.0, 0.0]]

    Reference:
        Colonel, Steinmetz, Michelen and Reiss 2022, "Direct design of biquad filter cascades with
        deep learning by sampling random polynomials".
    """
    raw = tf.clip_by_value(_pairs("raw", raw), -_LARGEST, _LARGEST)
    # What is added to the squares keeps the gradient of the root finite, and the radius too small.
    radius = tf.sqrt(tf.reduce_sum(tf.square(raw), axis=-1, keepdims=True) + _SMALLEST)
    return OUTERMOST * raw * (tf.tanh(radius) / radius)


def pole_zero_sections(poles: Any, zeros: Any, gain: Any = 1.0) -> tf.Tensor:
    """Makes sections of poles and zeros with their conjugates; the gain goes to the first section.

    Args:
        poles: Real and imaginary part, inside the circle, `[..., n_sections, 2]`.
        zeros: Of the same shape.
        gain: A factor, `[...]`.

    Returns:
        b0, b1, b2, a1, a2 of each, `[..., n_sections, 5]`, as precise as `poles`. Take float64: in
        float32 a section near 0 Hz may be unstable though its pole is inside.

    Raises:
        ArgumentError: The shapes differ, or the last axis isn't 2 long.

    Example:
        >>> pole, zero = np.array([[0.1, 0.9]]), np.array([[0.5, 0.0]])
        >>> pole_zero_sections(pole, zero, 2.0).numpy().round(2).tolist()
        [[2.0, -2.0, 0.5, -0.2, 0.82]]

    Reference:
        Colonel et al. 2022, see `roots_inside`.
    """
    poles, zeros = _both(poles, zeros)
    gain = tf.cast(tf.convert_to_tensor(gain), poles.dtype)
    a, b = (tf.stack([-2.0 * x[..., 0], tf.reduce_sum(x * x, -1)], -1) for x in (poles, zeros))
    b = tf.concat([tf.ones_like(b[..., :1]), b], axis=-1)
    first = gain[..., tf.newaxis, tf.newaxis] * b[..., :1, :]
    return tf.concat([tf.concat([first, b[..., 1:, :]], axis=-2), a], axis=-1)


def pole_zero_magnitude_db(poles: Any, zeros: Any, *, n_points: int) -> tf.Tensor:
    """Gives the magnitude response of poles and zeros with their conjugates, at a gain of 1.

    It is made of distances to the points of the circle, which float32 holds near the circle too,
    where coefficients in float32 don't.

    Args:
        poles: Real and imaginary part, inside the circle, `[..., n_sections, 2]`.
        zeros: Of the same shape.
        n_points: Frequencies, evenly from 0 to half the sample rate, both included; 2 or more.

    Returns:
        In dB, `[..., n_points]`.

    Raises:
        ArgumentError: The shapes differ, the last axis isn't 2 long, or `n_points` is below 2.

    Example:
        >>> pole, zero = np.array([[0.0, 0.5]]), np.zeros([1, 2])
        >>> pole_zero_magnitude_db(pole, zero, n_points=3).numpy().round(2).tolist()
        [-1.94, 2.5, -1.94]
    """
    poles, zeros = _both(poles, zeros)
    if n_points < 2:
        raise ArgumentError(f"`n_points` should be 2 or more. Received {n_points}.")
    angles = tf.linspace(tf.constant(0.0, tf.float64), math.pi, n_points)
    x, y = tf.cast(tf.cos(angles), poles.dtype), tf.cast(tf.sin(angles), poles.dtype)

    def log_squared(roots: tf.Tensor) -> tf.Tensor:
        real, imaginary = roots[..., :1], roots[..., 1:]
        along = tf.square(x - real)
        both = (along + tf.square(y - imaginary)) * (along + tf.square(y + imaginary))
        return tf.math.log(both)

    # Not the logarithm of a quotient, whose gradient overflows where both are next to the circle.
    of_sections = log_squared(zeros) - log_squared(poles)
    return 10.0 / math.log(10.0) * tf.reduce_sum(of_sections, axis=-2)


class PoleZeroDesign(NamedTuple):
    """Filters that were made for responses, see `design_poles_and_zeros`.

    Attributes:
        poles: Inside the circle, `[..., n_sections, 2]`.
        zeros: Likewise.
        gain_db: Of the whole, `[...]`.
        magnitude_db: The responses, `[..., n_points]`.
    """

    poles: tf.Tensor
    zeros: tf.Tensor
    gain_db: tf.Tensor
    magnitude_db: tf.Tensor

    def sections(self) -> tf.Tensor:
        """Gives b0, b1, b2, a1, a2 of each section, `[..., n_sections, 5]`, float64."""
        poles, zeros = (tf.cast(x, tf.float64) for x in (self.poles, self.zeros))
        gain = tf.pow(tf.constant(10.0, tf.float64), tf.cast(self.gain_db, tf.float64) / 20.0)
        return pole_zero_sections(poles, zeros, gain)


def design_poles_and_zeros(raw: Any, target_db: Any) -> PoleZeroDesign:
    """Makes filters of any numbers, with the gains that fit target responses best.

    The gain isn't among the numbers: the best one in dB is the mean distance, so that networks and
    gradients have the form alone to find, at any level.

    Args:
        raw: A pole and a zero of each section, before they are brought inside, as real and
            imaginary part, `[..., n_sections, 4]`.
        target_db: In dB, evenly from 0 to half the sample rate, both included, `[..., n_points]`.

    Returns:
        Poles, zeros, gains and responses.

    Raises:
        ArgumentError: The last axis of `raw` isn't 4 long, or there are fewer than two points.

    Example:
        >>> design = design_poles_and_zeros(np.zeros([1, 2, 4]), np.full([1, 5], 6.0))
        >>> design.magnitude_db.numpy().round(3).tolist()
        [[6.0, 6.0, 6.0, 6.0, 6.0]]
    """
    raw = tf.convert_to_tensor(raw)
    target_db = tf.cast(target_db, raw.dtype)
    if not raw.shape.rank or raw.shape[-1] != 4:
        raise ArgumentError(
            "`raw` should be [..., n_sections, 4], holding a pole and a zero. Received shape "
            f"{raw.shape}."
        )
    poles, zeros = roots_inside(raw[..., :2]), roots_inside(raw[..., 2:])
    form_db = pole_zero_magnitude_db(poles, zeros, n_points=target_db.shape[-1])
    gain_db = tf.reduce_mean(target_db - form_db, axis=-1)
    return PoleZeroDesign(poles, zeros, gain_db, form_db + gain_db[..., tf.newaxis])


def _both(poles: Any, zeros: Any) -> tuple[tf.Tensor, tf.Tensor]:
    poles = _pairs("poles", poles)
    zeros = tf.cast(_pairs("zeros", zeros), poles.dtype)
    if poles.shape.rank < 2 or not poles.shape.is_compatible_with(zeros.shape):
        raise ArgumentError(
            "`poles` and `zeros` should have one shape, [..., n_sections, 2]. Received "
            f"{poles.shape} and {zeros.shape}."
        )
    return poles, zeros


def _pairs(name: str, values: Any) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    if not values.shape.rank or values.shape[-1] != 2:
        raise ArgumentError(
            f"`{name}` should be [..., 2], holding real and imaginary part. Received shape "
            f"{values.shape}."
        )
    return values
