"""Gated dilated convolutions over samples, told by a context."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.shapes import size
from ddsp_tf.errors import ArgumentError


@keras.saving.register_keras_serializable("ddsp_tf")
class WaveNet(keras.layers.Layer):
    """Residual blocks `h + W (tanh(f) * sigmoid(g))`, whose gated outputs are summed and read.

    f and g are convolutions, centred, plus a product of the context. The sum over all blocks goes
    through two dense layers. Without feedback: all samples are made at once.

    Args:
        outputs: Channels of the output.
        channels: Of every block.
        dilations: Of each block, >= 1.
        kernel_size: Samples that each block reads, odd.
        context_hop: Samples of the input for a frame of the context; between frames it is
            interpolated.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1, or an even `kernel_size`.

    Example:
        >>> layer = WaveNet(1, channels=4, dilations=(1, 2, 4), context_hop=10)
        >>> layer.radius
        7
        >>> layer(tf.ones([2, 50, 3]), tf.ones([2, 5, 8])).shape
        TensorShape([2, 50, 1])

    Reference:
        van den Oord et al. 2016, "WaveNet", sections 2.3 and 2.4; as a feed-forward network
        Rethage, Pons and Serra 2018, "A Wavenet for speech denoising".
    """

    def __init__(
        self,
        outputs: int = 1,
        *,
        channels: int = 64,
        dilations: Sequence[int] = (1, 2, 4, 8, 16, 32, 64, 128),
        kernel_size: int = 3,
        context_hop: int = 1,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(outputs, channels, context_hop, *dilations) < 1 or not dilations:
            raise ArgumentError(
                "`outputs`, `channels`, `context_hop` and all of `dilations` should be at least 1. "
                f"Received {outputs}, {channels}, {context_hop} and {tuple(dilations)}."
            )
        if kernel_size < 1 or kernel_size % 2 == 0:
            raise ArgumentError(f"`kernel_size` should be odd. Received {kernel_size}.")
        self.outputs, self.channels, self.kernel_size = outputs, channels, kernel_size
        self.dilations, self.context_hop = tuple(dilations), context_hop

    @property
    def radius(self) -> int:
        """Samples before and after its own that one of the output depends on."""
        return sum(self.dilations) * (self.kernel_size // 2)

    def build(self, inputs_shape: Any, context_shape: Any = None) -> None:
        """Makes the weights for inputs and context of so many channels."""
        width = self.channels
        self.entry = self._made("entry", (inputs_shape[-1], width))
        self.kernels, self.mixes, self.told = [], [], []
        for i in range(len(self.dilations)):
            self.kernels.append(self._made(f"kernel_{i}", (self.kernel_size, width, 2 * width)))
            self.mixes.append(self._made(f"mix_{i}", (width, 2 * width)))
            if context_shape is not None:
                self.told.append(self._made(f"told_{i}", (context_shape[-1], 2 * width)))
        self.reading = self._made("reading", (width, width))
        self.exit = self._made("exit", (width, self.outputs))
        self.built = True

    def _made(self, name: str, shape: tuple[int, ...]) -> tuple[Any, Any]:
        kernel = self.add_weight(name=name, shape=shape, initializer="glorot_uniform")
        return kernel, self.add_weight(name=f"{name}_bias", shape=shape[-1:], initializer="zeros")

    def call(self, inputs: tf.Tensor, context: tf.Tensor | None = None) -> tf.Tensor:
        """Reads a whole sound.

        Args:
            inputs: `[batch, n_samples, n_channels]`.
            context: `[batch, n_samples / context_hop, any]`, if the layer was built with one.

        Returns:
            `[batch, n_samples, outputs]`.
        """
        hidden = _dense(inputs, self.entry)
        summed = tf.zeros_like(hidden)
        for i, dilation in enumerate(self.dilations):
            kernel, bias = self.kernels[i]
            gates = tf.nn.conv1d(hidden, kernel, 1, "SAME", dilations=dilation) + bias
            if context is not None:
                told = _dense(context, self.told[i])
                gates += dsp.resample_envelope(told, hop_length=self.context_hop)
            first, second = tf.split(gates, 2, axis=-1)
            mixed, kept = tf.split(
                _dense(tf.tanh(first) * tf.sigmoid(second), self.mixes[i]), 2, axis=-1
            )
            hidden, summed = hidden + mixed, summed + kept
        outputs = _dense(tf.tanh(_dense(summed, self.reading)), self.exit)
        return tf.ensure_shape(outputs, [None, inputs.shape[1], self.outputs])

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("outputs", "channels", "kernel_size", "context_hop")
        own = {key: getattr(self, key) for key in keys}
        return {**super().get_config(), **own, "dilations": list(self.dilations)}


def _dense(inputs: tf.Tensor, weights: tuple[Any, Any]) -> tf.Tensor:
    kernel, bias = weights
    rows = tf.matmul(tf.reshape(inputs, [-1, inputs.shape[-1]]), kernel) + bias
    shape = [size(inputs, 0), size(inputs, 1), kernel.shape[-1]]
    return tf.reshape(rows, shape)
