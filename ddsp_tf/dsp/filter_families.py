"""Random stable filters of six families, as second-order sections, in NumPy and float64.

A network that learns from one family alone designs badly what others draw. All are of minimum
phase: roots outside the circle are mirrored at it, which changes a magnitude by a factor.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_OUTERMOST = 0.9999
"""Of the drawn roots: beyond, peaks are narrower than anybody samples."""
_LOWEST, _HIGHEST = 0.01 * math.pi, 0.95 * math.pi
_MOST_DB, _LEAST_Q, _MOST_Q = 18.0, 0.3, 10.0


def random_filters(
    random: np.random.Generator, family: str, n_filters: int, *, order: int = 16
) -> FloatArray:
    """Draws filters of one family.

    Args:
        random: Where all chance comes from.
        family: "normal_polynomial": numerator and denominator have normal coefficients;
            "normal_biquads": those of each section are; "uniform_disk": poles and zeros are
            uniform over the disk; "uniform_radius": over radius and angle;
            "random_matrix": they are the eigenvalues of matrices of normal numbers;
            "parametric_equalizer": a low shelf, bells and a high shelf of uniform frequencies
            (0.01 to 0.95 of half the sample rate), gains (18 dB up or down) and Q (0.3 to 10;
            shelves 0.3 to 1).
        n_filters: How many.
        order: Poles of each, and zeros; even.

    Returns:
        b0, b1, b2, a1, a2 of each section, `[n_filters, order / 2, 5]`, float64. The mean level of
        all but the equalisers, in dB over the circle, is 0.

    Raises:
        ArgumentError: There is no such family, or a number is out of range.

    Example:
        >>> filters = random_filters(np.random.default_rng(0), "uniform_disk", 3)
        >>> filters.shape
        (3, 8, 5)

    Reference:
        Colonel, Steinmetz, Michelen and Reiss 2022, "Direct design of biquad filter cascades with
        deep learning by sampling random polynomials".
    """
    if family not in FILTER_FAMILIES:
        raise ArgumentError(
            f"`family` should be one of {', '.join(FILTER_FAMILIES)}. Received {family!r}."
        )
    if n_filters < 0 or order < 2 or order % 2:
        raise ArgumentError(
            "`n_filters` should not be negative, and `order` even and 2 or more. Received "
            f"{n_filters} and {order}."
        )
    if family == _EQUALIZER:
        return _equalizers(random, n_filters, order)
    draw = _ROOTS[family]
    a, b = (sections_from_roots(_inside(draw(random, n_filters, order))) for _ in range(2))
    return np.concatenate([b, a[..., 1:]], axis=-1)


def sections_magnitude_db(sections: FloatArray, *, n_points: int) -> FloatArray:
    """Gives the magnitude response of sections in series.

    Args:
        sections: `[..., n_sections, 5]`.
        n_points: Frequencies, evenly from 0 to half the sample rate, both included.

    Returns:
        In dB, `[..., n_points]`, float64; at least -300 for each section.
    """
    angles = np.linspace(0.0, math.pi, n_points)
    cosines = np.stack([np.ones(n_points), 2.0 * np.cos(angles), 2.0 * np.cos(2.0 * angles)])
    sections = np.asarray(sections, np.float64)
    a = np.concatenate([np.ones_like(sections[..., :1]), sections[..., 3:]], axis=-1)
    b_power, a_power = (
        np.prod(np.maximum(_autocorrelation(x) @ cosines, 1e-30), axis=-2)
        for x in (sections[..., :3], a)
    )
    return 10.0 * np.log10(b_power / a_power)


def sections_from_roots(roots: FloatArray) -> FloatArray:
    """Gathers the roots of real polynomials into polynomials of second order.

    Args:
        roots: Complex, an even number, each complex one with its conjugate, `[..., order]`.

    Returns:
        `[..., order / 2, 3]`, the first coefficient 1. Real roots are paired with their neighbours.
    """
    roots = np.asarray(roots, np.complex128)
    # Conjugates next to each other, then real roots by their places.
    keys = (roots.imag, np.abs(roots.imag), roots.real, roots.imag == 0.0)
    ordered = np.take_along_axis(roots, np.lexsort(keys, axis=-1), axis=-1)
    first, second = ordered[..., 0::2], ordered[..., 1::2]
    return np.stack([np.ones(first.shape), -(first + second).real, (first * second).real], -1)


def polynomial_roots(coefficients: FloatArray) -> FloatArray:
    """Finds the roots of many polynomials at once.

    Args:
        coefficients: Of the highest power first, which is not 0, `[..., order + 1]`.

    Returns:
        Complex, `[..., order]`.
    """
    order = coefficients.shape[-1] - 1
    companions = np.zeros((*coefficients.shape[:-1], order, order))
    companions[..., 0, :] = -coefficients[..., 1:] / coefficients[..., :1]
    companions[..., np.arange(1, order), np.arange(order - 1)] = 1.0
    return np.linalg.eigvals(companions).astype(np.complex128)


def _autocorrelation(x: FloatArray) -> FloatArray:
    """Of three coefficients: their squared response is the sum of these times cosines."""
    first, second, third = x[..., 0], x[..., 1], x[..., 2]
    return np.stack([np.sum(x * x, -1), second * (first + third), first * third], -1)


def _inside(roots: FloatArray) -> FloatArray:
    """Mirrors roots at the circle, and keeps them off it."""
    radius = np.maximum(np.abs(roots), 1e-300)
    return roots / radius * np.minimum(np.minimum(radius, 1.0 / radius), _OUTERMOST)


def _normal_polynomial(random: np.random.Generator, n_filters: int, order: int) -> FloatArray:
    return polynomial_roots(random.standard_normal([n_filters, order + 1]))


def _normal_biquads(random: np.random.Generator, n_filters: int, order: int) -> FloatArray:
    coefficients = random.standard_normal([n_filters, order // 2, 3])
    return polynomial_roots(coefficients).reshape(n_filters, order)


def _uniform_disk(random: np.random.Generator, n_filters: int, order: int) -> FloatArray:
    return _conjugates(random, np.sqrt(random.uniform(size=[n_filters, order // 2])))


def _uniform_radius(random: np.random.Generator, n_filters: int, order: int) -> FloatArray:
    return _conjugates(random, random.uniform(size=[n_filters, order // 2]))


def _random_matrix(random: np.random.Generator, n_filters: int, order: int) -> FloatArray:
    matrices = random.standard_normal([n_filters, order, order]) / math.sqrt(order)
    return np.linalg.eigvals(matrices).astype(np.complex128)


def _conjugates(random: np.random.Generator, radius: FloatArray) -> FloatArray:
    roots = radius * np.exp(1j * math.pi * random.uniform(size=radius.shape))
    return np.concatenate([roots, roots.conj()], axis=-1)


def _equalizers(random: np.random.Generator, n_filters: int, order: int) -> FloatArray:
    """Bells; the first and the last section are shelves.

    The formulas are those of `dsp.biquads`, which is TensorFlow and can't be called from the
    threads that draw a batch.
    """
    shape = [n_filters, order // 2]
    angle = random.uniform(_LOWEST, _HIGHEST, shape)
    amplitude = 10.0 ** (random.uniform(-_MOST_DB, _MOST_DB, shape) / 40.0)
    bells = _bells(angle, amplitude, random.uniform(_LEAST_Q, _MOST_Q, shape))
    q = random.uniform(_LEAST_Q, 1.0, [n_filters, 2])
    bells[:, 0] = _shelves(angle[:, 0], amplitude[:, 0], q[:, 0], side=1.0)
    if order > 2:
        bells[:, -1] = _shelves(angle[:, -1], amplitude[:, -1], q[:, 1], side=-1.0)
    return bells


def _bells(angle: FloatArray, amplitude: FloatArray, q: FloatArray) -> FloatArray:
    alpha, middle = np.sin(angle) / (2.0 * q), -2.0 * np.cos(angle)
    b = (1.0 + alpha * amplitude, middle, 1.0 - alpha * amplitude)
    a = (1.0 + alpha / amplitude, middle, 1.0 - alpha / amplitude)
    return _normalized(b, a)


def _shelves(angle: FloatArray, amplitude: FloatArray, q: FloatArray, *, side: float) -> FloatArray:
    """Low shelves (side 1) or high shelves (side -1)."""
    cosine = side * np.cos(angle)
    width = np.sqrt(amplitude) * np.sin(angle) / q
    above, below = amplitude + 1.0, amplitude - 1.0
    b = (
        amplitude * (above - below * cosine + width),
        amplitude * 2.0 * side * (below - above * cosine),
        amplitude * (above - below * cosine - width),
    )
    a = (
        above + below * cosine + width,
        -2.0 * side * (below + above * cosine),
        above + below * cosine - width,
    )
    return _normalized(b, a)


def _normalized(b: Sequence[FloatArray], a: Sequence[FloatArray]) -> FloatArray:
    return np.stack([*b, *a[1:]], axis=-1) / a[0][..., np.newaxis]


_Draw = Callable[[np.random.Generator, int, int], Any]

_ROOTS: dict[str, _Draw] = {
    "normal_polynomial": _normal_polynomial,
    "normal_biquads": _normal_biquads,
    "uniform_disk": _uniform_disk,
    "uniform_radius": _uniform_radius,
    "random_matrix": _random_matrix,
}
_EQUALIZER = "parametric_equalizer"

FILTER_FAMILIES = (*_ROOTS, _EQUALIZER)
"""The names of the families."""
