"""Sums over bins."""

import keras
import tensorflow as tf

from ddsp_tf.losses.terms.term import Term


@keras.saving.register_keras_serializable("ddsp_tf")
class CumulativeFrequency(Term):
    """Compares cumulative sums over bins, so that how far energy has moved in frequency counts."""

    name = "cumulative_frequency"

    def view(self, analysis: tf.Tensor) -> tf.Tensor:
        """Gives them from magnitudes `[batch, n_frames, n_bins]`."""
        return tf.cumsum(analysis, axis=-1)
