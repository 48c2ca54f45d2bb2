"""Differences from bin to bin."""

import keras
import tensorflow as tf

from ddsp_tf.losses.terms.term import Term


@keras.saving.register_keras_serializable("ddsp_tf")
class DeltaFrequency(Term):
    """Compares the differences from bin to bin."""

    name = "delta_frequency"

    def view(self, analysis: tf.Tensor) -> tf.Tensor:
        """Gives them from magnitudes `[batch, n_frames, n_bins]`."""
        return analysis[..., 1:] - analysis[..., :-1]
