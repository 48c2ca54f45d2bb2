"""The multilayer perceptron of the decoder."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError


@keras.saving.register_keras_serializable("ddsp_tf")
class FcStack(keras.layers.Layer):
    """Dense, layer normalisation and leaky ReLU (slope 0.2), `n_layers` times, over frames.

    Args:
        n_channels: Outputs of each layer.
        n_layers: Repetitions; 0 passes the input on.
        name: The layer's name.

    Raises:
        ArgumentError: A negative number of layers.

    Reference:
        Engel et al. 2020, section B.2 (there with ReLU; its released code has leaky ReLU).
    """

    def __init__(
        self, n_channels: int = 512, n_layers: int = 3, *, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        if n_layers < 0:
            raise ArgumentError(f"`n_layers` should not be negative. Received {n_layers}.")
        self.n_channels = n_channels
        self.n_layers = n_layers
        self.dense = [keras.layers.Dense(n_channels, dtype=self.dtype_policy) for _ in self.layers]
        self.normalization = [
            keras.layers.LayerNormalization(dtype=self.dtype_policy) for _ in self.layers
        ]

    @property
    def layers(self) -> range:
        """Indices of the layers."""
        return range(self.n_layers)

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        shape = tuple(input_shape)
        for dense, normalization in zip(self.dense, self.normalization, strict=True):
            dense.build(shape)
            shape = (*shape[:-1], self.n_channels)
            normalization.build(shape)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps `[batch, n_frames, any]` to `[batch, n_frames, n_channels]`."""
        outputs = inputs
        for dense, normalization in zip(self.dense, self.normalization, strict=True):
            outputs = tf.nn.leaky_relu(normalization(dense(outputs)), alpha=0.2)
        return outputs

    def output_channels(self, input_channels: int) -> int:
        """Gives the channels that come out when `input_channels` go in."""
        return self.n_channels if self.n_layers else input_channels

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_channels": self.n_channels, "n_layers": self.n_layers}
