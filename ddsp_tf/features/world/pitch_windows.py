"""What CheapTrick and D4C share: windows as long as some periods, and spectra freed of the pitch.

All take frames of different pitches at once: `f0_hz` is `[n_frames]`, spectra are
`[n_frames, fft_length // 2 + 1]`, float64.
"""

import numpy as np

from ddsp_tf.types import FloatArray

_COSINES = {"hann": (0.5, 0.5, 0.0), "blackman": (0.42, 0.5, 0.08)}
_LEAST_POWER = 1e-30


def fft_length_for(periods: float, lowest_hz: float, sample_rate: int) -> int:
    """Gives the power of two that holds so many periods of the lowest pitch."""
    return int(2 ** (1 + np.floor(np.log2(periods * sample_rate / lowest_hz + 1))))


def windowed(
    audio: FloatArray,
    centres_s: FloatArray,
    f0_hz: FloatArray,
    *,
    sample_rate: int,
    fft_length: int,
    periods: float,
    window: str,
) -> FloatArray:
    """Cuts windows of so many periods, each without its weighted mean.

    Beyond the ends of the sound its first and last samples are held.

    Args:
        audio: `[n_samples]`.
        centres_s: Where the windows stand, `[n_frames]`.
        f0_hz: `[n_frames]`, > 0, high enough for the window to fit.
        sample_rate: In Hz.
        fft_length: Samples of the result.
        periods: Length of the window.
        window: `"hann"`, of unit energy, or `"blackman"`, of height 1.

    Returns:
        The windowed sound, `[n_frames, fft_length]`, the window's start first.
    """
    half = np.floor(0.5 * periods * sample_rate / f0_hz + 0.5)[:, np.newaxis]
    place = np.arange(fft_length) - half
    inside = place <= half
    turns = 2.0 * place / (periods * sample_rate) * f0_hz[:, np.newaxis]
    constant, first, second = _COSINES[window]
    weight = constant + first * np.cos(np.pi * turns) + second * np.cos(2 * np.pi * turns)
    weight = np.where(inside, weight, 0.0)
    if window == "hann":
        weight /= np.sqrt(np.sum(weight**2, axis=1, keepdims=True))
    origin = np.floor(centres_s * sample_rate + 0.501)[:, np.newaxis]
    samples = audio[np.clip(origin + place, 0, len(audio) - 1).astype(int)] * weight
    mean = samples.sum(axis=1, keepdims=True) / weight.sum(axis=1, keepdims=True)
    return samples - mean * weight


def power(frames: FloatArray) -> FloatArray:
    """Gives power spectra, above 0 in silence too."""
    return np.abs(np.fft.rfft(frames)) ** 2 + _LEAST_POWER


def fold_below_pitch(spectrum: FloatArray, f0_hz: FloatArray, sample_rate: int) -> FloatArray:
    """Adds what lies between 0 Hz and the pitch mirrored, so that it is as full as above."""
    pitch = f0_hz[:, np.newaxis] * (2 * (spectrum.shape[1] - 1) / sample_rate)
    bins = np.arange(spectrum.shape[1])
    mirrored = _read(spectrum, np.maximum(pitch - bins, 0.0))
    return spectrum + np.where(bins <= np.floor(pitch), mirrored, 0.0)


def smooth(
    spectrum: FloatArray, width_hz: FloatArray, sample_rate: int, *, floored: bool = True
) -> FloatArray:
    """Averages over a width of frequency, mirrored at 0 Hz and Nyquist.

    Args:
        spectrum: `[n_frames, n_bins]`.
        width_hz: Of the average, `[n_frames]`.
        sample_rate: In Hz.
        floored: Whether it is a power, which is above 0.
    """
    n_bins = spectrum.shape[1]
    half = 0.5 * width_hz[:, np.newaxis] * (2 * (n_bins - 1) / sample_rate)
    n_more = min(int(np.ceil(half.max())) + 2, n_bins - 1)
    total = np.cumsum(np.pad(spectrum, ((0, 0), (n_more, n_more)), mode="reflect"), axis=1)
    # Bin k reaches from k - 1/2 to k + 1/2, and `total` is the integral up to its right edge.
    centre = np.arange(n_bins) + (n_more - 0.5)
    summed = _read(total, centre + half) - _read(total, centre - half)
    # A difference of large sums may miss by a rounding what is next to nothing.
    return np.maximum(summed / (2 * half), _LEAST_POWER) if floored else summed / (2 * half)


def _read(values: FloatArray, places: FloatArray) -> FloatArray:
    """Each row at fractional places, by linear interpolation."""
    below = np.clip(np.floor(places).astype(int), 0, values.shape[1] - 2)
    first = np.take_along_axis(values, below, axis=1)
    second = np.take_along_axis(values, below + 1, axis=1)
    return first + (places - below) * (second - first)
