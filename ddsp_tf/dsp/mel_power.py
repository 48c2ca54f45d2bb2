"""Mel power spectra as librosa defines them, which most published figures are based on."""

import functools

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

POWER_FLOOR = 1e-5
"""Powers are floored here before their logarithm: 77 to 97 dB below a full-scale sine."""

_FRAMES_AT_ONCE = 4096


def mel_power(
    audio: FloatArray,
    *,
    sample_rate: int,
    fft_length: int = 2048,
    hop_length: int = 512,
    n_bands: int = 128,
    per_hz: bool = True,
) -> FloatArray:
    """Computes the mel power spectra that `librosa.feature.melspectrogram` gives by default.

    Periodic Hann window, frames centred on samples i * hop_length with zeros beyond the ends,
    squared magnitudes, Slaney's mel bands from 0 Hz to Nyquist, each divided by its width. Equal
    to librosa within 1e-4 relative. Memory beside the result is bounded for any length.

    Args:
        audio: `[n_samples]`.
        sample_rate: In Hz.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.
        n_bands: Mel bands.
        per_hz: Whether bands are divided by their width, as librosa does by default
            (`norm="slaney"`), or have a height of 1 and hold all of their power.

    Returns:
        float64 `[1 + n_samples // hop_length, n_bands]`, >= 0.

    Raises:
        ArgumentError: `audio` is empty or not one-dimensional.

    Example:
        >>> mel_power(np.ones(16000), sample_rate=16000).shape
        (32, 128)

    Reference:
        Slaney (1998), "Auditory Toolbox", Interval Research report 1998-010.
    """
    if audio.ndim != 1 or not len(audio):
        raise ArgumentError(
            f"`audio` must be mono with at least one sample, [n_samples]; got {audio.shape}."
        )
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(fft_length) / fft_length)
    bands = _mel_bands(sample_rate, fft_length, n_bands, per_hz)
    padded = np.pad(np.asarray(audio, np.float64), fft_length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft_length)[::hop_length]
    blocks = [
        np.square(np.abs(np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * window))) @ bands
        for start in range(0, len(frames), _FRAMES_AT_ONCE)
    ]
    return np.concatenate(blocks)


@functools.cache
def _mel_bands(sample_rate: int, fft_length: int, n_bands: int, per_hz: bool) -> FloatArray:
    """Triangles over the bins, `[n_bins, n_bands]`."""
    # Equally spaced edges: linear in Hz below 1 kHz, logarithmic above.
    top = _hz_to_slaney(np.array([sample_rate / 2]))[0]
    edges = _slaney_to_hz(np.linspace(0.0, top, n_bands + 2))
    bins_hz = np.linspace(0.0, sample_rate / 2, fft_length // 2 + 1)[:, np.newaxis]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins_hz - low) / (centre - low)
    falling = (high - bins_hz) / (high - centre)
    heights = 2.0 / (high - low) if per_hz else 1.0
    return np.maximum(0.0, np.minimum(rising, falling)) * heights


def _hz_to_slaney(hz: FloatArray) -> FloatArray:
    log = 15.0 + np.log(np.maximum(hz, 1000.0) / 1000.0) * (27.0 / np.log(6.4))
    return np.where(hz < 1000.0, hz * (3.0 / 200.0), log)


def _slaney_to_hz(mel: FloatArray) -> FloatArray:
    log = 1000.0 * np.exp((mel - 15.0) * (np.log(6.4) / 27.0))
    return np.where(mel < 15.0, mel * (200.0 / 3.0), log)
