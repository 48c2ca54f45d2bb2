"""What is measured of a room's impulse response: decay by octave, echo density, early energy.

Measures are in NumPy and float64: they are for reading, not for training (`losses.EnergyDecay` is
the differentiable one).
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

OCTAVES_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
"""Octaves in which rooms are measured."""

_SLOPE = 0.3
"""Octaves over which one band hands over to the next."""


def octave_weights(
    frequencies_hz: Any, bands_hz: Sequence[float], *, open_ends: bool = False
) -> FloatArray:
    """Gives how much of each frequency belongs to each octave: all weights of one add up to 1.

    Args:
        frequencies_hz: `[n]`, from 0.
        bands_hz: Centres an octave apart, rising, `[n_bands]`.
        open_ends: Whether the lowest band reaches to 0 and the highest to all above it; otherwise
            both end half an octave from their centres.

    Returns:
        From 0 to 1, `[n_bands, n]`.

    Raises:
        ArgumentError: No bands, or bands that don't rise by octaves.

    Example:
        >>> octave_weights([500.0, 1000.0, 4000.0], [500.0, 1000.0]).round(2).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    bands = np.asarray(bands_hz, np.float64)
    if not bands.size or np.any(bands <= 0) or not np.allclose(bands[1:], 2 * bands[:-1], rtol=0.1):
        raise ArgumentError(f"`bands_hz` should rise by octaves. Received {list(bands_hz)}.")
    octaves = np.log2(np.maximum(np.asarray(frequencies_hz, np.float64), 1e-6))
    # The share of what is above each edge; a band is between two edges.
    edges = np.log2(bands[0]) - 0.5 + np.arange(len(bands) + 1)
    ramps = np.clip((octaves - edges[:, np.newaxis]) / _SLOPE + 0.5, 0.0, 1.0)
    above = np.sin(0.5 * np.pi * ramps) ** 2
    if open_ends:
        above[0], above[-1] = 1.0, 0.0
    return above[:-1] - above[1:]


def octave_signals(
    response: FloatArray, bands_hz: Sequence[float] = OCTAVES_HZ, *, sample_rate: float
) -> FloatArray:
    """Splits a response into octaves, without delay; their energies add up where bands meet.

    Args:
        response: `[n_samples]`.
        bands_hz: As for `octave_weights`.
        sample_rate: In Hz.

    Returns:
        `[n_bands, n_samples]`.
    """
    response = _response(response)
    length = 1 << (2 * len(response)).bit_length()
    weights = octave_weights(np.fft.rfftfreq(length, 1 / sample_rate), bands_hz)
    spectrum = np.fft.rfft(response, length) * np.sqrt(weights)
    return np.fft.irfft(spectrum, length)[:, : len(response)]


def energy_decay_db(response: FloatArray) -> FloatArray:
    """Gives the energy that is still to come, in dB of all of it (Schroeder's integral).

    Args:
        response: `[..., n_samples]`.

    Returns:
        `[..., n_samples]`, from 0 downwards, -300 at the least.

    Example:
        >>> energy_decay_db(np.array([3.0, 1.0])).round(1).tolist()
        [0.0, -10.0]

    Reference:
        Schroeder 1965, "New method of measuring reverberation time".
    """
    energy = np.cumsum(np.square(np.asarray(response, np.float64))[..., ::-1], axis=-1)[..., ::-1]
    share = energy / np.maximum(energy[..., :1], 1e-300)
    return 10.0 * np.log10(np.maximum(share, 1e-30))


def reverberation_times_s(
    response: FloatArray,
    bands_hz: Sequence[float] = OCTAVES_HZ,
    *,
    sample_rate: float,
    fit_db: float = 30.0,
) -> FloatArray:
    """Measures the time of a decay by 60 dB in each octave, from a line through its first 35 dB.

    Args:
        response: An impulse response, `[n_samples]`.
        bands_hz: Octaves, `[n_bands]`.
        sample_rate: In Hz.
        fit_db: 30 fits the line from -5 to -35 dB (T30), 20 to -25 dB (T20).

    Returns:
        In s, `[n_bands]`; NaN where there is no sound, or nothing that falls as far.

    Raises:
        ArgumentError: Another shape, an empty response, or bands that don't rise by octaves.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> decay = noise * 10 ** (-3 * np.arange(16000) / 16000 / 0.5)
        >>> reverberation_times_s(decay, [1000.0, 2000.0], sample_rate=16000).round(1).tolist()
        [0.5, 0.5]

    Reference:
        ISO 3382-1:2009, section 5.3 (integrated impulse response) and annex A.
    """
    signals = octave_signals(response, bands_hz, sample_rate=sample_rate)
    total = np.sum(np.square(response))
    times = [
        _time(row, sample_rate, fit_db) if np.sum(row**2) > 1e-9 * total else np.nan
        for row in signals
    ]
    return np.array(times)


def _time(signal: FloatArray, sample_rate: float, fit_db: float) -> float:
    level = energy_decay_db(signal)
    first, last = int(np.argmax(level < -5.0)), int(np.argmax(level < -5.0 - fit_db))
    if last - first < 3:
        return float("nan")
    slope = np.polyfit(np.arange(first, last) / sample_rate, level[first:last], 1)[0]
    return float(-60.0 / slope)


def echo_density(response: FloatArray, *, sample_rate: float, window_s: float = 0.02) -> FloatArray:
    """Measures how far echoes have merged into noise: 0 is a single one, 1 is Gaussian noise.

    The share of samples beyond one standard deviation in a sliding window, over that of a normal
    distribution.

    Args:
        response: `[n_samples]`.
        sample_rate: In Hz.
        window_s: Length of the window (Hann), 20 to 30 ms.

    Returns:
        At each sample, `[n_samples]`.

    Raises:
        ArgumentError: Another shape, an empty response, or a window below two samples.

    Reference:
        Abel and Huang 2006, "A simple, robust measure of reverberation echo density", equation 3.
    """
    response = _response(response)
    length = 2 * round(window_s * sample_rate / 2) + 1
    if length < 3:
        raise ArgumentError(f"`window_s` should hold two samples at least. Received {window_s} s.")
    window = np.hanning(length + 2)[1:-1]
    weights = np.convolve(np.ones(len(response)), window, "same")
    power = _smoothed(response**2, window) / weights
    deviation = np.sqrt(np.maximum(power, 0.0))
    n = len(response)
    # Windows around samples: those beyond the deviation at the window's centre.
    counts = np.zeros(n)
    for offset, weight in enumerate(window, -(length // 2)):
        lo, hi = max(0, -offset), min(n, n - offset)
        counts[lo:hi] += weight * (np.abs(response[lo + offset : hi + offset]) > deviation[lo:hi])
    return counts / weights / math.erfc(1 / math.sqrt(2))


def clarity_db(
    response: FloatArray, *, sample_rate: float, early_s: float = 0.08, onset: int | None = None
) -> float:
    """Gives the energy of the first 80 ms after the direct sound over that of all after them (C80).

    Args:
        response: `[n_samples]`.
        sample_rate: In Hz.
        early_s: 0.08 for music (C80), 0.05 for speech (C50).
        onset: Sample of the direct sound; None: the largest.

    Returns:
        In dB, within -120 and 120.

    Reference:
        ISO 3382-1:2009, annex A.2.3.
    """
    response = _response(response)
    start = int(np.argmax(np.abs(response))) if onset is None else onset
    split = start + round(early_s * sample_rate)
    energies = [float(np.sum(part**2)) for part in (response[:split], response[split:])]
    return float(np.clip(10 * np.log10((energies[0] + 1e-30) / (energies[1] + 1e-30)), -120, 120))


def _response(response: Any) -> FloatArray:
    response = np.asarray(response, np.float64)
    if response.ndim != 1 or not response.size:
        raise ArgumentError(
            f"`response` should be [n_samples], not empty. Received shape {response.shape}."
        )
    return response


def _smoothed(values: FloatArray, window: FloatArray) -> FloatArray:
    length = 1 << (len(values) + len(window)).bit_length()
    product = np.fft.rfft(values, length) * np.fft.rfft(window, length)
    half = len(window) // 2
    return np.fft.irfft(product, length)[half : half + len(values)]
