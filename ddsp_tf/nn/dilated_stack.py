"""Convolutions over frames that reach farther with each layer."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_SLOPE = 0.2
_TAPS = 3


@keras.saving.register_keras_serializable("ddsp_tf")
class DilatedStack(keras.layers.Layer):
    """Residual convolutions of three taps, centred, with leaky ReLU and layer normalisation.

    The taps of layer i of a stack are 2**i frames apart.

    Args:
        channels: Of each layer.
        n_stacks: How many stacks.
        n_layers: Layers of each.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1.

    Example:
        >>> DilatedStack(8, n_stacks=1, n_layers=3)(tf.ones([2, 50, 4])).shape
        TensorShape([2, 50, 8])

    Reference:
        Yu and Koltun 2016, "Multi-scale context aggregation by dilated convolutions".
    """

    def __init__(
        self,
        channels: int = 128,
        *,
        n_stacks: int = 4,
        n_layers: int = 5,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(channels, n_stacks, n_layers) < 1:
            raise ArgumentError(
                "`channels`, `n_stacks` and `n_layers` should be at least 1. Received "
                f"{channels}, {n_stacks} and {n_layers}."
            )
        self.channels, self.n_stacks, self.n_layers = channels, n_stacks, n_layers
        self.entry = keras.layers.Dense(channels, name="entry")
        self.convolutions = [
            keras.layers.Conv1D(
                channels,
                _TAPS,
                dilation_rate=2 ** (i % n_layers),
                padding="same",
                name=f"convolution_{i}",
            )
            for i in range(n_stacks * n_layers)
        ]
        self.normalization = [
            keras.layers.LayerNormalization(name=f"normalization_{i}")
            for i in range(n_stacks * n_layers)
        ]

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        self.entry.build(input_shape)
        shape = (None, None, self.channels)
        for layer in (*self.convolutions, *self.normalization):
            layer.build(shape)
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps `[batch, n_frames, any]` to `[batch, n_frames, channels]`."""
        hidden = self.entry(inputs)
        for convolve, normalize in zip(self.convolutions, self.normalization, strict=True):
            hidden = normalize(hidden + tf.nn.leaky_relu(convolve(hidden), _SLOPE))
        return hidden

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("channels", "n_stacks", "n_layers")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
