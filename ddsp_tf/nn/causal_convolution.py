"""A dilated convolution over samples that plays in blocks."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.shapes import size
from ddsp_tf.errors import ArgumentError


@keras.saving.register_keras_serializable("ddsp_tf")
class CausalConvolution(keras.layers.Layer):
    """Reads its input at samples i, i - d, ..., i - (kernel_size - 1) d.

    Args:
        channels: Of the output.
        kernel_size: Samples that are read, >= 1.
        dilation: d, >= 1.
        use_bias: Whether there is a bias.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1.

    Example:
        >>> layer = CausalConvolution(4, kernel_size=3, dilation=8)
        >>> outputs, past = layer(tf.ones([1, 100, 2]))
        >>> outputs.shape, past.shape
        (TensorShape([1, 100, 4]), TensorShape([1, 16, 2]))

    Reference:
        van den Oord et al. 2016, "WaveNet", section 2.1.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        dilation: int = 1,
        use_bias: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(channels, kernel_size, dilation) < 1:
            raise ArgumentError(
                "`channels`, `kernel_size` and `dilation` should be at least 1. Received "
                f"{channels}, {kernel_size} and {dilation}."
            )
        self.channels = channels
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.use_bias = use_bias

    @property
    def past_samples(self) -> int:
        """Samples before its own that it reads."""
        return (self.kernel_size - 1) * self.dilation

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        shape = [self.kernel_size, input_shape[-1], self.channels]
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer="glorot_uniform")
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=[self.channels], initializer="zeros")
        self.built = True

    def call(self, inputs: tf.Tensor, past: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
        """Filters a block.

        Args:
            inputs: `[batch, n_samples, n_channels]`.
            past: As the block before returned it; None: silence.

        Returns:
            `[batch, n_samples, channels]`, and what the next block needs of this one.
        """
        if past is None:
            past = self.initial_state(tf.shape(inputs)[0], inputs.shape[-1])
        read = tf.concat([past, inputs], axis=1)
        count = size(inputs, 1)
        # A quarter of the time that one product of the shifted samples takes, compiled or not.
        outputs = tf.nn.conv1d(read, self.kernel, 1, "VALID", dilations=self.dilation)
        outputs = tf.ensure_shape(outputs, [None, inputs.shape[1], self.channels])
        return (outputs + self.bias if self.use_bias else outputs), read[:, count:]

    def initial_state(self, batch_size: int | tf.Tensor, n_channels: int) -> tf.Tensor:
        """Gives what comes before the first sample: silence."""
        return tf.zeros([batch_size, self.past_samples, n_channels], self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("channels", "kernel_size", "dilation", "use_bias")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
