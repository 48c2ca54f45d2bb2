"""Pitches beyond what the tracker can hear: whistles above, a contrabass' lowest notes below."""

from dataclasses import dataclass

import numpy as np

LOWEST_HZ, HIGHEST_HZ = 31.7, 2005.5
"""What CREPE hears."""

_STEP_S = 0.04
_ABOVE_WINDOW_S = 0.032
# One partial has this share of a high note's power; a consonant's or cymbal's noise has far less.
_PURE_SHARE = 0.6
_BELOW_RANGE_HZ = (18.0, LOWEST_HZ)
_BELOW_WINDOW_S = 0.256
_BELOW_RATE = 1000
_PERIODIC = 0.9
# Sooner repeated, the sound has a pitch that the tracker does hear.
_BETTER = 0.5
_PRIMES = (2, 3, 5, 7, 11, 13)
_STEP_CENTS = 10.0
_BLOCK = 256


@dataclass(frozen=True)
class BeyondLimits:
    """How much of a sound has a clear pitch that no tracker of ddsp_tf hears.

    Attributes:
        above_share: Share of the frames asked for whose pitch is above 2,005 Hz, 0 to 1.
        below_share: Share of them whose pitch is below 32 Hz, down to 18 Hz, 0 to 1.
    """

    above_share: float
    below_share: float


def measure_beyond_limits(
    audio: np.ndarray,
    sounding: np.ndarray,
    unsure: np.ndarray,
    *,
    sample_rate: int,
    hop_length: int,
) -> BeyondLimits:
    """Listens where something sounds and the tracker is unsure, every 40 ms.

    A pitch above the limits is one partial between 2,005 Hz and 8 kHz that has most of the power.
    One below them is a period of 32 to 56 ms after which the sound repeats, and much better than
    after a part of it.

    Args:
        audio: `[n_samples]` mono.
        sounding: bool `[n_frames]`, the frames that count.
        unsure: bool `[n_frames]`, those in which the tracker found no pitch.
        sample_rate: Samples a second.
        hop_length: Samples a frame.

    Example:
        >>> whistle = np.sin(2 * np.pi * 2500 * np.arange(16000) / 16000)
        >>> everywhere = np.full(250, True)
        >>> measure_beyond_limits(
        ...     whistle, everywhere, everywhere, sample_rate=16000, hop_length=64)
        BeyondLimits(above_share=1.0, below_share=0.0)
    """
    step = max(1, round(_STEP_S * sample_rate / hop_length))
    frames = np.arange(0, len(sounding), step)
    n_sounding = max(int(np.count_nonzero(sounding[frames])), 1)
    wanted = frames[sounding[frames] & unsure[frames]] * hop_length
    n_above = n_below = 0
    for block in np.split(wanted, range(_BLOCK, len(wanted), _BLOCK)):
        if len(block):
            n_above += int(np.count_nonzero(_is_above(audio, block, sample_rate)))
            n_below += int(np.count_nonzero(_is_below(audio, block, sample_rate)))
    return BeyondLimits(n_above / n_sounding, n_below / n_sounding)


def _windows(audio: np.ndarray, centres: np.ndarray, length: int) -> np.ndarray:
    """Samples around the centres, `[n_centres, length]`; where there are none, zeros."""
    samples = centres[:, np.newaxis] + np.arange(length) - length // 2
    inside = (samples >= 0) & (samples < len(audio))
    return np.where(inside, audio[np.clip(samples, 0, len(audio) - 1)], 0.0)


def _is_above(audio: np.ndarray, centres: np.ndarray, sample_rate: int) -> np.ndarray:
    length = round(_ABOVE_WINDOW_S * sample_rate)
    spectra = np.fft.rfft(_windows(audio, centres, length) * np.hanning(length))
    power = np.square(np.abs(spectra))
    hz = np.fft.rfftfreq(length, 1.0 / sample_rate)
    strongest = np.argmax(power, axis=1)
    near = np.abs(np.arange(len(hz)) - strongest[:, np.newaxis]) <= 2
    share = np.sum(power, axis=1, where=near) / np.maximum(np.sum(power, axis=1), 1e-12)
    pitch_hz = hz[strongest]
    # A bin is 31 Hz wide: nearer to the limit the tracker may hear it.
    return (share > _PURE_SHARE) & (pitch_hz > HIGHEST_HZ + hz[1]) & (pitch_hz < 8000.0)


def _is_below(audio: np.ndarray, centres: np.ndarray, sample_rate: int) -> np.ndarray:
    length = round(_BELOW_WINDOW_S * sample_rate)
    spectra = np.fft.rfft(_windows(audio, centres, length))
    # Cut off above 400 Hz, it is the spectrum of a slower signal.
    n_slow = round(_BELOW_WINDOW_S * _BELOW_RATE)
    hz = np.arange(n_slow // 2 + 1) / _BELOW_WINDOW_S
    slow_spectra = np.zeros([len(centres), len(hz)], complex)
    n_bins = min(spectra.shape[1], len(hz))
    slow_spectra[:, :n_bins] = spectra[:, :n_bins]
    slow_spectra *= np.clip((420.0 - hz) / 100.0, 0.0, 1.0)
    slow_spectra[:, 0] = 0.0
    aperiodicity, f0_hz = _aperiodicity(np.fft.irfft(slow_spectra, n_slow))
    n_low = int(np.searchsorted(f0_hz, _BELOW_RANGE_HZ[1]))
    found = aperiodicity[:, 1:n_low]
    valley = (found <= aperiodicity[:, : n_low - 1]) & (found <= aperiodicity[:, 2 : n_low + 1])
    least = np.full(found.shape, np.inf)
    for prime in _PRIMES:
        first = 1 + round(1200 * np.log2(prime) / _STEP_CENTS)
        for beside in (-1, 0, 1):
            part = aperiodicity[:, first + beside : first + beside + n_low - 1]
            least[:, : part.shape[1]] = np.minimum(least[:, : part.shape[1]], part)
    periodic = (1.0 - found > _PERIODIC) & (found < _BETTER * least - 0.01)
    return np.any(valley & periodic, axis=1)


def _aperiodicity(slow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One less the normalised autocorrelation after a period of each frequency, and these."""
    n_steps = int(1200 * np.log2(400.0 / _BELOW_RANGE_HZ[0]) / _STEP_CENTS)
    f0_hz = _BELOW_RANGE_HZ[0] * 2.0 ** (_STEP_CENTS * np.arange(n_steps) / 1200)
    lags = _BELOW_RATE / f0_hz
    n_samples = slow.shape[1]
    power = np.square(np.abs(np.fft.rfft(slow, 2 * n_samples)))
    power[:, 1:-1] *= 2.0
    turns = np.outer(np.arange(n_samples + 1) / (2 * n_samples), lags)
    products = power @ np.cos(2 * np.pi * turns) / (2 * n_samples)
    sample = np.arange(n_samples)[:, np.newaxis]
    overlaps = np.clip(n_samples - lags - sample, 0, 1) + np.clip(sample + 1 - lags, 0, 1)
    energy = np.maximum(np.square(slow) @ overlaps, 1e-10)
    return 1.0 - 2.0 * products / energy, f0_hz
