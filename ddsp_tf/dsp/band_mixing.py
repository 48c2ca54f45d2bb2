"""A voice's harmonics and its noise, each in its own bands: fixed filters, or a moving cut-off."""

import functools

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.shapes import checked
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_DESIGNED_AT_HZ = 16000.0


@functools.cache
def mixing_taps() -> FloatArray:
    """Gives the low-passes of harmonics, voiced and unvoiced, and the high-passes of noise.

    Of equal ripple, at 16 kHz: 9 taps that pass up to 5 kHz (42 dB down from 7 kHz), and 11 that
    fall from the beginning (1.6 dB at 1 kHz, 43 dB from 3 kHz). The high-passes mirror them: voiced
    noise opens where unvoiced harmonics close, and the other way round. All are delayed by 5
    samples.

    Returns:
        `[4, 11]`: harmonics voiced and unvoiced, noise voiced and unvoiced.

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis", section IV, appendix.
    """
    from scipy import signal  # Half a second, which few need.

    wide = signal.remez(9, [0, 5000, 7000, 8000], [1, 0], weight=[1, 25], fs=_DESIGNED_AT_HZ)
    narrow = signal.remez(11, [0, 450, 3000, 8000], [1, 0], weight=[1, 5], fs=_DESIGNED_AT_HZ)
    wide = np.pad(wide, 1)
    # Around the middle tap, so that the mirrors keep its sign.
    mirror = (-1.0) ** np.abs(np.arange(11) - 5)
    return np.stack([wide, narrow, mirror * narrow, mirror * wide])


def sinc_pair(cutoff: tf.Tensor, *, n_taps: int = 31) -> tuple[tf.Tensor, tf.Tensor]:
    """Gives a low-pass and a high-pass with one cut-off, each of gain 1 at its own end.

    Sinc functions under a Hamming window, with their middle at tap `n_taps // 2`.

    Args:
        cutoff: As a share of Nyquist, 0 to 1, `[...]`.
        n_taps: Odd.

    Returns:
        Two `[..., n_taps]`, in the precision of `cutoff`.

    Raises:
        ArgumentError: `n_taps` isn't odd.

    Example:
        >>> low, high = sinc_pair(tf.constant([0.5]))
        >>> round(float(tf.reduce_sum(low)), 5), abs(round(float(tf.reduce_sum(high)), 2))
        (1.0, 0.0)

    Reference:
        Wang and Yamagishi 2019, "Neural harmonic-plus-noise waveform model with trainable maximum
        voice frequency for text-to-speech synthesis", equations 4 to 7.
    """
    if n_taps < 1 or n_taps % 2 == 0:
        raise ArgumentError(f"`n_taps` should be odd. Received {n_taps}.")
    cutoff = tf.convert_to_tensor(cutoff)[..., tf.newaxis]
    place = np.arange(n_taps) - n_taps // 2
    window = tf.constant(np.hamming(n_taps), cutoff.dtype)
    apart = tf.constant(np.where(place == 0, 1.0, np.pi * place), cutoff.dtype)
    middle = tf.constant(place == 0)
    ideal = tf.where(middle, cutoff, tf.sin(apart * cutoff) / apart)
    low = ideal * window
    high = (tf.cast(middle, cutoff.dtype) - ideal) * window
    signs = tf.constant((-1.0) ** np.abs(place), cutoff.dtype)
    low /= tf.reduce_sum(low, axis=-1, keepdims=True)
    return low, high / tf.reduce_sum(high * signs, axis=-1, keepdims=True)


def filter_by_sample(audio: tf.Tensor, taps: tf.Tensor) -> tf.Tensor:
    """Filters audio with a response of its own at every sample: y_t = sum_k taps_t,k x_t-k.

    Args:
        audio: With what came before, `[batch, n_taps - 1 + n_samples]`.
        taps: `[batch, n_samples, n_taps]`, or `[n_taps]` for all.

    Returns:
        `[batch, n_samples]`.

    Example:
        >>> filter_by_sample(tf.constant([[0.0, 1.0, 2.0]]), tf.constant([1.0, -1.0])).numpy()
        array([[1., 1.]], dtype=float32)
    """
    axes = "n_taps" if len(taps.shape) == 1 else "batch n_taken n_taps"
    audio, taps = checked(audio=(audio, "batch n_samples"), taps=(taps, axes), broadcast=("batch",))
    n_taps = taps.shape[-1]
    count = tf.shape(audio)[1] - n_taps + 1
    parts = [
        taps[..., k] * audio[:, n_taps - 1 - k : n_taps - 1 - k + count] for k in range(n_taps)
    ]
    return tf.add_n(parts)
