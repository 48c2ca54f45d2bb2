"""A pitch to the cent, from one that is nearly right."""

import numpy as np

from ddsp_tf.features.world.pitch_windows import fft_length_for
from ddsp_tf.types import FloatArray

_N_PARTIALS = (2, 6)
_MOST_CHANGE = 0.2
_LOWEST_HZ = 40.0
_FRAMES_AT_ONCE = 256
_SURE, _LOWEST_TRACKED_HZ = 0.4, 32.0


def refine_tracked_pitch(
    audio: FloatArray,
    f0_hz: FloatArray,
    confidence: FloatArray,
    *,
    sample_rate: int,
    hop_length: int,
) -> FloatArray:
    """Refines what a tracker heard at the frames; 0 where it isn't sure of a voice's pitch.

    Args:
        audio: `[n_samples]`.
        f0_hz: `[n_frames]`. What is below 32 Hz or from a quarter of the rate on counts as none.
        confidence: `[n_frames]`; below 0.4 there is no pitch.
        sample_rate: In Hz.
        hop_length: Samples per frame.

    Returns:
        float64 `[n_frames]`, as `refine_pitch` gives it.
    """
    f0_hz = np.asarray(f0_hz, np.float64)
    sure = (np.asarray(confidence) >= _SURE) & (f0_hz >= _LOWEST_TRACKED_HZ)
    f0_hz = np.where(sure & (f0_hz < 0.25 * sample_rate), f0_hz, 0.0)
    times_s = np.arange(len(f0_hz)) * (hop_length / sample_rate)
    return refine_pitch(audio, f0_hz, times_s, sample_rate=sample_rate)


def refine_pitch(
    audio: FloatArray, f0_hz: FloatArray, times_s: FloatArray, *, sample_rate: int
) -> FloatArray:
    """Moves each pitch to where the frequencies of its first partials say that it is.

    Three periods under a Blackman window tell at each partial the frequency that is there, by the
    phase that turns: of two partials first, then of six, weighted by their amplitudes. What would
    change by more than 20 % stays. Shorter windows than a tracker's follow a vibrato in full.

    Args:
        audio: `[n_samples]`.
        f0_hz: At the frames, `[n_frames]`; what is below 40 Hz, as 0, is left alone.
        times_s: Of the frames, `[n_frames]`.
        sample_rate: In Hz.

    Returns:
        float64 `[n_frames]`.

    Example:
        >>> turns = 220.0 * np.arange(16000) / 16000
        >>> tone = sum(np.sin(2 * np.pi * k * turns) for k in range(1, 9))
        >>> found = refine_pitch(tone, np.array([225.0]), np.array([0.5]), sample_rate=16000)
        >>> round(float(found[0]), 1)
        220.0

    Reference:
        Morise et al. 2016, "WORLD", StoneMask; Flanagan and Golden 1966 for the frequency.
    """
    refined = np.array(f0_hz, np.float64)
    audio = np.asarray(audio, np.float64)
    voiced = np.flatnonzero((refined >= _LOWEST_HZ) & (refined < sample_rate / 12.0))
    for start in range(0, len(voiced), _FRAMES_AT_ONCE):
        chosen = voiced[start : start + _FRAMES_AT_ONCE]
        refined[chosen] = _refine(audio, refined[chosen], times_s[chosen], sample_rate)
    return refined


def _refine(
    audio: FloatArray, f0_hz: FloatArray, times_s: FloatArray, sample_rate: int
) -> FloatArray:
    fft_length = fft_length_for(3.0, _LOWEST_HZ, sample_rate)
    half = np.floor(1.5 * sample_rate / f0_hz + 1.0)[:, np.newaxis]
    origin = np.floor(times_s * sample_rate + 0.5)[:, np.newaxis]
    place = np.arange(2 * int(half.max()) + 1) - half
    step = np.pi / half
    inside = np.abs(place) <= half
    turns = np.where(inside, place * step, 0.0)
    window = np.where(inside, 0.42 + 0.5 * np.cos(turns) + 0.08 * np.cos(2 * turns), 0.0)
    slope = np.where(inside, -step * (0.5 * np.sin(turns) + 0.16 * np.sin(2 * turns)), 0.0)
    samples = audio[np.clip(origin + place, 0, len(audio) - 1).astype(int)]
    spectrum = np.fft.rfft(samples * window, fft_length)
    turning = np.fft.rfft(samples * slope, fft_length)
    squared = np.abs(spectrum) ** 2 + 1e-30
    bins_hz = np.arange(fft_length // 2 + 1) * (sample_rate / fft_length)
    is_hz = bins_hz - (turning * np.conj(spectrum)).imag / squared * (sample_rate / (2 * np.pi))
    found = f0_hz
    for count in _N_PARTIALS:
        numbers = np.arange(1, count + 1)
        bins = np.floor(found[:, np.newaxis] * numbers * (fft_length / sample_rate) + 0.5)
        bins = np.clip(bins.astype(int), 0, fft_length // 2)
        amplitudes = np.sqrt(np.take_along_axis(squared, bins, axis=1))
        weighted = np.sum(amplitudes * np.take_along_axis(is_hz, bins, axis=1), axis=1)
        moved = weighted / np.sum(amplitudes * numbers, axis=1)
        found = np.where(np.abs(moved - f0_hz) <= _MOST_CHANGE * f0_hz, moved, f0_hz)
    return found
