"""Short-time spectra: magnitudes, mel bands, cepstra."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.framing import frame, frame_adjoint, over_frames
from ddsp_tf.dsp.shapes import checked, require_positive_integer, size
from ddsp_tf.errors import ArgumentError


@functools.cache
def hann_window(length: int, dtype: type[np.floating[Any]] = np.float32) -> np.ndarray:
    """Gives a periodic Hann window, `[length]`, in float32 if nothing else is asked for."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(dtype)


def stft(audio: tf.Tensor, *, fft_length: int, hop_length: int) -> tf.Tensor:
    """Gives the spectra of Hann-windowed frames, each centred on its sample i * hop_length.

    Args:
        audio: `[batch, n_samples]`.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.

    Returns:
        complex64 `[batch, ceil(n_samples / hop_length), fft_length // 2 + 1]`; complex128 of
        float64 audio.

    Raises:
        ArgumentError: A length isn't a positive integer, or the audio isn't `[batch, n_samples]`.
    """
    require_positive_integer("fft_length", fft_length)
    return spectra_of_frames(frame(audio, fft_length, hop_length))


def padded_rfft(signal: tf.Tensor, fft_length: int | tf.Tensor) -> tf.Tensor:
    """Transforms real signals, zeros appended, along the last axis; an empty batch too.

    Args:
        signal: `[..., n]`, n at most `fft_length`.
        fft_length: Samples to transform.

    Returns:
        `[..., fft_length // 2 + 1]`.
    """
    # TensorFlow's own padding leaves out what is empty, and then finds it too short.
    lacking = fft_length - size(signal, -1)
    if not isinstance(lacking, int) or lacking > 0:
        signal = tf.pad(signal, [*([[0, 0]] * (len(signal.shape) - 1)), [0, lacking]])
    return tf.signal.rfft(signal, [fft_length])


def spectra_of_frames(frames: tf.Tensor) -> tf.Tensor:
    """Gives the spectra of frames `[batch, n_frames, fft_length]` under a Hann window."""
    window = hann_window(frames.shape[-1], frames.dtype.as_numpy_dtype)
    return tf.signal.rfft(frames * window)


def stft_magnitude(audio: tf.Tensor, *, fft_length: int, hop_length: int) -> tf.Tensor:
    """Gives the magnitudes of `stft`; a sine of amplitude a peaks at a * fft_length / 4.

    Args:
        audio: `[batch, n_samples]`.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.

    Returns:
        `[batch, n_frames, fft_length // 2 + 1]`, >= 0.

    Raises:
        ArgumentError: A length isn't a positive integer, or the audio isn't `[batch, n_samples]`.
    """
    return _over_magnitudes(tf.identity, audio, fft_length=fft_length, hop_length=hop_length)


def _over_magnitudes(
    function: Callable[[tf.Tensor], tf.Tensor],
    audio: tf.Tensor,
    *,
    fft_length: int,
    hop_length: int,
) -> tf.Tensor:
    """Computes something of each frame's magnitudes, of long audio some frames at a time."""
    require_positive_integer("fft_length", fft_length)
    return over_frames(
        lambda frames: function(tf.abs(spectra_of_frames(frames))),
        audio,
        frame_length=fft_length,
        hop_length=hop_length,
        at_once=lambda audio: function(_magnitude_at_once(audio, fft_length, hop_length)),
    )


def _magnitude_at_once(audio: tf.Tensor, fft_length: int, hop_length: int) -> tf.Tensor:
    n_samples = size(audio, 1)
    window = hann_window(fft_length, audio.dtype.as_numpy_dtype)

    @tf.custom_gradient
    def magnitude(audio: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        spectrum = stft(audio, fft_length=fft_length, hop_length=hop_length)
        result = tf.abs(spectrum)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            weights = _adjoint_weights(fft_length).astype(window.dtype)
            weight = tf.math.divide_no_nan(upstream, result) * weights
            frames = tf.signal.irfft(spectrum * tf.cast(weight, spectrum.dtype), [fft_length])
            return frame_adjoint(frames * window, hop_length, n_samples)

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
    return _over_magnitudes(
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
