"""Short-time spectra: magnitudes, mel bands, cepstra."""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.framing import frame, frame_adjoint
from ddsp_tf.errors import ArgumentError


@functools.cache
def hann_window(length: int) -> np.ndarray:
    """Gives a periodic Hann window, float32 `[length]`."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)


def stft(audio: tf.Tensor, *, fft_length: int, hop_length: int) -> tf.Tensor:
    """Gives the spectra of Hann-windowed frames, each centred on its sample i * hop_length.

    Args:
        audio: `[batch, n_samples]`.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.

    Returns:
        complex64 `[batch, ceil(n_samples / hop_length), fft_length // 2 + 1]`.
    """
    frames = frame(audio, fft_length, hop_length) * hann_window(fft_length)
    return tf.signal.rfft(frames)


def stft_magnitude(audio: tf.Tensor, *, fft_length: int, hop_length: int) -> tf.Tensor:
    """Gives the magnitudes of `stft`; a sine of amplitude a peaks at a * fft_length / 4.

    Args:
        audio: `[batch, n_samples]`.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.

    Returns:
        `[batch, n_frames, fft_length // 2 + 1]`, >= 0.
    """
    n_samples = audio.shape[1] or tf.shape(audio)[1]

    @tf.custom_gradient
    def magnitude(audio: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        spectrum = stft(audio, fft_length=fft_length, hop_length=hop_length)
        result = tf.abs(spectrum)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            weight = tf.math.divide_no_nan(upstream, result) * _adjoint_weights(fft_length)
            frames = tf.signal.irfft(spectrum * tf.cast(weight, spectrum.dtype), [fft_length])
            return frame_adjoint(frames * hann_window(fft_length), hop_length, n_samples)

        return result, gradient

    return magnitude(audio)


@functools.cache
def _adjoint_weights(fft_length: int) -> np.ndarray:
    """Makes the inverse real FFT the adjoint of the real FFT, which counts every bin once."""
    weights = np.full(fft_length // 2 + 1, 0.5 * fft_length, np.float32)
    weights[0] = fft_length
    if fft_length % 2 == 0:
        weights[-1] = fft_length
    return weights


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
        ArgumentError: The edges aren't 0 <= lowest < highest <= Nyquist.
    """
    highest_hz = sample_rate / 2 if highest_hz is None else highest_hz
    if not 0 <= lowest_hz < highest_hz <= sample_rate / 2:
        raise ArgumentError(
            "The bands should satisfy 0 <= `lowest_hz` < `highest_hz` <= sample_rate / 2. Received "
            f"lowest_hz={lowest_hz}, highest_hz={highest_hz}, sample_rate={sample_rate}."
        )
    bands = tf.signal.linear_to_mel_weight_matrix(
        n_bands, fft_length // 2 + 1, sample_rate, lowest_hz, highest_hz
    )
    return tf.tensordot(
        stft_magnitude(audio, fft_length=fft_length, hop_length=hop_length), bands, 1
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

    Reference:
        Engel et al. 2020, section B.1.2 (the z encoder's input).
    """
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
    return tf.signal.mfccs_from_log_mel_spectrograms(log_mel)[..., :n_coefficients]
