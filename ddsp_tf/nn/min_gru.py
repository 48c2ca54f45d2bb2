"""A gated recurrence whose gates don't depend on its state."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.shapes import require_positive_integer
from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn.gated_scan import gated_scan


@keras.saving.register_keras_serializable("ddsp_tf")
class MinGru(keras.layers.Layer):
    """A minimal GRU: update gate and candidate come from the input alone.

    h_t = h_{t-1} + z_t (c_t - h_{t-1}), z_t = sigmoid(x_t W_z + b_z), c_t = x_t W_c + b_c. All
    matrix products are one before the recurrence, which is then elementwise and linear in the
    state: frames can be computed one after the other or all at once. A layer can't gate by what
    it remembers, which a second layer on top makes up for.

    The biases of the update gates start so that the units remember from one frame to
    `longest_frames`, evenly on a logarithmic scale.

    Args:
        units: Size of the state.
        longest_frames: Time constant of the slowest unit before training, in frames, > 1.
        name: The layer's name.

    Raises:
        ArgumentError: `longest_frames` is too short, or no units.

    Example:
        >>> layer = MinGru(8)
        >>> sequence, state = layer(tf.ones([5, 2, 3]))
        >>> sequence.shape, state.shape
        (TensorShape([5, 2, 8]), TensorShape([2, 8]))

    Reference:
        Feng et al. 2024, "Were RNNs All We Needed?", section 3.1, here without positivity, as no
        logarithms are taken; the biases after Tallec and Ollivier 2018, section 2.
    """

    def __init__(
        self,
        units: int,
        *,
        longest_frames: float = 100.0,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        # The state stays in float32 whatever the layer computes its matrix product in.
        super().__init__(name=name, autocast=False, **kwargs)
        require_positive_integer("units", units)
        if longest_frames <= 1:
            raise ArgumentError(
                f"`longest_frames` should be more than 1. Received {longest_frames}."
            )
        self.units = units
        self.longest_frames = longest_frames
        self.jit_compile = False

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        self.kernel = self.add_weight(
            name="kernel", shape=[input_shape[-1], 2 * self.units], initializer="glorot_uniform"
        )
        self.bias = self.add_weight(name="bias", shape=[2 * self.units], initializer="zeros")
        frames = np.exp(np.linspace(0.0, math.log(self.longest_frames), self.units))
        # A unit that keeps 1 - z of its state from frame to frame forgets in -1 / log(1 - z).
        update_bias = np.log(np.expm1(1.0 / frames))
        self.bias.assign(np.concatenate([update_bias, np.zeros(self.units)]))
        self.built = True

    def call(
        self, inputs: tf.Tensor, initial_state: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs over all frames.

        Args:
            inputs: `[n_frames, batch, n_channels]`, n_frames >= 1: frames come first, so that
                the recurrence reads and writes memory in order.
            initial_state: `[batch, units]`; None means zeros.

        Returns:
            The states of all frames, `[n_frames, batch, units]`, and the last, `[batch, units]`,
            in float32 whatever the layer computes its matrix product in: a slow unit changes by
            less than a bfloat16 can tell.
        """
        # Not `matmul`, whose gradient would be a matrix product for each frame.
        projected = tf.tensordot(
            tf.cast(inputs, self.compute_dtype), tf.cast(self.kernel, self.compute_dtype), 1
        )
        gates = tf.cast(projected, self.variable_dtype) + tf.cast(self.bias, self.variable_dtype)
        if initial_state is None:
            initial_state = self.initial_state(tf.shape(inputs)[1])
        update, candidate = tf.split(gates, 2, axis=-1)
        states = gated_scan(
            update,
            candidate,
            tf.cast(initial_state, self.variable_dtype),
            jit_compile=self.jit_compile,
        )
        return states, states[-1]

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        """Gives the state before the first frame, zeros `[batch, units]`."""
        return tf.zeros([batch_size, self.units], self.variable_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Gives the shapes of the sequence and of the last state."""
        return (*input_shape[:-1], self.units), (input_shape[1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "units": self.units,
            "longest_frames": self.longest_frames,
        }
