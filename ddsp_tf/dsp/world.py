"""What WORLD's vocoder reads: envelopes and aperiodicities, as filters and as few numbers."""

import functools
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.mel import mel_bands
from ddsp_tf.dsp.minimum_phase import minimum_phase
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

Mixing = Literal["power", "amplitude"]

_LEAST_POWER = 1e-20
_LEAST_GAIN, _LEAST_NOISE = 1e-4, 0.01
_LEAST_AMPLITUDE = 1e-5
"""The paper's epsilon, -100 dB."""


def world_responses(
    envelope: tf.Tensor, aperiodicity: tf.Tensor, *, mixing: Mixing = "power"
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the filters of pulses and of noise, both of minimum phase.

    With `mixing="power"`, as WORLD reads its aperiodicity, the powers of both add up to the
    envelope; with "amplitude", as the paper writes it, the amplitudes do:

        power:      sqrt((1 - ap^2) sp),  ap sqrt(sp)
        amplitude:  (1 - ap) sqrt(sp),    ap sqrt(sp)

    Args:
        envelope: Power `sp`, `[..., n_bins]`, >= 0; below -200 dB it is held there.
        aperiodicity: `ap`, of the same shape, 0 to 1. Noise stays above -40 dB, pulses above -80.
        mixing: Which of them.

    Returns:
        Complex responses of pulses and of noise, `[..., n_bins]`.

    Raises:
        ArgumentError: `mixing` is another.

    Example:
        >>> pulses, noise = world_responses(np.ones([1, 65]), np.full([1, 65], 0.6))
        >>> round(float(abs(pulses[0, 9])), 3), round(float(abs(noise[0, 9])), 3)
        (0.8, 0.6)

    Reference:
        Nercessian 2023, "Differentiable WORLD synthesizer-based neural vocoder with application to
        end-to-end audio style transfer", section 2; Morise et al. 2016, "WORLD".
    """
    if mixing not in ("power", "amplitude"):
        raise ArgumentError(f'`mixing` should be "power" or "amplitude". Received {mixing!r}.')
    envelope, aperiodicity = _real(envelope), _real(aperiodicity)
    aperiodicity = tf.cast(aperiodicity, envelope.dtype)
    level = 0.5 * tf.math.log(tf.maximum(envelope, _LEAST_POWER))
    if mixing == "power":
        periodic = 0.5 * tf.math.log(tf.maximum(1.0 - aperiodicity**2, _LEAST_GAIN**2))
    else:
        periodic = tf.math.log(tf.maximum(1.0 - aperiodicity, _LEAST_GAIN))
    noise = tf.math.log(tf.maximum(aperiodicity, _LEAST_NOISE))
    return minimum_phase(level + periodic), minimum_phase(level + noise)


def compress_envelope(envelope: tf.Tensor, *, n_bands: int, sample_rate: float) -> tf.Tensor:
    """Writes an envelope as few numbers: `log10(M sqrt(sp) + 1e-5)`.

    M are Slaney's mel bands from 0 Hz to Nyquist, each a weighted mean.

    Args:
        envelope: Power, `[..., n_bins]`, >= 0.
        n_bands: Numbers a frame.
        sample_rate: In Hz.

    Returns:
        `[..., n_bands]`, -5 or more: a tenth of the bands' levels in half decibels.

    Example:
        >>> few = compress_envelope(np.full([1, 513], 0.01), n_bands=80, sample_rate=16000)
        >>> few.shape, round(float(few[0, 40]), 3)
        (TensorShape([1, 80]), -1.0)

    Reference:
        Nercessian 2023, section 2.
    """
    envelope = _real(envelope)
    bands, _ = _bands(n_bands, envelope.shape[-1], float(sample_rate))
    # The square root has no gradient at 0.
    amplitude = tf.sqrt(tf.maximum(envelope, 1e-20)) @ tf.constant(bands.T, envelope.dtype)
    return tf.math.log(amplitude + _LEAST_AMPLITUDE) / np.log(10.0)


def decompress_envelope(compressed: tf.Tensor, *, n_bins: int, sample_rate: float) -> tf.Tensor:
    """Reads what `compress_envelope` wrote: `sp = (max(M^+, 0) (10^s - 1e-5))^2`.

    `M^+` is the pseudo-inverse; its rows are scaled so that an even envelope stays what it is.

    Args:
        compressed: `[..., n_bands]`.
        n_bins: Of the envelope.
        sample_rate: In Hz.

    Returns:
        Power, `[..., n_bins]`, >= 0.

    Example:
        >>> flat = compress_envelope(np.ones([1, 513]), n_bands=80, sample_rate=16000)
        >>> same = decompress_envelope(flat, n_bins=513, sample_rate=16000)
        >>> round(float(same[0, 100]), 3)
        1.0

    Reference:
        Nercessian 2023, section 2.
    """
    compressed = _real(compressed)
    _, inverse = _bands(compressed.shape[-1], n_bins, float(sample_rate))
    amplitude = tf.maximum(10.0**compressed - _LEAST_AMPLITUDE, 0.0)
    return tf.square(amplitude @ tf.constant(inverse.T, compressed.dtype))


def compress_aperiodicity(aperiodicity: tf.Tensor, *, n_points: int) -> tf.Tensor:
    """Reads an aperiodicity at points evenly spaced from 0 Hz to Nyquist.

    Args:
        aperiodicity: `[..., n_bins]`.
        n_points: Numbers a frame.

    Returns:
        `[..., n_points]`.
    """
    aperiodicity = _real(aperiodicity)
    return aperiodicity @ tf.constant(
        _interpolation(aperiodicity.shape[-1], n_points), aperiodicity.dtype
    )


def decompress_aperiodicity(points: tf.Tensor, *, n_bins: int) -> tf.Tensor:
    """Joins the points of `compress_aperiodicity` by straight lines.

    Args:
        points: `[..., n_points]`.
        n_bins: From 0 Hz to Nyquist.

    Returns:
        `[..., n_bins]`.

    Example:
        >>> decompress_aperiodicity(np.array([[0.0, 1.0]]), n_bins=5).numpy().tolist()
        [[0.0, 0.25, 0.5, 0.75, 1.0]]
    """
    points = _real(points)
    return points @ tf.constant(_interpolation(points.shape[-1], n_bins), points.dtype)


@functools.lru_cache(maxsize=8)
def _bands(n_bands: int, n_bins: int, sample_rate: float) -> tuple[FloatArray, FloatArray]:
    """Bands that are weighted means, and their inverse without negative entries."""
    bands = mel_bands(int(sample_rate), 2 * (n_bins - 1), n_bands, per_hz=False).T
    sums = bands.sum(axis=1, keepdims=True)
    if np.any(sums == 0.0):
        raise ArgumentError(
            f"`n_bands` should be so few that each holds one of the {n_bins} bins. "
            f"Received {n_bands}."
        )
    bands = bands / sums
    inverse = np.maximum(np.linalg.pinv(bands), 0.0)
    # The bins at both ends lie in no band: they are as the next one.
    held = np.flatnonzero(inverse.sum(axis=1) > 1e-6)
    inverse = inverse[np.clip(np.arange(n_bins), held[0], held[-1])]
    return bands, inverse / inverse.sum(axis=1, keepdims=True)


@functools.lru_cache(maxsize=8)
def _interpolation(n_points: int, n_places: int) -> FloatArray:
    """`[n_points, n_places]`: straight lines between points."""
    if n_points < 2 or n_places < 2:
        raise ArgumentError(
            f"Two points at least should be there and be asked for. Received {n_points} and "
            f"{n_places}."
        )
    places = np.linspace(0.0, n_points - 1.0, n_places)
    return np.maximum(0.0, 1.0 - np.abs(np.arange(n_points)[:, np.newaxis] - places))


def _real(values: Any) -> tf.Tensor:
    values = tf.convert_to_tensor(values)
    return values if values.dtype == tf.float64 else tf.cast(values, tf.float32)
