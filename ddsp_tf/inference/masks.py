"""Sound taken apart by masks: spectra of a mixture, shared out among its voices."""

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_LEAST = 1e-12


def share_out(
    audio: FloatArray,
    powers: FloatArray,
    *,
    sample_rate: int,
    powers_rate: int,
    fft_length: int,
    hop_length: int,
) -> FloatArray:
    """Gives each voice its share of a mixture, at every moment and frequency.

    A share is the voice's power among the powers of all (Wiener's filter). Powers may be known up
    to a lower frequency than the mixture has: above, a voice's share is its mean share in the
    highest octave that is known.

    Args:
        audio: The mixture, `[n_samples]`.
        powers: Of the voices, the last of what isn't given to any, `[n_frames, n_voices + 1,
            fft_length // 2 + 1]`, >= 0.
        sample_rate: Of `audio`, in Hz.
        powers_rate: Of the sound that the powers are of, in Hz.
        fft_length: Of the powers, at `powers_rate`.
        hop_length: Of the powers, at `powers_rate`; at most a half of `fft_length`.

    Returns:
        The voices, `[n_voices, n_samples]`.

    Raises:
        ArgumentError: Shapes that don't fit.

    Example:
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 16000)
        >>> half = np.ones([17, 2, 513])
        >>> about = {"powers_rate": 16000, "fft_length": 1024, "hop_length": 512}
        >>> voices = share_out(tone, half, sample_rate=16000, **about)
        >>> bool(np.abs(voices[0] - 0.5 * tone).max() < 1e-9)
        True
    """
    n_frames, n_all, n_bins = powers.shape
    if audio.ndim != 1 or n_bins != fft_length // 2 + 1 or 2 * hop_length > fft_length:
        raise ArgumentError(
            "`audio` should be [n_samples], and `powers` [n_frames, n_voices + 1, n_bins] with "
            f"{fft_length // 2 + 1} bins. Received {audio.shape} and {powers.shape}."
        )
    shares = powers / np.maximum(powers.sum(axis=1, keepdims=True), _LEAST)
    length = 2 * round(0.5 * fft_length * sample_rate / powers_rate)
    hop = length // (fft_length // hop_length)
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(length) + 0.5) / length))
    count = -(-len(audio) // hop) + length // hop
    before = length // 2
    padded = np.pad(audio, [before, count * hop + length - before - len(audio)])
    hz = np.fft.rfftfreq(length, 1.0 / sample_rate)
    bins = hz * fft_length / powers_rate
    known = shares[..., n_bins // 2 :].mean(axis=-1)
    voices = np.zeros([n_all - 1, len(padded)])
    weight = np.zeros(len(padded))
    for index in range(count):
        # The frame of the powers at this time, between two of them.
        place = min(index * hop * powers_rate / (sample_rate * hop_length), n_frames - 1.0)
        first = int(place)
        second = min(first + 1, n_frames - 1)
        now = shares[first] + (place - first) * (shares[second] - shares[first])
        above = known[first] + (place - first) * (known[second] - known[first])
        start = index * hop
        spectrum = np.fft.rfft(window * padded[start : start + length])
        for voice in range(n_all - 1):
            mask = np.interp(bins, np.arange(n_bins), now[voice], right=above[voice])
            voices[voice, start : start + length] += window * np.fft.irfft(mask * spectrum)
        weight[start : start + length] += window**2
    return voices[:, before : before + len(audio)] / weight[before : before + len(audio)]


def si_sdr_db(estimate: FloatArray, target: FloatArray) -> float:
    """Measures how near an estimate is to a target, whatever its level.

    Args:
        estimate: `[n_samples]`.
        target: `[n_samples]`, not silent.

    Returns:
        The scale-invariant ratio of signal to distortion in dB.

    Raises:
        ArgumentError: Shapes that differ, or a silent target.

    Example:
        >>> round(si_sdr_db(np.array([1.0, 0.1]), np.array([2.0, 0.0])), 1)
        20.0

    Reference:
        Le Roux, Wisdom, Erdogan and Hershey 2019, "SDR - half-baked or well done?", equation 3.
    """
    estimate, target = np.asarray(estimate, np.float64), np.asarray(target, np.float64)
    if estimate.shape != target.shape or not np.any(target):
        raise ArgumentError(
            "`estimate` and `target` should be of one shape, and `target` not silent. "
            f"Received {estimate.shape} and {target.shape}."
        )
    scaled = np.vdot(estimate, target) / np.vdot(target, target) * target
    error = np.sum((estimate - scaled) ** 2)
    return float(10.0 * np.log10(np.sum(scaled**2) / max(error, np.finfo(float).tiny)))
