"""A pitch to the cent, from one that is nearly right."""

import numpy as np

from ddsp_tf.features.world.pitch_windows import fft_length_for
from ddsp_tf.types import Float32Array, FloatArray

_N_PARTIALS = (2, 6)
_MOST_CHANGE, _HALF_A_SEMITONE = 0.2, 2.0 ** (0.5 / 12.0) - 1.0
_LOWEST_HZ = 40.0
_FRAMES_AT_ONCE = 256
_SURE, _LOWEST_TRACKED_HZ = 0.4, 32.0
_DOUBTFUL, _CERTAIN = 0.5, 0.7
"""Confidence from which on a track is refined, and from which on it is refined in full."""

_LONG_ENOUGH_S = 0.024
"""Of a window that follows a vibrato and hears little of the noise: longer ones flatten the one,
shorter ones hear the other."""


def refine_track(
    audio: FloatArray,
    f0_hz: FloatArray,
    confidence: FloatArray,
    times_s: FloatArray,
    *,
    sample_rate: int,
) -> Float32Array:
    """Refines a track where the tracker is sure, and keeps it elsewhere.

    CREPE looks at 64 ms, and shows a vibrato of 6 Hz a fifth too small. Here three periods of the
    pitch decide, or 24 ms if that is longer: a vibrato of half a semitone is right to 1 cent in
    noise of -20 dB, to 4 cents in noise of -6 dB, from 110 to 880 Hz. What would change by more
    than half a semitone stays, and so do the ends of the sound, where no such window fits.

    Args:
        audio: `[n_samples]`.
        f0_hz: `[n_frames]`.
        confidence: `[n_frames]`; from 0.7 down to 0.5 less and less is refined.
        times_s: Of the frames, `[n_frames]`.
        sample_rate: In Hz.

    Returns:
        float32 `[n_frames]`.

    Example:
        >>> turns = 220.0 * np.arange(16000) / 16000
        >>> tone = sum(np.sin(2 * np.pi * k * turns) for k in range(1, 9))
        >>> heard, sure = np.array([225.0, 225.0]), np.array([0.9, 0.1])
        >>> refine_track(tone, heard, sure, np.array([0.5, 0.6]), sample_rate=16000).round(1)
        array([220., 225.], dtype=float32)
    """
    f0_hz = np.asarray(f0_hz, np.float64)
    half_s = refining_half_s(f0_hz) - 0.5 / sample_rate
    within = np.minimum(times_s, len(audio) / sample_rate - times_s) >= half_s
    share = np.clip((np.asarray(confidence) - _DOUBTFUL) / (_CERTAIN - _DOUBTFUL), 0.0, 1.0)
    asked = np.where(within & (share > 0.0), f0_hz, 0.0)
    refined = refine_pitch(
        audio,
        asked,
        times_s,
        sample_rate=sample_rate,
        shortest_s=_LONG_ENOUGH_S,
        most_change=_HALF_A_SEMITONE,
    )
    return np.where(asked > 0.0, f0_hz + share * (refined - f0_hz), f0_hz).astype(np.float32)


def refining_half_s(f0_hz: FloatArray) -> FloatArray:
    """Seconds before and after a frame that `refine_track` looks at."""
    return np.maximum(1.5 / np.maximum(f0_hz, _LOWEST_HZ), 0.5 * _LONG_ENOUGH_S)


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
    audio: FloatArray,
    f0_hz: FloatArray,
    times_s: FloatArray,
    *,
    sample_rate: int,
    shortest_s: float = 0.0,
    most_change: float = _MOST_CHANGE,
) -> FloatArray:
    """Moves each pitch to where the frequencies of its first partials say that it is.

    Three periods under a Blackman window tell at each partial the frequency that is there, by the
    phase that turns: of two partials first, then of six, weighted by their amplitudes. Shorter
    windows than a tracker's follow a vibrato in full.

    Args:
        audio: `[n_samples]`.
        f0_hz: At the frames, `[n_frames]`; what is below 40 Hz, as 0, is left alone.
        times_s: Of the frames, `[n_frames]`.
        sample_rate: In Hz.
        shortest_s: Of the windows, in seconds.
        most_change: What would change by more than this share stays.

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
        half = np.floor(np.maximum(1.5 / refined[chosen], 0.5 * shortest_s) * sample_rate + 1.0)
        moved = _moved(audio, refined[chosen], times_s[chosen], half, sample_rate)
        near = np.abs(moved - refined[chosen]) <= most_change * refined[chosen]
        refined[chosen] = np.where(near, moved, refined[chosen])
    return refined


def _moved(
    audio: FloatArray, f0_hz: FloatArray, times_s: FloatArray, half: FloatArray, sample_rate: int
) -> FloatArray:
    fft_length = fft_length_for(3.0, _LOWEST_HZ, sample_rate)
    half = half[:, np.newaxis]
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
