"""Linear prediction: an all-pole filter of a spectrum, and its other parameters.

A filter is 1 / A(z), A(z) = 1 + a_1 z^-1 + ... + a_order z^-order; `coefficients` are a_1, a_2 ...
without the leading 1, as `all_pole` takes them. Reflection coefficients below 1 and line spectral
frequencies that increase from 0 to pi are each another name of just the stable filters.

In float32 the coefficients of a sharp filter of order 20 are too coarse to keep it stable, whatever
it is computed from. So everything here runs in float64 inside, and gives float32 only for float32;
run such filters in float64 (cast what the network gives), or check `reflection_from_lpc`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.spectral import padded_rfft
from ddsp_tf.errors import ArgumentError


def autocorrelation(frames: tf.Tensor, *, order: int) -> tf.Tensor:
    """Correlates frames with themselves, delayed by 0 ... order samples.

    Args:
        frames: Windowed audio, `[..., frame_length]`, longer than `order`.
        order: Longest delay, >= 0.

    Returns:
        Sums of products, `[..., order + 1]`, in the precision of `frames`.

    Raises:
        ArgumentError: `order` is negative, or the frames aren't longer.

    Example:
        >>> autocorrelation(tf.constant([1.0, 2.0, 3.0]), order=2).numpy().tolist()
        [14.0, 8.0, 3.0]
    """
    frames = _floating("frames", frames, any_size=True)
    length = frames.shape[-1]
    if order < 0 or (length is not None and length <= order):
        raise ArgumentError(
            f"`frames` should be longer than `order`, which is at least 0. Received {length} "
            f"samples and order {order}."
        )
    double = tf.cast(frames, tf.float64)
    count = tf.shape(frames)[-1]
    products = [
        tf.reduce_sum(double[..., : count - lag] * double[..., lag:], axis=-1)
        for lag in range(order + 1)
    ]
    return tf.cast(tf.stack(products, axis=-1), frames.dtype)


def levinson(
    correlation: tf.Tensor, *, white_noise: float = 1e-9
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Finds the predictor of least squared error by the recursion of Levinson and Durbin.

    The result is stable. Silence gives the predictor that predicts nothing.

    Args:
        correlation: `[..., order + 1]`, from `autocorrelation` or from a power spectrum.
        white_noise: Added to the power, relative to it, >= 0: keeps pure tones from needing poles
            on the unit circle.

    Returns:
        Coefficients `[..., order]`, reflection coefficients `[..., order]` between -1 and 1, and
        the power of the prediction's error, `[...]`, all in the precision of `correlation`.

    Raises:
        ArgumentError: `white_noise` is negative.

    Example:
        >>> coefficients, _, error = levinson(tf.constant([1.0, 0.5, 0.25]))
        >>> np.abs(coefficients).round(3).tolist(), round(float(error), 3)
        ([0.5, 0.0], 0.75)

    Reference:
        Markel and Gray 1976, Linear Prediction of Speech, section 3.3.
    """
    if white_noise < 0:
        raise ArgumentError(f"`white_noise` should be at least 0. Received {white_noise}.")
    correlation = _floating("correlation", correlation)
    double = tf.cast(correlation, tf.float64)
    power = double[..., :1]
    silent = power <= 0
    power = tf.where(silent, tf.ones_like(power), power)
    double = tf.where(silent, tf.zeros_like(double), double / power)
    error = tf.ones_like(power) * (1.0 + white_noise)
    a = double[..., :0]
    reflections = []
    for lag in range(1, double.shape[-1]):
        ahead = double[..., lag : lag + 1] + tf.reduce_sum(
            a * tf.reverse(double[..., 1:lag], axis=[-1]), axis=-1, keepdims=True
        )
        k = -ahead / error
        a = _step_up(a, k)
        error *= 1.0 - tf.square(k)
        reflections.append(k)
    k = tf.concat(reflections, axis=-1) if reflections else a
    error = tf.where(silent, tf.zeros_like(error), error * power)[..., 0]
    return tuple(tf.cast(x, correlation.dtype) for x in (a, k, error))


def lpc_from_reflection(reflection: tf.Tensor) -> tf.Tensor:
    """Gives the coefficients of the filter with these reflection coefficients.

    Args:
        reflection: `[..., order]`, each between -1 and 1 for a stable filter.

    Returns:
        Coefficients, `[..., order]`, in the precision of `reflection`.

    Example:
        >>> lpc_from_reflection(tf.constant([-0.5, 0.2])).numpy().round(3).tolist() == [
        ...     np.float32(-0.6).item(), np.float32(0.2).item()]
        True

    Reference:
        Markel and Gray 1976, Linear Prediction of Speech, section 5.2.
    """
    reflection = _floating("reflection", reflection)
    return _in_double(_from_reflection, reflection)


def _from_reflection(reflection: tf.Tensor) -> tf.Tensor:
    a = reflection[..., :0]
    for index in range(reflection.shape[-1]):
        a = _step_up(a, reflection[..., index : index + 1])
    return a


def reflection_from_lpc(coefficients: tf.Tensor) -> tf.Tensor:
    """Gives the reflection coefficients of a filter: all are within -1 and 1 just if it is stable.

    Args:
        coefficients: `[..., order]`.

    Returns:
        `[..., order]`, in the precision of `coefficients`. Beyond the first one, from the last
        backwards, whose absolute value is 1 or more, they mean nothing but that.

    Example:
        >>> reflection_from_lpc(tf.constant([-0.5, 0.0])).numpy().tolist()
        [-0.5, 0.0]

    Reference:
        Markel and Gray 1976, Linear Prediction of Speech, section 5.2.
    """
    coefficients = _floating("coefficients", coefficients)

    def step_down(a: tf.Tensor) -> tf.Tensor:
        found: list[tf.Tensor] = []
        while a.shape[-1]:
            k, rest = a[..., -1:], a[..., :-1]
            found.insert(0, k)
            a = (rest - k * tf.reverse(rest, axis=[-1])) / (1.0 - tf.square(k))
        return tf.concat(found, axis=-1) if found else a

    return _in_double(step_down, coefficients)


def _step_up(a: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
    return tf.concat([a + k * tf.reverse(a, axis=[-1]), k], axis=-1)


def lpc_from_lsf(frequencies: tf.Tensor) -> tf.Tensor:
    """Gives the coefficients of the filter with these line spectral frequencies.

    Equally spaced ones, pi k / (order + 1), give the filter that does nothing. Keep neighbours 0.03
    rad or more apart, and the filter in float64: closer ones are poles that rounding moves out of
    the unit circle.

    Args:
        frequencies: In radians per sample, increasing from above 0 to below pi, `[..., order]`.

    Returns:
        Coefficients, `[..., order]`, in the precision of `frequencies`.

    Example:
        >>> even = tf.constant([np.pi / 3, 2 * np.pi / 3], tf.float64)
        >>> bool(tf.reduce_max(tf.abs(lpc_from_lsf(even))) < 1e-12)
        True

    Reference:
        Itakura 1975, "Line spectrum representation of linear predictor coefficients"; Soong and
        Juang 1984, "Line spectrum pair (LSP) and speech data compression".
    """
    frequencies = _floating("frequencies", frequencies)

    def convert(w: tf.Tensor) -> tf.Tensor:
        order = w.shape[-1]
        symmetric, antisymmetric = _product(w[..., ::2]), _product(w[..., 1::2])
        # The roots at z = -1 and z = 1 that the sum and the difference always have.
        if order % 2:
            antisymmetric = _times(antisymmetric, [1.0, 0.0, -1.0])
        else:
            symmetric = _times(symmetric, [1.0, 1.0])
            antisymmetric = _times(antisymmetric, [1.0, -1.0])
        return (0.5 * (symmetric + antisymmetric))[..., 1 : order + 1]

    return _in_double(convert, frequencies)


def _product(w: tf.Tensor) -> tf.Tensor:
    """The product of 1 - 2 cos(w) z^-1 + z^-2."""
    product = tf.ones_like(w[..., :1]) if w.shape[-1] else tf.ones([*w.shape[:-1], 1], w.dtype)
    for index in range(w.shape[-1]):
        middle = -2.0 * tf.cos(w[..., index : index + 1])
        end = [[0, 0]] * (len(product.shape) - 1)
        product = (
            tf.pad(product, [*end, [0, 2]])
            + tf.pad(product * middle, [*end, [1, 1]])
            + tf.pad(product, [*end, [2, 0]])
        )
    return product


def _times(polynomial: tf.Tensor, factor: list[float]) -> tf.Tensor:
    others = [[0, 0]] * (len(polynomial.shape) - 1)
    last = len(factor) - 1
    return tf.add_n(
        [tf.pad(c * polynomial, [*others, [i, last - i]]) for i, c in enumerate(factor)]
    )


def lsf_from_lpc(coefficients: tf.Tensor) -> tf.Tensor:
    """Gives the line spectral frequencies of a stable filter.

    The roots of its sum and difference polynomials, from the eigenvalues of companion matrices, in
    float64; then one step of Newton's method on a fixed polynomial, through which the gradient
    flows. Not under XLA, which has no such eigenvalues.

    Args:
        coefficients: Of a stable filter, `[..., order]`, a static order.

    Returns:
        In radians per sample, increasing between 0 and pi, `[..., order]`, in the precision of
        `coefficients`.

    Example:
        >>> lsf_from_lpc(tf.zeros([2], tf.float64)).numpy().round(4).tolist()
        [1.0472, 2.0944]

    Reference:
        Soong and Juang 1984, "Line spectrum pair (LSP) and speech data compression".
    """
    coefficients = _floating("coefficients", coefficients)
    return _in_double(_to_lsf, coefficients)


def _to_lsf(coefficients: tf.Tensor) -> tf.Tensor:
    order = coefficients.shape[-1]
    if not order:
        return coefficients
    one, zero = tf.ones_like(coefficients[..., :1]), tf.zeros_like(coefficients[..., :1])
    a = tf.concat([one, coefficients, zero], axis=-1)
    flipped = tf.reverse(a, axis=[-1])
    # The difference has a root at angle 0, which comes first; roots at pi come last.
    frequencies = [
        _root_angles(a + flipped, first=0, count=(order + 1) // 2),
        _root_angles(a - flipped, first=1, count=order // 2),
    ]
    return tf.sort(tf.concat(frequencies, axis=-1), axis=-1)


def _root_angles(polynomial: tf.Tensor, *, first: int, count: int) -> tf.Tensor:
    """The angles of conjugate pairs of roots on the unit circle, after the first that is alone."""
    fixed = tf.stop_gradient(polynomial)
    degree = polynomial.shape[-1] - 1
    below = tf.eye(degree - 1, degree, dtype=fixed.dtype)
    rows = tf.concat([tf.shape(fixed)[:-1], [degree - 1, degree]], axis=0)
    top = -fixed[..., tf.newaxis, 1:] / fixed[..., tf.newaxis, :1]
    roots = tf.linalg.eigvals(tf.concat([top, tf.broadcast_to(below, rows)], axis=-2))
    angles = tf.sort(tf.abs(tf.math.angle(roots)), axis=-1)[..., first::2][..., :count]
    # A step of Newton's method, whose derivative is that of the root: dw = -dP / P'.
    turns = tf.cast(angles[..., tf.newaxis], tf.complex128) * tf.constant(
        -1j * np.arange(degree + 1)
    )
    powers = tf.exp(turns)
    value = tf.reduce_sum(tf.cast(polynomial, tf.complex128)[..., tf.newaxis, :] * powers, axis=-1)
    slopes = tf.cast(fixed, tf.complex128) * tf.constant(-1j * np.arange(degree + 1))
    slope = tf.reduce_sum(slopes[..., tf.newaxis, :] * powers, axis=-1)
    return angles - tf.math.real(value / slope)


def lpc_response(coefficients: tf.Tensor, *, fft_length: int) -> tf.Tensor:
    """Gives the frequency response 1 / A of an all-pole filter.

    Args:
        coefficients: `[..., order]`.
        fft_length: Points around the unit circle, even, more than `order`.

    Returns:
        Complex, at the frequencies of `tf.signal.rfft`, `[..., fft_length // 2 + 1]`, as precise as
        `coefficients`.

    Raises:
        ArgumentError: `fft_length` is odd or too short.

    Example:
        >>> np.abs(lpc_response(tf.constant([-0.5]), fft_length=4)).round(3).tolist()[0]
        2.0
    """
    coefficients = _floating("coefficients", coefficients)
    order = coefficients.shape[-1]
    if fft_length % 2 or fft_length <= order:
        raise ArgumentError(
            f"`fft_length` should be even and more than the order, {order}. Received {fft_length}."
        )
    a = tf.concat([tf.ones_like(coefficients[..., :1]), coefficients], axis=-1)
    return 1.0 / padded_rfft(a, fft_length)


def _in_double(convert: Callable[[tf.Tensor], tf.Tensor], values: tf.Tensor) -> tf.Tensor:
    return tf.cast(convert(tf.cast(values, tf.float64)), values.dtype)


def _floating(name: str, values: Any, *, any_size: bool = False) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    unknown = values.shape.rank in (0, None) or (values.shape[-1] is None and not any_size)
    if not values.dtype.is_floating or unknown:
        raise ArgumentError(
            f"`{name}` should be real numbers with a last axis of known size. "
            f"Received {values.dtype.name} of shape {values.shape}."
        )
    return values
