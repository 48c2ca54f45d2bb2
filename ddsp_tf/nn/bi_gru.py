"""A GRU that reads both ways."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.shapes import require_positive_integer
from ddsp_tf.nn.gru import Gru


@keras.saving.register_keras_serializable("ddsp_tf")
class BiGru(keras.layers.Layer):
    """Two GRUs over a sequence, one from its end, side by side.

    Args:
        units: Of each.
        name: The layer's name.

    Raises:
        ArgumentError: The size isn't a positive integer.

    Example:
        >>> BiGru(8)(tf.ones([2, 5, 3])).shape
        TensorShape([2, 5, 16])

    Reference:
        Schuster and Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    def __init__(self, units: int, *, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        require_positive_integer("units", units)
        self.units = units
        self.onward = Gru(units, name="onward")
        self.back = Gru(units, name="back")

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        self.onward.build(input_shape)
        self.back.build(input_shape)
        self.built = True

    def call(self, inputs: tf.Tensor, lengths: tf.Tensor | None = None) -> tf.Tensor:
        """Reads sequences.

        Args:
            inputs: `[batch, n_steps, n_channels]`, n_steps >= 1.
            lengths: Where each sequence ends, `[batch]` integers, so that what pads it isn't read
                by the way back; None: all are whole.

        Returns:
            `[batch, n_steps, 2 * units]`.
        """

        def turned(x: tf.Tensor) -> tf.Tensor:
            if lengths is None:
                return tf.reverse(x, [1])
            return tf.reverse_sequence(x, lengths, seq_axis=1)

        onward, _ = self.onward(inputs)
        back, _ = self.back(turned(inputs))
        return tf.concat([onward, turned(back)], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "units": self.units}
