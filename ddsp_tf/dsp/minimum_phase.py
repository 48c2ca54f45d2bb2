"""Responses of given magnitudes that sound as early as they can."""

import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError


def minimum_phase(log_magnitude: tf.Tensor) -> tf.Tensor:
    """Gives the minimum-phase response of a magnitude, by its cepstrum.

    The cepstrum is folded onto times from 0 on, so the transform has to hold it: a smooth
    magnitude of n points is met to rounding, sharp resonances alias.

    Args:
        log_magnitude: Natural logarithms at the frequencies of a real FFT of an even length,
            `[..., n_bins]`, n_bins >= 3.

    Returns:
        complex64 `[..., n_bins]` of that magnitude; complex128 of float64.

    Raises:
        ArgumentError: Fewer bins.

    Example:
        >>> angles = np.linspace(0.0, np.pi, 257)
        >>> one_zero = 1.0 + 0.5 * np.exp(-1j * angles)
        >>> response = minimum_phase(np.log(np.abs(one_zero))).numpy()
        >>> bool(np.abs(response - one_zero).max() < 1e-6)
        True

    Reference:
        Oppenheim and Schafer, Discrete-Time Signal Processing, 3rd edition, section 13.5.
    """
    log_magnitude = tf.convert_to_tensor(log_magnitude)
    if log_magnitude.dtype != tf.float64:
        log_magnitude = tf.cast(log_magnitude, tf.float32)
    n_bins = log_magnitude.shape[-1]
    if n_bins is None or n_bins < 3:
        raise ArgumentError(
            f"`log_magnitude` should be [..., n_bins] of 3 bins at least. Received {n_bins}."
        )
    length = 2 * (n_bins - 1)
    dtype = tf.complex128 if log_magnitude.dtype == tf.float64 else tf.complex64
    cepstrum = tf.signal.irfft(tf.cast(log_magnitude, dtype), [length])
    fold = np.zeros(length)
    fold[[0, length // 2]], fold[1 : length // 2] = 1.0, 2.0
    return tf.exp(tf.signal.rfft(cepstrum * tf.constant(fold, log_magnitude.dtype)))
