"""Glottis and vocal tract told apart in a recording."""

from typing import NamedTuple

import numpy as np

from ddsp_tf.dsp.linear_prediction import autocorrelation, levinson
from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_LEAK = 0.99
_GLOTTAL_ORDER = 3


class InverseFilters(NamedTuple):
    """All-pole filters of one frame, without their leading 1.

    Attributes:
        tract: Of the vocal tract, `[tract_order]`.
        glottis: Of the glottis, `[3]`.
    """

    tract: FloatArray
    glottis: FloatArray


def inverse_filters(frame: FloatArray, *, tract_order: int) -> InverseFilters:
    """Tells the glottis from the vocal tract in a frame of a voice, by adaptive inverse filtering.

    A rough glottis of three poles, each found in what the one before has left, is taken out; what
    remains is a rough tract; without it there is the glottis, of third order; and without that the
    tract.

    Args:
        frame: `[n_samples]`, of two periods or more.
        tract_order: Poles of the tract: about two a kilohertz of the band, and two.

    Raises:
        ArgumentError: A frame of another shape, or shorter than three times the order.

    Example:
        >>> noise = np.random.default_rng(0).standard_normal(1000)
        >>> inverse_filters(noise, tract_order=18).tract.shape
        (18,)

    Reference:
        Perrotin and McLoughlin 2019, "A spectral glottal flow model for source-filter separation of
        speech" (GFM-IAIF).
    """
    frame = np.asarray(frame, np.float64)
    if frame.ndim != 1 or len(frame) < 3 * tract_order:
        raise ArgumentError(
            f"`frame` should be [n_samples], {3 * tract_order} at least. Received {frame.shape}."
        )
    ramp = np.linspace(-frame[0], frame[0], tract_order + 1)
    # Lip radiation, taken back: a leaky integral.
    padded = _integrated(np.concatenate([ramp, frame]))
    without = padded
    poles = np.ones(1)
    for _ in range(_GLOTTAL_ORDER):
        pole = np.concatenate([[1.0], _lpc(without[tract_order + 1 :], 1)])
        poles = np.convolve(poles, pole)
        without = _through(padded, poles)
    tract = _lpc(without[tract_order + 1 :], tract_order)
    source = _through(padded, np.concatenate([[1.0], tract]))[tract_order + 1 :]
    glottis = _lpc(source, _GLOTTAL_ORDER)
    filtered = _through(padded, np.concatenate([[1.0], glottis]))[tract_order + 1 :]
    return InverseFilters(_lpc(filtered, tract_order), glottis)


def _integrated(audio: FloatArray) -> FloatArray:
    """1 / (1 - 0.99 z^-1), as a convolution: after 3,000 samples nothing is left."""
    response = _LEAK ** np.arange(min(len(audio), 3000))
    summed: FloatArray = np.convolve(audio, response)[: len(audio)]
    return summed


def _through(audio: FloatArray, taps: FloatArray) -> FloatArray:
    filtered: FloatArray = np.convolve(audio, taps)[: len(audio)]
    return filtered


def _lpc(frame: FloatArray, order: int) -> FloatArray:
    windowed = frame * np.hanning(len(frame))
    found: FloatArray = levinson(autocorrelation(windowed, order=order))[0].numpy()
    return found
