"""Levels of third-octave bands."""

import functools

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.losses.terms.log_magnitude import LOG_FLOOR
from ddsp_tf.losses.terms.term import Term
from ddsp_tf.types import FloatArray

_BANDS_PER_OCTAVE = 3
_N_FRAMES = 32


@keras.saving.register_keras_serializable("ddsp_tf")
class BandLevel(Term):
    """Compares levels of third-octave bands over 32 frames, in nepers.

    An absolute distance of single bins has what can't be foreseen played too soft: the magnitudes
    of noise are nearest to noise that is 2.2 dB softer, and their logarithms ask for the median of
    a level that swells and fades, which is below its power. The power of many cells can be met.
    """

    name = "band_level"
    n_frames_before = _N_FRAMES - 1

    def view(self, analysis: tf.Tensor) -> tf.Tensor:
        """Gives them from magnitudes `[batch, n_frames, n_bins]`.

        Returns:
            `[batch, n_frames - 31, n_bands]`, of no frames if there are fewer than 32.
        """
        bands = tf.constant(_bands(analysis.shape[-1]), analysis.dtype)
        powers = tf.tensordot(tf.square(analysis), bands, 1)
        n_frames = powers.shape[1] or tf.shape(powers)[1]
        n_missing = tf.maximum(0, _N_FRAMES - n_frames)
        padded = tf.pad(powers, [[0, 0], [0, n_missing], [0, 0]])
        means = tf.nn.avg_pool1d(padded, _N_FRAMES, 1, "VALID")
        levels = 0.5 * tf.math.log(tf.maximum(means, LOG_FLOOR**2))
        return levels[:, : tf.maximum(0, n_frames - self.n_frames_before)]


@functools.cache
def _bands(n_bins: int) -> FloatArray:
    """What the mean over the bins of each band weighs them by, `[n_bins, n_bands]`.

    Bands end at thirds of octaves below the last bin; where these are narrower than a bin, they
    are left out. The bin of 0 Hz belongs to none.
    """
    n_thirds = np.ceil(_BANDS_PER_OCTAVE * np.log2(n_bins - 1))
    ends = np.unique(np.round((n_bins - 1) * 2.0 ** (-np.arange(1 + n_thirds) / _BANDS_PER_OCTAVE)))
    bins = np.arange(n_bins)[:, np.newaxis]
    inside = (bins > np.append(0, ends[:-1])) & (bins <= ends)
    return inside / inside.sum(axis=0)
