"""Bark cepstra: speech as the cosine transform of the levels of 18 bands, and the way back.

Powers are those of 16-bit numbers: of sound of full scale 1, times 2^30.
"""

import functools

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.linear_prediction import levinson
from ddsp_tf.dsp.shapes import checked
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

BAND_CENTRES_HZ = tuple(
    200 * n for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 34, 40)
)
N_BARK_BANDS = len(BAND_CENTRES_HZ)
BIN_HZ = 50
N_BARK_BINS = BAND_CENTRES_HZ[-1] // BIN_HZ + 1
"""Bins of the spectrum from 0 to 8 kHz."""
PRE_EMPHASIS = 0.85
_FLOOR = 1e-2
_WHITE_NOISE = 1e-4
_QUANTISATION = 320.0 / 12.0 / 38.0
_LAG_WINDOW = 6e-5


@functools.cache
def _triangles() -> FloatArray:
    """How much each bin counts in each band, `[161, 18]`: 1 at its centre, 0 at its neighbours'."""
    hz = BIN_HZ * np.arange(N_BARK_BINS)
    shares = np.stack([np.interp(hz, BAND_CENTRES_HZ, row) for row in np.eye(N_BARK_BANDS)], axis=1)
    shares[-1] = 0.0  # The last bin is left out.
    return shares


@functools.cache
def _weights() -> FloatArray:
    """The triangles, of which the first and the last are half as wide and count twice."""
    weights = _triangles().copy()
    weights[:, [0, -1]] *= 2.0
    return weights


@functools.cache
def _cosines() -> FloatArray:
    """The orthonormal cosine transform, `[n_bands, n_coefficients]`."""
    bands, numbers = np.arange(N_BARK_BANDS)[:, np.newaxis], np.arange(N_BARK_BANDS)
    matrix = np.sqrt(2.0 / N_BARK_BANDS) * np.cos(np.pi * numbers * (bands + 0.5) / N_BARK_BANDS)
    matrix[:, 0] *= np.sqrt(0.5)
    return matrix


def bark_cepstrum(power: FloatArray) -> FloatArray:
    """Gives the Bark cepstrum of power spectra.

    Args:
        power: `|X / n|^2` of frames of n samples of pre-emphasised sound, as 16-bit numbers, at 0,
            50 ... 8000 Hz, `[..., 161]`.

    Returns:
        The cosine transform of log10 of the powers of 18 triangular bands, above 0.01 each;
        `[..., 18]`.

    Raises:
        ArgumentError: There are not 161 bins.

    Example:
        >>> np.abs(bark_cepstrum(np.zeros([1, 161]))).round(2)[0, :2].tolist()
        [8.49, 0.0]

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 2; Valin 2018, "A hybrid DSP/deep learning approach to real-time
        full-band speech enhancement", section III, for the bands.
    """
    if power.shape[-1] != N_BARK_BINS:
        raise ArgumentError(
            f"`power` should have {N_BARK_BINS} bins, every 50 Hz up to 8 kHz. "
            f"Received {power.shape[-1]}."
        )
    return np.log10(power @ _weights() + _FLOOR) @ _cosines()


def lpc_from_bark_cepstrum(cepstrum: tf.Tensor, *, order: int = 16) -> tf.Tensor:
    """Gives the predictor of the sound that a Bark cepstrum describes.

    Levels are interpolated between the bands' centres, and the spectrum's autocorrelation is given
    to `levinson`, with noise 40 dB below and some of the size of a 16-bit step, and with a lag
    window. So the predictor follows from what is transmitted, and needs no bits of its own.

    Args:
        cepstrum: As `bark_cepstrum` gives it, at 16 kHz, `[batch, n_frames, 18]`.
        order: Of the predictor.

    Returns:
        The coefficients a_1 ... of the stable filter 1 / A, `[batch, n_frames, order]`, in the
        precision of `cepstrum`; a sample is predicted as - sum of a_k x_{t-k}.

    Example:
        >>> lpc_from_bark_cepstrum(tf.zeros([1, 10, 18])).shape
        TensorShape([1, 10, 16])

    Reference:
        Valin and Skoglund 2019, section 3.1; noise and window are those of the published program.
    """
    (cepstrum,) = checked(cepstrum=(cepstrum, f"batch n_frames {N_BARK_BANDS}"))
    levels = tf.cast(cepstrum, tf.float64) @ _cosines().T
    # A cepstrum that no sound has is no reason for infinity.
    power = tf.pow(tf.constant(10.0, tf.float64), tf.clip_by_value(levels, -4.0, 12.0))
    correlation = power @ _to_correlation(order)
    lags = np.arange(order + 1)
    window = 1.0 - _LAG_WINDOW * np.square(lags)
    window[0] = 1.0 + _WHITE_NOISE
    noise = np.where(lags == 0, _QUANTISATION, 0.0)
    coefficients, _, _ = levinson(correlation * window + noise, white_noise=0.0)
    return tf.cast(coefficients, cepstrum.dtype)


@functools.cache
def _to_correlation(order: int) -> FloatArray:
    """From powers of bands to the autocorrelation of the spectrum in between, `[18, order + 1]`."""
    # Published constants are for densities that are four times as large as the spectrum.
    spectrum = 4.0 / _weights().sum(axis=0)[:, np.newaxis] * _triangles().T
    angles = np.pi * np.arange(N_BARK_BINS)[:, np.newaxis] / (N_BARK_BINS - 1)
    cosines = np.cos(angles * np.arange(order + 1))
    cosines[1:-1] *= 2.0
    return spectrum @ cosines
