"""Short-time spectra and their magnitudes."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.compilation import custom_gradient
from ddsp_tf.dsp.framing import frame, frame_adjoint, over_frames
from ddsp_tf.dsp.shapes import require_positive_integer, size


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
    return over_magnitudes(tf.identity, audio, fft_length=fft_length, hop_length=hop_length)


def over_magnitudes(
    function: Callable[[tf.Tensor], tf.Tensor],
    audio: tf.Tensor,
    *,
    fft_length: int,
    hop_length: int,
) -> tf.Tensor:
    """Computes something of each frame's magnitudes, of long audio some frames at a time."""
    return _over_spectra(
        function, tf.abs, tf.math.divide_no_nan, audio, fft_length=fft_length, hop_length=hop_length
    )


def over_powers(
    function: Callable[[tf.Tensor], tf.Tensor],
    audio: tf.Tensor,
    *,
    fft_length: int,
    hop_length: int,
) -> tf.Tensor:
    """Computes something of each frame's squared magnitudes, like `over_magnitudes`."""
    return _over_spectra(
        function,
        _power,
        lambda upstream, _: 2.0 * upstream,
        audio,
        fft_length=fft_length,
        hop_length=hop_length,
    )


def _power(spectra: tf.Tensor) -> tf.Tensor:
    return tf.square(tf.math.real(spectra)) + tf.square(tf.math.imag(spectra))


def _over_spectra(
    function: Callable[[tf.Tensor], tf.Tensor],
    measure: Callable[[tf.Tensor], tf.Tensor],
    along: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    audio: tf.Tensor,
    *,
    fft_length: int,
    hop_length: int,
) -> tf.Tensor:
    """Computes something of a real measure of each frame's spectrum.

    Args:
        function: Of the measures.
        measure: Of the absolute value of each bin.
        along: The slope of each bin, as a multiple of the bin, given that of its measure and the
            measure itself.
        audio: `[batch, n_samples]`.
        fft_length: Samples in a frame.
        hop_length: Samples between frames.
    """
    require_positive_integer("fft_length", fft_length)
    return over_frames(
        lambda frames: function(measure(spectra_of_frames(frames))),
        audio,
        frame_length=fft_length,
        hop_length=hop_length,
        at_once=lambda audio: function(
            _measure_at_once(measure, along, audio, fft_length, hop_length)
        ),
    )


def _measure_at_once(
    measure: Callable[[tf.Tensor], tf.Tensor],
    along: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    audio: tf.Tensor,
    fft_length: int,
    hop_length: int,
) -> tf.Tensor:
    """The measures of all frames, whose gradient takes one inverse FFT."""
    n_samples = size(audio, 1)
    window = hann_window(fft_length, audio.dtype.as_numpy_dtype)

    @custom_gradient
    def measures(audio: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
        spectrum = stft(audio, fft_length=fft_length, hop_length=hop_length)
        result = measure(spectrum)

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            weights = _adjoint_weights(fft_length).astype(window.dtype)
            weight = along(upstream, result) * weights
            frames = tf.signal.irfft(spectrum * tf.cast(weight, spectrum.dtype), [fft_length])
            return frame_adjoint(frames * window, hop_length, n_samples)

        return result, gradient

    return measures(audio)


@functools.cache
def _adjoint_weights(fft_length: int) -> np.ndarray:
    """Makes the inverse real FFT the adjoint of the real FFT, which counts every bin once."""
    weights = np.full(fft_length // 2 + 1, 0.5 * fft_length, np.float32)
    weights[0] = fft_length
    if fft_length % 2 == 0:
        weights[-1] = fft_length
    return weights
