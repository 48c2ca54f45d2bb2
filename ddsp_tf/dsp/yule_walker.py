"""Recursive filters for given magnitude responses by the modified Yule-Walker equations, in NumPy.

The classic that others are measured against: it solves linear equations, and what it makes small is
an error of powers, so that valleys of a response count for little.
"""

import math

import numpy as np

from ddsp_tf.dsp.filter_families import polynomial_roots, sections_from_roots
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_OUTERMOST = 1.0 - 1e-6
_LEAST_POWER = 1e-15


def yule_walker_sections(
    magnitude_db: FloatArray, *, order: int = 16, n_lags: int | None = None
) -> FloatArray:
    """Designs filters by the modified Yule-Walker equations.

    The denominator solves, by least squares, the recursion that the autocorrelation of the wanted
    power obeys beyond the order of the numerator; its roots outside the circle are mirrored. The
    numerator is the one with which the filter comes nearest to the impulse response of minimum
    phase that the wanted power has, by its cepstrum. (The classic takes the power that is left for
    the numerator instead, which may come out negative, and is 3 dB worse on random filters.)

    Args:
        magnitude_db: In dB, evenly from 0 to half the sample rate, both included,
            `[n_filters, n_points]`.
        order: Poles of each filter, and zeros; even.
        n_lags: Equations of the recursion, at least `order`. None: half as many as points.

    Returns:
        b0, b1, b2, a1, a2 of each section, `[n_filters, order / 2, 5]`, float64.

    Raises:
        ArgumentError: The responses aren't finite, there are too few points, or a number is out of
            range.

    Example:
        >>> low_pass = np.where(np.arange(512) < 100, 0.0, -40.0)[np.newaxis]
        >>> yule_walker_sections(low_pass, order=8).shape
        (1, 4, 5)

    Reference:
        Friedlander and Porat 1984, "The modified Yule-Walker method of ARMA spectral estimation",
        IEEE Transactions on Aerospace and Electronic Systems 20 (2).
    """
    magnitude_db = np.asarray(magnitude_db, np.float64)
    n_points = magnitude_db.shape[-1] if magnitude_db.ndim == 2 else 0
    n_lags = n_points // 2 if n_lags is None else n_lags
    if order < 2 or order % 2 or n_lags < order or order + n_lags >= n_points:
        raise ArgumentError(
            "`magnitude_db` should be [n_filters, n_points] with more points than `order` (even) "
            f"and `n_lags` together. Received {magnitude_db.shape}, {order} and {n_lags}."
        )
    if not np.isfinite(magnitude_db).all():
        raise ArgumentError("`magnitude_db` has NaN or infinite values. Leave these points out.")
    level_db = magnitude_db.max(axis=-1, keepdims=True)
    power = np.maximum(10.0 ** ((magnitude_db - level_db) / 10.0), _LEAST_POWER)
    a = _denominators(np.fft.irfft(power), order, n_lags)
    b = _fit(_decaying(a, n_points), _minimum_phase(power), order)
    (poles, _), (zeros, gain) = _roots_within(a), _roots_within(b)
    numerator, denominator = sections_from_roots(zeros), sections_from_roots(poles)
    sections = np.concatenate([numerator, denominator[..., 1:]], axis=-1)
    sections[:, 0, :3] *= gain[:, np.newaxis] * 10.0 ** (level_db / 20.0)
    return sections


def _denominators(lags: FloatArray, order: int, n_lags: int) -> FloatArray:
    """Least squares on the equations sum_i a_i r(k - i) = -r(k) for lags beyond the order."""
    taper = 0.54 + 0.46 * np.cos(math.pi * np.arange(order + n_lags + 1) / (order + n_lags))
    tapered = lags[:, : order + n_lags + 1] * taper
    later = order + 1 + np.arange(n_lags)
    before = np.abs(later[:, np.newaxis] - 1 - np.arange(order))
    solved = np.linalg.pinv(tapered[:, before]) @ -tapered[:, later, np.newaxis]
    a = np.concatenate([np.ones([len(lags), 1]), solved[..., 0]], axis=-1)
    return _expanded(_roots_within(a)[0])


def _minimum_phase(power: FloatArray) -> FloatArray:
    """The impulse responses of minimum phase that have given powers, by their cepstra."""
    n_points = power.shape[-1]
    cepstrum = np.fft.irfft(np.log(power) / 2.0)
    cepstrum[:, 1 : n_points - 1] *= 2.0
    cepstrum[:, n_points:] = 0.0
    return np.fft.irfft(np.exp(np.fft.rfft(cepstrum)))[:, :n_points]


def _decaying(a: FloatArray, n_samples: int) -> FloatArray:
    """The impulse responses of 1 / a, `[n_filters, n_samples]`."""
    response = np.zeros([len(a), n_samples])
    response[:, 0] = 1.0
    for n in range(1, n_samples):
        newest = response[:, max(0, n - a.shape[-1] + 1) : n][:, ::-1]
        response[:, n] = -np.sum(a[:, 1 : 1 + newest.shape[-1]] * newest, axis=-1)
    return response


def _fit(recursion: FloatArray, target: FloatArray, order: int) -> FloatArray:
    """Least squares: the numerator with which 1 / a comes nearest to an impulse response."""
    n_filters, n_samples = target.shape
    delayed = np.zeros([n_filters, n_samples, order + 1])
    for delay in range(order + 1):
        delayed[:, delay:, delay] = recursion[:, : n_samples - delay]
    return (np.linalg.pinv(delayed) @ target[..., np.newaxis])[..., 0]


def _roots_within(coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Roots, those outside the circle mirrored into it, and the first coefficient that then fits.

    Where the first coefficient is 0, a root is at infinity: it is mirrored to 0.
    """
    least = 1e-12 * np.max(np.abs(coefficients), axis=-1) + 1e-300
    first = np.maximum(np.abs(coefficients[:, 0]), least)
    led = np.concatenate(
        [np.copysign(first, coefficients[:, 0])[:, np.newaxis], coefficients[:, 1:]], axis=-1
    )
    roots = polynomial_roots(led)
    radius = np.maximum(np.abs(roots), 1e-300)
    gain = led[:, 0] * np.prod(np.maximum(radius, 1.0), axis=-1)
    return roots / radius * np.minimum(np.minimum(radius, 1.0 / radius), _OUTERMOST), gain


def _expanded(roots: FloatArray) -> FloatArray:
    """Polynomials of roots, the first coefficient 1."""
    polynomial = np.ones([len(roots), 1], np.complex128)
    for root in np.moveaxis(roots, -1, 0):
        longer = np.pad(polynomial, [(0, 0), (0, 1)])
        longer[:, 1:] -= root[:, np.newaxis] * polynomial
        polynomial = longer
    return polynomial.real
