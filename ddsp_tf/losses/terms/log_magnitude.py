"""Logarithms of magnitudes."""

import keras
import tensorflow as tf

from ddsp_tf.losses.terms.term import Term

LOG_FLOOR = 1e-5
"""Magnitudes are floored here before their logarithm, which bounds its gradient."""


@keras.saving.register_keras_serializable("ddsp_tf")
class LogMagnitude(Term):
    """Compares natural logarithms of magnitudes, floored at `LOG_FLOOR`.

    What is soft counts too.
    """

    name = "log_magnitude"

    def view(self, analysis: tf.Tensor) -> tf.Tensor:
        """Gives them from magnitudes `[batch, n_frames, n_bins]`."""
        return tf.math.log(tf.maximum(analysis, LOG_FLOOR))
