"""Two dense layers that share an output."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.shapes import require_positive_integer


@keras.saving.register_keras_serializable("ddsp_tf")
class DualFc(keras.layers.Layer):
    """y = f_1 tanh(W_1 h + b_1) + f_2 tanh(W_2 h + b_2), with a factor f for each output.

    A value within a range of codes is above one edge and below another: two comparisons that each
    of the layers can make.

    Args:
        n_outputs: Size of y.
        name: The layer's name.

    Raises:
        ArgumentError: The size isn't a positive integer.

    Example:
        >>> DualFc(256)(tf.ones([2, 5, 16])).shape
        TensorShape([2, 5, 256])

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 3.3.
    """

    def __init__(self, n_outputs: int, *, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        require_positive_integer("n_outputs", n_outputs)
        self.n_outputs = n_outputs

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        both = 2 * self.n_outputs
        self.kernel = self.add_weight(
            name="kernel", shape=[input_shape[-1], both], initializer="glorot_uniform"
        )
        self.bias = self.add_weight(name="bias", shape=[both], initializer="zeros")
        self.factors = self.add_weight(name="factors", shape=[both], initializer="ones")
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Gives `[..., n_outputs]`."""
        both = tf.tanh(tf.tensordot(inputs, self.kernel, 1) + self.bias) * self.factors
        return both[..., : self.n_outputs] + both[..., self.n_outputs :]

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Gives the shape of the outputs."""
        return (*input_shape[:-1], self.n_outputs)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_outputs": self.n_outputs}
