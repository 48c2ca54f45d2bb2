"""Differences from frame to frame."""

import keras
import tensorflow as tf

from ddsp_tf.losses.terms.term import Term


@keras.saving.register_keras_serializable("ddsp_tf")
class DeltaTime(Term):
    """Compares the differences from frame to frame."""

    name = "delta_time"
    n_frames_before = 1

    def view(self, analysis: tf.Tensor) -> tf.Tensor:
        """Gives them from magnitudes `[batch, n_frames, n_bins]`."""
        return analysis[:, 1:] - analysis[:, :-1]
