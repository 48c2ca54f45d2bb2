"""The filter of a neural source-filter model: an excitation, bent by dilated convolutions."""

import math
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn.causal_convolution import CausalConvolution


@keras.saving.register_keras_serializable("ddsp_tf")
class NeuralFilterBlock(keras.layers.Layer):
    """Adds to a signal what convolutions under a context make of it.

    A dense layer widens the signal; dilated causal convolutions of three taps, each twice as far
    apart as the one before, add `tanh(conv(h)) + context` to it; two dense layers narrow it again.
    What comes out, times a learned gain that begins at 0.1, is added to the signal.

    Args:
        channels: Of every convolution, and of the context.
        n_layers: Convolutions, >= 1.
        narrow: Channels of the layer before the last.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1.

    Example:
        >>> block = NeuralFilterBlock(8, n_layers=10)
        >>> block.receptive_samples
        2047
        >>> signal, state = block(tf.ones([1, 100, 1]), tf.ones([1, 100, 8]))
        >>> signal.shape
        TensorShape([1, 100, 1])

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis", section III-D.
    """

    def __init__(
        self,
        channels: int = 64,
        *,
        n_layers: int = 10,
        narrow: int = 16,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(channels, n_layers, narrow) < 1:
            raise ArgumentError(
                "`channels`, `n_layers` and `narrow` should be at least 1. Received "
                f"{channels}, {n_layers} and {narrow}."
            )
        self.channels, self.n_layers, self.narrow = channels, n_layers, narrow
        self.entry = keras.layers.Dense(channels, activation="tanh", name="entry")
        self.convolutions = [
            CausalConvolution(channels, dilation=2**i, use_bias=False, name=f"convolution_{i}")
            for i in range(n_layers)
        ]
        self.narrowing = keras.layers.Dense(narrow, activation="tanh", name="narrowing")
        self.exit = keras.layers.Dense(1, activation="tanh", name="exit")

    @property
    def receptive_samples(self) -> int:
        """Samples that one depends on, its own among them: 2 (2^n_layers - 1) + 1."""
        return 1 + sum(layer.past_samples for layer in self.convolutions)

    def build(self, *input_shapes: Any) -> None:
        """Makes the weights."""
        del input_shapes
        self.entry.build((None, None, 1))
        for layer in (*self.convolutions, self.narrowing):
            layer.build((None, None, self.channels))
        self.exit.build((None, None, self.narrow))
        self.log_gain = self.add_weight(
            name="log_gain", shape=[], initializer=keras.initializers.Constant(math.log(0.1))
        )
        self.built = True

    def call(
        self, signal: tf.Tensor, context: tf.Tensor, state: list[tf.Tensor] | None = None
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Filters a block.

        Args:
            signal: `[batch, n_samples, 1]`.
            context: At every sample, `[batch, n_samples, channels]`.
            state: As the block before returned it; None: silence.

        Returns:
            `[batch, n_samples, 1]`, and the state for the next block.
        """
        if state is None:
            state = self.initial_state(tf.shape(signal)[0])
        hidden = self.entry(signal)
        following = []
        for convolve, past in zip(self.convolutions, state, strict=True):
            read, kept = convolve(hidden, past)
            hidden = hidden + tf.tanh(read) + context
            following.append(kept)
        made = self.exit(self.narrowing(hidden))
        return signal + tf.exp(self.log_gain) * made, following

    def initial_state(self, batch_size: int | tf.Tensor) -> list[tf.Tensor]:
        """Gives the state before the first sample: silence."""
        return [layer.initial_state(batch_size, self.channels) for layer in self.convolutions]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("channels", "n_layers", "narrow")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
