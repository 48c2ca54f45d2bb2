"""All-pole filters of a mel spectrogram, and sound through them frame by frame."""

import functools

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.band_mixing import filter_by_sample
from ddsp_tf.dsp.envelopes import resample_envelope
from ddsp_tf.dsp.framing import frame, frame_adjoint
from ddsp_tf.dsp.linear_prediction import levinson, lpc_from_reflection, reflection_from_lpc
from ddsp_tf.dsp.mel import mel_bands
from ddsp_tf.dsp.shapes import size
from ddsp_tf.dsp.spectral import hann_window, padded_rfft
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_LEAST_AMPLITUDE = 1e-6
_WHITE_NOISE = 1e-7


def lpc_from_mel_db(
    mel_db: tf.Tensor,
    *,
    order: int,
    sample_rate: int,
    fft_length: int = 1024,
    preemphasis: float = 0.0,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives the all-pole envelope of mel bands, by their pseudo-inverse and linear prediction.

    The bands' mean amplitudes, spread over the bins by the pseudo-inverse and squared, are a power
    spectrum; its inverse transform is the autocorrelation of which `levinson` makes a predictor.
    Computed in float64, with gradients.

    Args:
        mel_db: As the column `mel_db` is: mean squares in Slaney's bands of height 1, in dB,
            `[..., n_bands]`.
        order: Poles.
        sample_rate: In Hz.
        fft_length: Of the spectrum that the bands were summed over.
        preemphasis: The envelope is that of the sound through `1 - preemphasis z^-1`; 0 to below 1.

    Returns:
        Coefficients without the leading 1, `[..., order]`, and the deviation of what the filter is
        to be fed with, `[..., 1]`, in the precision of `mel_db`.

    Raises:
        ArgumentError: `order` or `preemphasis` is out of range.

    Example:
        >>> flat = tf.constant(np.full([1, 80], -40.0))
        >>> coefficients, gain = lpc_from_mel_db(flat, order=24, sample_rate=16000)
        >>> coefficients.shape
        TensorShape([1, 24])

    Reference:
        Juvela, Bollepalli, Yamagishi and Alku 2019, "GELP: GAN-excited linear prediction for speech
        synthesis from mel-spectrogram", section 2.1.
    """
    if not 0 < order < fft_length // 2 or not 0.0 <= preemphasis < 1.0:
        raise ArgumentError(
            "`order` should be from 1 to below half of `fft_length`, and `preemphasis` from 0 to "
            f"below 1. Received {order} and {preemphasis}."
        )
    mel_db = tf.convert_to_tensor(mel_db)
    double = tf.cast(mel_db, tf.float64)
    sums, inverse = _pseudo_inverse(mel_db.shape[-1], fft_length, sample_rate)
    # Mean squares of both halves of the spectrum, over the bins that a band holds.
    amplitude = 10.0 ** (double / 20.0) * np.sqrt(fft_length / (2.0 * sums))
    power = tf.square(tf.maximum(amplitude @ inverse, _LEAST_AMPLITUDE))
    turns = np.pi * np.arange(fft_length // 2 + 1) / (fft_length // 2)
    power *= np.abs(1.0 - preemphasis * np.exp(-1j * turns)) ** 2
    correlation = tf.signal.irfft(tf.cast(power, tf.complex128))[..., : order + 1]
    coefficients, _, error = levinson(correlation, white_noise=_WHITE_NOISE)
    gain = tf.sqrt(tf.maximum(error, _LEAST_AMPLITUDE**4))[..., tf.newaxis]
    return tf.cast(coefficients, mel_db.dtype), tf.cast(gain, mel_db.dtype)


@functools.lru_cache(maxsize=8)
def _pseudo_inverse(
    n_bands: int, fft_length: int, sample_rate: int
) -> tuple[FloatArray, FloatArray]:
    """The sums of the bands, and the inverse of their weighted means, `[n_bands, n_bins]`."""
    bands = mel_bands(sample_rate, fft_length, n_bands, False)
    sums = bands.sum(axis=0)
    if np.any(sums == 0.0):
        raise ArgumentError(
            "`fft_length` should be so long that each band holds a bin. Received "
            f"{fft_length} for {n_bands} bands."
        )
    # The bins at both ends lie in no band: they are as the next one.
    held = np.flatnonzero(bands.sum(axis=1) > 0.0)
    inverse = np.linalg.pinv(bands / sums)
    return sums, inverse[:, np.clip(np.arange(bands.shape[0]), held[0], held[-1])]


def lpc_at_samples(coefficients: tf.Tensor, *, hop_length: int) -> tf.Tensor:
    """Interpolates all-pole filters from frame to frame by their reflection coefficients.

    So each is as stable as the two frames beside it; the last frame is held.

    Args:
        coefficients: Of stable filters, `[batch, n_frames, order]`.
        hop_length: Samples per frame.

    Returns:
        float64 `[batch, n_frames * hop_length, order]`.

    Example:
        >>> lpc_at_samples(tf.constant([[[-0.5], [0.5]]]), hop_length=2).numpy()[0, :, 0].tolist()
        [-0.5, 0.0, 0.5, 0.5]
    """
    reflection = reflection_from_lpc(tf.cast(coefficients, tf.float64))
    return lpc_from_reflection(resample_envelope(reflection, hop_length=hop_length))


def inverse_filter(audio: tf.Tensor, coefficients: tf.Tensor) -> tf.Tensor:
    """Gives what an all-pole filter has to be fed with: `x_t + sum_k a_t,k x_t-k`.

    `all_pole` with the same coefficients gives the sound back.

    Args:
        audio: `[batch, n_samples]`.
        coefficients: At every sample, `[batch, n_samples, order]`.

    Returns:
        `[batch, n_samples]`.

    Example:
        >>> inverse_filter(tf.ones([1, 3]), tf.fill([1, 3, 1], -1.0)).numpy().tolist()
        [[1.0, 0.0, 0.0]]
    """
    before = tf.pad(audio, [[0, 0], [coefficients.shape[-1], 0]])[:, :-1]
    return audio + filter_by_sample(before, coefficients)


def filter_stft(
    audio: tf.Tensor, responses: tf.Tensor, *, frame_length: int, hop_length: int
) -> tf.Tensor:
    """Filters audio by one response a frame, under the root of a Hann window before and after.

    Frames stand on samples i * hop_length. What is divided by is the sum of the windows, which is
    `frame_length / (2 hop_length)` but for the ends. Sampled responses should ring no longer than
    the transform without the frame; what rings beyond the frame is cut by the second window.

    Args:
        audio: `[batch, n_samples]`.
        responses: Complex, at the frequencies of a real transform that holds a frame,
            `[batch, n_frames, fft_length // 2 + 1]`, one for each begun hop.
        frame_length: Samples, at least two hops.
        hop_length: Samples between frames.

    Returns:
        `[batch, n_samples]`, without delay.

    Raises:
        ArgumentError: A frame of less than two hops, or longer than the transform.

    Example:
        >>> audio = tf.random.stateless_normal([1, 800], [1, 2])
        >>> same = filter_stft(audio, tf.ones([1, 10, 257], tf.complex64), frame_length=400,
        ...                    hop_length=80)
        >>> bool(tf.reduce_max(tf.abs(same - audio)) < 1e-5)
        True

    Reference:
        Juvela, Bollepalli, Yamagishi and Alku 2019, "GELP", section 2.2.
    """
    fft_length = 2 * (responses.shape[-1] - 1)
    if not 2 * hop_length <= frame_length <= fft_length:
        raise ArgumentError(
            "`frame_length` should be at least two hops and at most the transform's length, "
            f"{fft_length}. Received {frame_length} and a hop of {hop_length}."
        )
    audio = tf.convert_to_tensor(audio)
    window = np.sqrt(hann_window(frame_length, np.float64)).astype(audio.dtype.as_numpy_dtype)
    n_samples = size(audio, 1)
    spectra = padded_rfft(frame(audio, frame_length, hop_length) * window, fft_length)
    filtered = tf.signal.irfft(spectra * responses, [fft_length])[..., :frame_length] * window
    ones = tf.ones_like(filtered[:1]) * window**2
    total = frame_adjoint(ones, hop_length, n_samples)
    return frame_adjoint(filtered, hop_length, n_samples) / tf.maximum(total, 1e-3)
