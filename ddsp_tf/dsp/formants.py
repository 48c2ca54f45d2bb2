"""Formants: the resonances of a voice."""

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray


def formants_of_lpc(
    coefficients: FloatArray,
    *,
    sample_rate: float,
    widest_hz: float = 500.0,
    lowest_hz: float = 90.0,
    n_formants: int | None = None,
) -> FloatArray:
    """Finds the resonances of all-pole filters: their poles that are sharp enough.

    Args:
        coefficients: Without the leading 1, `[..., order]`.
        sample_rate: In Hz.
        widest_hz: Poles of greater bandwidth are no formants.
        lowest_hz: Nor are poles below.
        n_formants: How many, the lowest. None: all; of several filters, as many as that has which
            has the most.

    Returns:
        Frequencies in Hz, ascending, NaN where a filter has no more, `[..., n_formants]`.

    Raises:
        ArgumentError: The coefficients have no axis, or aren't finite.

    Example:
        >>> radius, angle = 0.98, 2 * np.pi * 500 / 8000
        >>> pair = np.array([-2 * radius * np.cos(angle), radius**2])
        >>> formants_of_lpc(pair, sample_rate=8000).round(1).tolist()
        [500.0]

    Reference:
        Markel and Gray 1976, Linear Prediction of Speech, section 7.1.
    """
    coefficients = np.asarray(coefficients, np.float64)
    if coefficients.ndim < 1 or not np.isfinite(coefficients).all():
        raise ArgumentError(
            "`coefficients` should be finite, [..., order]. Received the shape "
            f"{coefficients.shape}."
        )
    order = coefficients.shape[-1]
    companion = np.tile(np.eye(order, k=-1), [*coefficients.shape[:-1], 1, 1])
    companion[..., :1, :] = -coefficients[..., np.newaxis, :]
    poles = np.linalg.eigvals(companion)
    hz = np.angle(poles) * sample_rate / (2 * np.pi)
    widths = -np.log(np.maximum(np.abs(poles), 1e-12)) * sample_rate / np.pi
    sharp = (np.imag(poles) > 0) & (widths < widest_hz) & (hz > lowest_hz)
    # NaN is sorted to the end.
    found: FloatArray = np.sort(np.where(sharp, hz, np.nan), axis=-1)
    if n_formants is None:
        n_formants = int(np.max(np.sum(sharp, axis=-1), initial=0))
    missing = [(0, 0)] * (found.ndim - 1) + [(0, max(0, n_formants - order))]
    return np.pad(found, missing, constant_values=np.nan)[..., :n_formants]


def formants_of_response(magnitudes: FloatArray, frequencies_hz: FloatArray) -> FloatArray:
    """Finds the peaks of a frequency response, between its points by a parabola through three.

    Args:
        magnitudes: Above 0, at evenly spaced frequencies, `[n_frequencies]`.
        frequencies_hz: Where they were taken, ascending.

    Returns:
        Frequencies in Hz, ascending, `[n_formants]`.

    Raises:
        ArgumentError: The two aren't of one length.

    Example:
        >>> hz = np.arange(0.0, 1000.0, 10.0)
        >>> formants_of_response(1 / (1 + ((hz - 423) / 50) ** 2), hz).round().tolist()
        [423.0]
    """
    if np.shape(magnitudes) != np.shape(frequencies_hz) or np.ndim(magnitudes) != 1:
        raise ArgumentError(
            "`magnitudes` and `frequencies_hz` should be [n_frequencies]. Received the shapes "
            f"{np.shape(magnitudes)} and {np.shape(frequencies_hz)}."
        )
    level = np.log(np.maximum(np.asarray(magnitudes, np.float64), 1e-300))
    left, here, right = level[:-2], level[1:-1], level[2:]
    peaks = np.flatnonzero((here > left) & (here >= right))
    bend = left[peaks] - 2 * here[peaks] + right[peaks]
    places = 1 + peaks + 0.5 * (left[peaks] - right[peaks]) / bend
    found: FloatArray = np.interp(places, np.arange(len(level)), frequencies_hz)
    return found
