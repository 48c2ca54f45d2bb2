"""Magnitudes, against their energy."""

import keras
import tensorflow as tf

from ddsp_tf.losses.terms.term import Distance, Term


@keras.saving.register_keras_serializable("ddsp_tf")
class RelativeMagnitude(Term):
    """Compares magnitudes by the distance's share of what the target itself has.

    By default squared: sum (|X| - |Y|)^2 / sum |X|^2, 1 for silence in place of a sound. Of sounds
    so long that they are analysed in chunks it is the mean over the chunks.
    """

    name = "relative_magnitude"

    def __init__(self, weight: float = 1.0, *, distance: Distance = "l2") -> None:
        super().__init__(weight, distance=distance)

    def __call__(self, target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """Gives the weighted share, a scalar; 0 where the target is silence."""
        measure = tf.abs if self.distance == "l1" else tf.square
        apart = tf.reduce_sum(measure(target - value))
        return self.weight * tf.math.divide_no_nan(apart, tf.reduce_sum(measure(target)))
