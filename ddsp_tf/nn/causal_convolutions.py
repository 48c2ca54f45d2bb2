"""Dilated convolutions over frames that see the past alone."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn.fc_stack import FcStack


@keras.saving.register_keras_serializable("ddsp_tf")
class CausalConvolutions(keras.layers.Layer):
    """Residual blocks in a row: dilated convolution, layer normalisation and leaky ReLU, added.

    Each block reads its input at frames i, i - d, ..., i - (kernel_size - 1) d, as one matrix
    product, so a training clip takes a few large products instead of a loop over its frames. In
    blocks of any length it plays what it plays at once: its state holds the frames that are read
    again.

    Args:
        n_channels: Channels of every block, and of the input.
        kernel_size: Frames that each block reads, >= 1.
        dilations: Of each block, in frames, >= 1.
        name: The layer's name.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> layer = CausalConvolutions(8, kernel_size=3, dilations=(1, 3, 9))
        >>> layer.receptive_frames
        27
        >>> outputs, state = layer(tf.ones([5, 2, 8]))
        >>> outputs.shape, state.shape
        (TensorShape([5, 2, 8]), TensorShape([2, 208]))

    Reference:
        van den Oord et al. 2016, "WaveNet", section 2.1 (the dilations); Volhejn 2023,
        "Accelerating neural audio synthesis" (as a DDSP decoder).
    """

    def __init__(
        self,
        n_channels: int,
        *,
        kernel_size: int = 3,
        dilations: Sequence[int] = (1, 3, 9, 27, 81),
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        # The state stays in float32 whatever the products are computed in.
        super().__init__(name=name, autocast=False, **kwargs)
        if kernel_size < 1:
            raise ArgumentError(f"`kernel_size` should be at least 1. Received {kernel_size}.")
        if not dilations or any(d < 1 for d in dilations):
            raise ArgumentError(
                f"`dilations` should be one number a block, each at least 1. Received {dilations}."
            )
        self.n_channels = n_channels
        self.kernel_size = kernel_size
        self.dilations = tuple(dilations)
        self.blocks = [
            FcStack(n_channels, 1, name=f"block_{i}", dtype=self.dtype_policy)
            for i in range(len(self.dilations))
        ]

    @property
    def pasts(self) -> list[int]:
        """How many frames before its own each block reads."""
        return [(self.kernel_size - 1) * dilation for dilation in self.dilations]

    @property
    def receptive_frames(self) -> int:
        """Frames that an output depends on, its own among them."""
        return 1 + sum(self.pasts)

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `n_channels`."""
        if input_shape[-1] != self.n_channels:
            raise ArgumentError(
                f"The input should have {self.n_channels} channels, `n_channels`. "
                f"Received {input_shape[-1]}."
            )
        for block in self.blocks:
            block.build((None, None, self.kernel_size * self.n_channels))
        self.built = True

    def call(
        self, inputs: tf.Tensor, initial_state: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs over all frames.

        Args:
            inputs: `[n_frames, batch, n_channels]`, n_frames >= 1.
            initial_state: As this gave it for the frames before; None: silence.

        Returns:
            `[n_frames, batch, n_channels]`, and the state after the last frame,
            `[batch, (receptive_frames - 1) * n_channels]`, in float32.
        """
        # Known sizes make slices that any runtime knows.
        n_frames, n_batch = (n or tf.shape(inputs)[i] for i, n in enumerate(inputs.shape[:2]))
        if initial_state is None:
            initial_state = self.initial_state(n_batch)
        hidden = tf.cast(inputs, self.variable_dtype)
        sizes = [past * self.n_channels for past in self.pasts]
        states = []
        for block, dilation, past, before in zip(
            self.blocks,
            self.dilations,
            self.pasts,
            tf.split(initial_state, sizes, axis=-1),
            strict=True,
        ):
            before = tf.reshape(before, [n_batch, past, self.n_channels])
            read = tf.concat([tf.transpose(before, [1, 0, 2]), hidden], axis=0)
            taps = [read[i * dilation :][:n_frames] for i in range(self.kernel_size)]
            hidden = hidden + tf.cast(block(taps), self.variable_dtype)
            kept = tf.transpose(read[n_frames:], [1, 0, 2])
            states.append(tf.reshape(kept, [n_batch, past * self.n_channels]))
        return hidden, tf.concat(states, axis=-1)

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        """Gives the state before the first frame: zeros."""
        size = (self.receptive_frames - 1) * self.n_channels
        return tf.zeros([batch_size, size], self.variable_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Gives the shapes of the sequence and of the state."""
        size = (self.receptive_frames - 1) * self.n_channels
        return tuple(input_shape), (input_shape[1], size)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_channels": self.n_channels,
            "kernel_size": self.kernel_size,
            "dilations": list(self.dilations),
        }
