"""Mel bands, of both definitions that are in use, and cepstra.

`mel_spectrogram` and `mfcc` are the paper's: magnitudes in bands of the HTK scale, on tensors, with
gradients. `mel_power` is librosa's default, on which most published figures are based: powers in
bands of Slaney's scale, on arrays of any length.
"""

import functools

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.shapes import checked, require_positive_integer
from ddsp_tf.dsp.spectral import over_magnitudes
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

POWER_FLOOR = 1e-5
"""Powers are floored here before their logarithm: 77 to 97 dB below a full-scale sine."""

_FRAMES_AT_ONCE = 4096


def mel_spectrogram(
    audio: tf.Tensor,
    *,
    sample_rate: int,
    fft_length: int = 2048,
    hop_length: int = 512,
    n_bands: int = 64,
    lowest_hz: float = 0.0,
    highest_hz: float | None = None,
) -> tf.Tensor:
    """Sums STFT magnitudes in triangular bands evenly spaced in mel.

    Args:
        audio: `[batch, n_samples]`.
        sample_rate: In Hz.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.
        n_bands: Bands.
        lowest_hz: Lower edge of the first band.
        highest_hz: Upper edge of the last band; None means Nyquist.

    Returns:
        `[batch, n_frames, n_bands]`, >= 0.

    Raises:
        ArgumentError: The edges aren't 0 <= lowest < highest <= Nyquist, a length or a count isn't
            a positive integer, or the audio isn't `[batch, n_samples]`.
    """
    for name, value in {"sample_rate": sample_rate, "fft_length": fft_length}.items():
        require_positive_integer(name, value)
    require_positive_integer("n_bands", n_bands)
    highest_hz = sample_rate / 2 if highest_hz is None else highest_hz
    if not 0 <= lowest_hz < highest_hz <= sample_rate / 2:
        raise ArgumentError(
            "The bands should satisfy 0 <= `lowest_hz` < `highest_hz` <= sample_rate / 2. Received "
            f"lowest_hz={lowest_hz}, highest_hz={highest_hz}, sample_rate={sample_rate}."
        )
    (audio,) = checked(audio=(audio, "batch n_samples"))
    bands = tf.signal.linear_to_mel_weight_matrix(
        n_bands, fft_length // 2 + 1, sample_rate, lowest_hz, highest_hz, audio.dtype
    )
    return over_magnitudes(
        lambda magnitudes: tf.tensordot(magnitudes, bands, 1),
        audio,
        fft_length=fft_length,
        hop_length=hop_length,
    )


def mfcc(
    audio: tf.Tensor,
    *,
    sample_rate: int,
    fft_length: int = 1024,
    hop_length: int = 256,
    n_bands: int = 128,
    n_coefficients: int = 30,
    lowest_hz: float = 20.0,
    highest_hz: float = 8000.0,
) -> tf.Tensor:
    """Gives mel-frequency cepstral coefficients: the DCT of log mel magnitudes floored at 1e-5.

    Args:
        audio: `[batch, n_samples]`.
        sample_rate: In Hz.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.
        n_bands: Mel bands.
        n_coefficients: Coefficients kept, from the first (level) on.
        lowest_hz: Lower edge of the first band.
        highest_hz: Upper edge of the last band, limited to Nyquist.

    Returns:
        `[batch, n_frames, n_coefficients]`.

    Raises:
        ArgumentError: As in `mel_spectrogram`, or `n_coefficients` isn't from 1 to `n_bands`.

    Reference:
        Engel et al. 2020, section B.1.2 (the z encoder's input).
    """
    require_positive_integer("n_coefficients", n_coefficients)
    if n_coefficients > n_bands:
        raise ArgumentError(
            f"`n_coefficients` should be at most `n_bands`, {n_bands}. Received {n_coefficients}."
        )
    mel = mel_spectrogram(
        audio,
        sample_rate=sample_rate,
        fft_length=fft_length,
        hop_length=hop_length,
        n_bands=n_bands,
        lowest_hz=lowest_hz,
        highest_hz=min(highest_hz, sample_rate / 2),
    )
    log_mel = tf.math.log(tf.maximum(mel, 1e-5))
    if log_mel.shape.num_elements() == 0:
        return log_mel[..., :n_coefficients]  # TensorFlow's transform knows no empty batch.
    return tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :n_coefficients]


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
    bands = mel_bands(sample_rate, fft_length, n_bands, per_hz)
    padded = np.pad(np.asarray(audio, np.float64), fft_length // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, fft_length)[::hop_length]
    blocks = [
        np.square(np.abs(np.fft.rfft(frames[start : start + _FRAMES_AT_ONCE] * window))) @ bands
        for start in range(0, len(frames), _FRAMES_AT_ONCE)
    ]
    return np.concatenate(blocks)


@functools.cache
def mel_bands(sample_rate: int, fft_length: int, n_bands: int, per_hz: bool) -> FloatArray:
    """Gives Slaney's triangles over the bins, `[n_bins, n_bands]`; of height 1, or of area 1."""
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
