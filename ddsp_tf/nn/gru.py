"""The gated recurrent unit, with a gradient made for long sequences."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("ddsp_tf")
class Gru(keras.layers.Layer):
    """A GRU over frames whose weights and results are those of `keras.layers.GRU`.

    The three weights have Keras' names, shapes and order (`reset_after=True`), so that
    `set_weights` works both ways. The input's projection is one matrix product before the loop over
    frames. The gradient carries just one vector through its loop; all weight gradients are matrix
    products after it.

    Args:
        units: Size of the state.
        name: The layer's name.

    Example:
        >>> gru = Gru(8)
        >>> sequence, state = gru(tf.ones([2, 5, 3]))
        >>> sequence.shape, state.shape
        (TensorShape([2, 5, 8]), TensorShape([2, 8]))

    Reference:
        Cho et al. 2014; the variant with the reset gate after the product, as in cuDNN.
    """

    def __init__(self, units: int, *, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        gates = 3 * self.units
        self.kernel = self.add_weight(
            name="kernel", shape=[input_shape[-1], gates], initializer="glorot_uniform"
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel", shape=[self.units, gates], initializer="orthogonal"
        )
        self.bias = self.add_weight(name="bias", shape=[2, gates], initializer="zeros")
        self.built = True

    def call(
        self, inputs: tf.Tensor, initial_state: tf.Tensor | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Runs over all frames.

        Args:
            inputs: `[batch, n_frames, n_channels]`, n_frames >= 1.
            initial_state: `[batch, units]`; None means zeros.

        Returns:
            The states of all frames, `[batch, n_frames, units]`, and the last, `[batch, units]`.
        """
        projected = tf.matmul(inputs, tf.cast(self.kernel, inputs.dtype)) + self.bias[0]
        if initial_state is None:
            initial_state = self.initial_state(tf.shape(inputs)[0])
        initial_state = tf.cast(initial_state, projected.dtype)
        kernel, bias = (tf.convert_to_tensor(x) for x in (self.recurrent_kernel, self.bias[1]))
        if inputs.shape[1] == 1:
            # A frame at a time, as a live host plays, needs no loop; some runtimes have none.
            state = gru_step(projected[:, 0], initial_state, kernel, bias)
            return state[:, tf.newaxis], state
        states = gru_scan(projected, initial_state, kernel, bias)
        return states, states[:, -1]

    def initial_state(self, batch_size: int | tf.Tensor) -> tf.Tensor:
        """Gives the state before the first frame, zeros `[batch, units]`."""
        return tf.zeros([batch_size, self.units], self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Gives the shapes of the sequence and of the last state."""
        return (*input_shape[:-1], self.units), (input_shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "units": self.units}


def gru_step(
    projected: tf.Tensor, state: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
) -> tf.Tensor:
    """Runs one frame of `gru_scan`: `projected` is `[batch, 3 * units]`, the result the state."""
    update, _, candidate, _ = _gates(projected, tf.matmul(state, kernel) + bias)
    return candidate + update * (state - candidate)


def gru_scan(
    projected: tf.Tensor, initial_state: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
) -> tf.Tensor:
    """Runs a GRU's recurrence over inputs that are already projected.

    With gates z (update) and r (reset) and candidate c:
    h_t = z h_{t-1} + (1 - z) c, c = tanh(x_c + r (h_{t-1} U_c + b_c)).

    Args:
        projected: Input times kernel plus bias, gates in the order z, r, c,
            `[batch, n_frames, 3 * units]`.
        initial_state: `[batch, units]`.
        kernel: Recurrent weights U, `[units, 3 * units]`.
        bias: Recurrent bias, `[3 * units]`.

    Returns:
        All states, `[batch, n_frames, units]`.
    """

    @tf.custom_gradient
    def scan(
        projected: tf.Tensor, initial_state: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[..., Any]]:
        inputs = tf.transpose(projected, [1, 0, 2])
        states = _forward(inputs, initial_state, kernel, bias)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return _backward(
                tf.transpose(upstream, [1, 0, 2]), inputs, states, initial_state, kernel, bias
            )

        return tf.transpose(states, [1, 0, 2]), gradient

    return scan(projected, initial_state, kernel, bias)


def _forward(
    inputs: tf.Tensor, initial_state: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor
) -> tf.Tensor:
    # One product a gate: XLA then fuses its nonlinearity, which halved the loop's time.
    to_update, to_reset, to_candidate = tf.split(inputs, 3, axis=-1)
    update_kernel, reset_kernel, candidate_kernel = tf.split(kernel, 3, axis=-1)
    update_bias, reset_bias, candidate_bias = tf.split(bias, 3)

    def step(frame: tf.Tensor, state: tf.Tensor, states: Any) -> tuple[Any, ...]:
        update = tf.sigmoid(to_update[frame] + tf.matmul(state, update_kernel) + update_bias)
        reset = tf.sigmoid(to_reset[frame] + tf.matmul(state, reset_kernel) + reset_bias)
        recurrent_candidate = tf.matmul(state, candidate_kernel) + candidate_bias
        candidate = tf.tanh(to_candidate[frame] + reset * recurrent_candidate)
        state = candidate + update * (state - candidate)
        return frame + 1, state, states.write(frame, state)

    return _scan_frames(inputs, step, initial_state, range_start=0)


def _gates(projected: tf.Tensor, recurrent: tf.Tensor) -> tuple[tf.Tensor, ...]:
    units = projected.shape[-1] // 3
    both = tf.sigmoid(projected[..., : 2 * units] + recurrent[..., : 2 * units])
    update, reset = both[..., :units], both[..., units:]
    recurrent_candidate = recurrent[..., 2 * units :]
    candidate = tf.tanh(projected[..., 2 * units :] + reset * recurrent_candidate)
    return update, reset, candidate, recurrent_candidate


def _backward(
    upstream: tf.Tensor,
    inputs: tf.Tensor,
    states: tf.Tensor,
    initial_state: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor,
) -> tuple[tf.Tensor, ...]:
    """Gradients of projected inputs, initial state, kernel and bias.

    All gates are made again in one matrix product. What multiplies the state's gradient at each
    frame is then known beforehand, so the loop has one small product and keeps one vector.
    """
    previous = tf.concat([initial_state[tf.newaxis], states[:-1]], axis=0)
    recurrent = tf.tensordot(previous, kernel, 1) + bias
    update, reset, candidate, recurrent_candidate = _gates(inputs, recurrent)
    to_update = (previous - candidate) * update * (1.0 - update)
    to_candidate = (1.0 - update) * (1.0 - tf.square(candidate))
    to_reset = to_candidate * recurrent_candidate * reset * (1.0 - reset)
    to_recurrent = tf.concat([to_update, to_reset, to_candidate * reset], axis=-1)
    transposed_kernel = tf.transpose(kernel)

    def step(frame: tf.Tensor, carried: tf.Tensor, kept: Any) -> tuple[Any, ...]:
        here = upstream[frame] + carried
        gate_gradients = tf.concat([here, here, here], axis=-1) * to_recurrent[frame]
        carried = here * update[frame] + tf.matmul(gate_gradients, transposed_kernel)
        return frame - 1, carried, kept.write(frame, here)

    last = tf.shape(inputs)[0] - 1
    here = _scan_frames(upstream, step, tf.zeros_like(initial_state), range_start=last)
    to_recurrent *= tf.tile(here, [1, 1, 3])
    to_inputs = tf.concat([here * to_update, here * to_reset, here * to_candidate], axis=-1)
    first = to_recurrent[0]
    to_initial = here[0] * update[0] + tf.matmul(first, kernel, transpose_b=True)
    to_kernel = tf.tensordot(previous, to_recurrent, [[0, 1], [0, 1]])
    to_bias = tf.reduce_sum(to_recurrent, axis=[0, 1])
    return tf.transpose(to_inputs, [1, 0, 2]), to_initial, to_kernel, to_bias


def _scan_frames(
    frames: tf.Tensor,
    step: Callable[..., tuple[Any, ...]],
    initial: tf.Tensor,
    *,
    range_start: int | tf.Tensor,
) -> tf.Tensor:
    """Loops over frames forwards from 0, or backwards from the last, and stacks what is written."""
    count = frames.shape[0] or tf.shape(frames)[0]
    kept = tf.TensorArray(initial.dtype, size=count, element_shape=initial.shape)
    _, _, kept = tf.while_loop(
        lambda frame, *_: (frame >= 0) & (frame < count),
        step,
        (tf.convert_to_tensor(range_start), initial, kept),
        maximum_iterations=count,
    )
    return tf.ensure_shape(kept.stack(), [None, *initial.shape])
