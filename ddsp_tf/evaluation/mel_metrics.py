"""Distances between mel spectra: of everything, and of the timbre alone."""

import numpy as np

from ddsp_tf.dsp.mel import POWER_FLOOR, mel_power
from ddsp_tf.evaluation.metrics import check_equally_long
from ddsp_tf.types import FloatArray

_CEPSTRAL_ORDER = 13


def log_mel_l1(target: FloatArray, audio: FloatArray, *, sample_rate: int) -> float:
    """Returns the mean absolute difference of the natural logarithms of mel powers.

    Mel powers are librosa's with its defaults (FFT 2048, hop 512, 128 bands, Slaney), floored at
    1e-5; the mean is over all bands and frames. 1.0 is 4.34 dB. It is the same as

        S = lambda x: np.log(np.maximum(librosa.feature.melspectrogram(y=x, sr=sample_rate), 1e-5))
        np.mean(np.abs(S(target) - S(audio)))

    Args:
        target: The recording, `[n_samples]`.
        audio: The imitation, `[n_samples]`.
        sample_rate: Of both, in Hz.

    Raises:
        ArgumentError: The lengths differ or are 0.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> round(log_mel_l1(noise, np.exp(0.5) * noise, sample_rate=16000), 6)
        1.0
    """
    first, second = _log_mel(target, audio, sample_rate=sample_rate)
    return float(np.mean(np.abs(first - second)))


def mel_cepstral_distortion_db(target: FloatArray, audio: FloatArray, *, sample_rate: int) -> float:
    """Returns the mel-cepstral distortion: how far the spectral envelopes differ, in dB.

    (10 / ln 10) * sqrt(2 * sum over k = 1...13 of (c_k - c'_k)^2), averaged over the frames, where
    c_k are the cepstral coefficients of the logarithm of the mel powers of `log_mel_l1`, frame
    against frame without time warping. The level, c_0, doesn't count.

    Args:
        target: The recording, `[n_samples]`.
        audio: The imitation, `[n_samples]`.
        sample_rate: Of both, in Hz.

    Raises:
        ArgumentError: The lengths differ or are 0.

    Example:
        >>> noise = np.random.default_rng(0).normal(size=16000)
        >>> round(mel_cepstral_distortion_db(noise, 0.5 * noise, sample_rate=16000), 6)
        0.0

    Reference:
        Kubichek (1993), "Mel-cepstral distance measure for objective speech quality assessment",
        equation 1.
    """
    first, second = _log_mel(target, audio, sample_rate=sample_rate)
    difference = cepstra_db(first - second, n_coefficients=_CEPSTRAL_ORDER)
    return float(np.mean(np.sqrt(np.sum(np.square(difference), axis=-1))))


def cepstra_db(log_power: FloatArray, *, n_coefficients: int) -> FloatArray:
    """Transforms logarithms of band powers into cepstral coefficients 1...n in dB.

    They are scaled so that the root of the sum of the squares is the root mean square, over the
    bands, of the part of the spectrum in dB that they describe.

    Args:
        log_power: Natural logarithms of powers, `[n_frames, n_bands]`.
        n_coefficients: How many, from the first above the level on, below n_bands.

    Returns:
        `[n_frames, n_coefficients]`.

    Example:
        >>> tilt = np.cos(np.pi * (np.arange(40) + 0.5) / 40) * np.log(10) / 10
        >>> cepstra_db(tilt[np.newaxis], n_coefficients=2).round(4) + 0.0
        array([[0.7071, 0.    ]])
    """
    n_bands = log_power.shape[-1]
    order = np.arange(1, n_coefficients + 1)
    angles = np.pi * np.outer(np.arange(n_bands) + 0.5, order) / n_bands
    # c_k of the definition above, times 10 / ln 10 * sqrt(2).
    return (10.0 / np.log(10.0)) * np.sqrt(2.0) * (log_power @ np.cos(angles)) / n_bands


def _log_mel(
    target: FloatArray, audio: FloatArray, *, sample_rate: int
) -> tuple[FloatArray, FloatArray]:
    check_equally_long(target, audio)
    first, second = (
        np.log(np.maximum(mel_power(x, sample_rate=sample_rate), POWER_FLOOR))
        for x in (target, audio)
    )
    return first, second
