"""The recurrence of a minimal GRU, one frame after the other or all at once."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.compilation import compiled, custom_gradient, unrecorded
from ddsp_tf.dsp.recurrences import in_turn, joined


def gated_scan(
    update: tf.Tensor,
    candidate: tf.Tensor,
    initial_state: tf.Tensor,
    *,
    at_once: bool | None = None,
    jit_compile: bool = False,
) -> tf.Tensor:
    """Moves a state towards candidates: h_t = h_{t-1} + sigmoid(u_t) (c_t - h_{t-1}).

    The gradient is the same recurrence backwards. Nothing is divided and every factor is between
    0 and 1, so that neither direction can overflow.

    Args:
        update: u, before the sigmoid, `[n_frames, batch, units]`, n_frames >= 1.
        candidate: c, of the same shape.
        initial_state: `[batch, units]`.
        at_once: Whether to compute all frames together in log2(n_frames) rounds, instead of one
            after the other. None: on a GPU, where a frame is too little work to be worth a
            kernel. The numbers are the same but for rounding.
        jit_compile: Whether XLA compiles both directions.

    Returns:
        All states, of the shape of `update`.

    Reference:
        Blelloch 1990, section 1.4.1 (linear recurrences by scans); Hillis and Steele 1986 (the
        scan in log2 n rounds).

    On two shared cores, one of them used, 1000 frames, batch 8, 256 units, forward / forward and
    gradient in ms of processor time: this loop 9 / 30 under XLA; the loop of multiply-adds that
    knows nothing of gates 11 / 52, in a graph without XLA 38 / 93; chunks of 16 frames, each
    unrolled, and a loop over chunks 12 / 56, in a graph 17 / 48, but ten seconds to compile; the
    scan in log2 n rounds 196 / 586, in a graph 75 / 129; TensorFlow Probability's associative scan
    51 / 116, in a graph 149 / 396.
    """
    if at_once is None:
        at_once = bool(tf.config.list_logical_devices("GPU"))
    forwards, backwards = (
        (_forwards_at_once, _backwards_at_once)
        if at_once
        else (_forwards_in_turn, _backwards_in_turn)
    )

    def to_inputs(
        update: tf.Tensor,
        candidate: tf.Tensor,
        initial_state: tf.Tensor,
        states: tf.Tensor,
        upstream: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        to_states = backwards(update, upstream)
        gate = tf.sigmoid(update)
        previous = tf.concat([initial_state[tf.newaxis], states[:-1]], axis=0)
        to_update = to_states * (candidate - previous) * gate * (1.0 - gate)
        return to_update, to_states * gate, to_states[0] * (1.0 - gate[0])

    forwards, to_inputs = compiled(forwards, jit_compile), compiled(to_inputs, jit_compile)
    if jit_compile:
        forwards = unrecorded(forwards)

    @custom_gradient
    def scan(
        update: tf.Tensor, candidate: tf.Tensor, initial_state: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[..., Any]]:
        states = forwards(update, candidate, initial_state)

        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, ...]:
            return to_inputs(update, candidate, initial_state, states, upstream)

        return states, gradient

    if update.shape[0] == 1:
        # One frame has no loop: hosts that play frame by frame may know none.
        return initial_state + tf.sigmoid(update) * (candidate - initial_state)
    return scan(update, candidate, initial_state)


def _forwards_in_turn(
    update: tf.Tensor, candidate: tf.Tensor, initial_state: tf.Tensor
) -> tf.Tensor:
    # The sigmoid is inside the loop, where it is computed while its frame is in the cache.
    def step(frame: tf.Tensor, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        state = state + tf.sigmoid(update[frame]) * (candidate[frame] - state)
        return state, state

    return _in_turn(update, step, initial_state, backwards=False)


def _backwards_in_turn(update: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    """The whole gradient of each state, given that of its direct uses.

    That of frame t is upstream_t plus what frame t + 1 kept of it.
    """
    last = _n_frames(update) - 1

    def step(frame: tf.Tensor, after: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        # After the last frame there is nothing, so any factor does there.
        kept = tf.sigmoid(-update[tf.minimum(frame + 1, last)])
        state = upstream[frame] + kept * after
        return state, state

    return _in_turn(update, step, tf.zeros_like(upstream[0]), backwards=True)


def _forwards_at_once(
    update: tf.Tensor, candidate: tf.Tensor, initial_state: tf.Tensor
) -> tf.Tensor:
    return joined(tf.sigmoid(-update), tf.sigmoid(update) * candidate, initial_state)


def _backwards_at_once(update: tf.Tensor, upstream: tf.Tensor) -> tf.Tensor:
    kept = tf.sigmoid(-update)
    after = tf.concat([tf.zeros_like(kept[:1]), kept[:0:-1]], axis=0)
    return joined(after, upstream[::-1], tf.zeros_like(upstream[0]))[::-1]


def _in_turn(
    like: tf.Tensor,
    step: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
    initial: tf.Tensor,
    *,
    backwards: bool,
) -> tf.Tensor:
    states, _ = in_turn(
        step, initial, _n_frames(like), element_shape=initial.shape, backwards=backwards
    )
    return tf.ensure_shape(states, like.shape)


def _n_frames(tensor: tf.Tensor) -> int | tf.Tensor:
    return tensor.shape[0] or tf.shape(tensor)[0]
