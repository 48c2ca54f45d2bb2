"""The most probable path of pitch bins, decoded in the log domain with banded transitions."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

N_BINS = 360
BAND = 12
JUMP_PROBABILITY = 1e-3
_WIDTH = 2 * BAND - 1


@lru_cache(maxsize=1)
def transition_matrix() -> npt.NDArray[np.float64]:
    """The probability of each bin after each bin, 10 ms later.

    CREPE's triangle, `max(12 - |i - j|, 0)` with rows normalised, mixed with a uniform share of
    `JUMP_PROBABILITY`: without it a leap between notes would take several frames of gliding.

    Returns:
        `[360, 360]`; element `[i, j]` leads from bin i to bin j. Rows sum to 1.
    """
    bins = np.arange(N_BINS)
    triangle = np.maximum(BAND - np.abs(bins[:, None] - bins[None, :]), 0.0)
    triangle /= triangle.sum(axis=1, keepdims=True)
    return (1 - JUMP_PROBABILITY) * triangle + JUMP_PROBABILITY / N_BINS


@lru_cache(maxsize=1)
def _banded_log_transitions() -> npt.NDArray[np.float32]:
    """Element `[j, d]` is the log probability of coming to bin j from bin `j + d - 11`."""
    log_transitions = np.full([N_BINS, _WIDTH], -np.inf)
    matrix = np.log(transition_matrix())
    for d in range(_WIDTH):
        arrive = np.arange(N_BINS)
        depart = arrive + d - (BAND - 1)
        inside = (depart >= 0) & (depart < N_BINS)
        log_transitions[inside, d] = matrix[depart[inside], arrive[inside]]
    return log_transitions.astype(np.float32)


def viterbi_forward(log_emission: tf.Tensor, log_belief: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs the forward recursion over some frames.

    Feeding the returned belief to the next call continues exactly.

    Args:
        log_emission: Log likelihood of each bin, `[batch, n_frames, 360]`.
        log_belief: Log score of each bin one frame earlier, `[batch, 360]`; zeros at the start.

    Returns:
        `pointers`, the best preceding bin of each bin, int32 `[batch, n_frames, 360]`, and
        `log_belief` after the last frame, `[batch, 360]`, whose maximum is 0.
    """
    log_transitions = tf.constant(_banded_log_transitions())
    log_jump = tf.constant(np.log(JUMP_PROBABILITY / N_BINS), tf.float32)
    departures = tf.range(N_BINS)[:, None] + tf.range(_WIDTH)[None, :]
    first_departure = tf.range(N_BINS) - (BAND - 1)
    lowest = log_emission.dtype.min
    emission_by_frame = tf.transpose(log_emission, [1, 0, 2])
    n_frames = tf.shape(emission_by_frame)[0]
    pointers = tf.TensorArray(tf.int32, n_frames, element_shape=[None, N_BINS])

    def step(
        t: tf.Tensor, belief: tf.Tensor, pointers: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        padded = tf.pad(belief, [[0, 0], [BAND - 1, BAND - 1]], constant_values=lowest)
        scores = tf.gather(padded, departures, axis=1) + log_transitions
        score = tf.reduce_max(scores, axis=2)
        pointer = tf.argmax(scores, axis=2, output_type=tf.int32) + first_departure
        # The belief's maximum is 0, so a leap from the best bin scores `log_jump`.
        leaps = score < log_jump
        origin = tf.argmax(belief, axis=1, output_type=tf.int32)[:, None]
        pointer = tf.where(leaps, origin, pointer)
        belief = tf.maximum(score, log_jump) + emission_by_frame[t]
        belief -= tf.reduce_max(belief, axis=1, keepdims=True)
        return t + 1, belief, pointers.write(t, pointer)

    _, log_belief, pointers = tf.while_loop(
        lambda t, *_: t < n_frames,
        step,
        (0, log_belief, pointers),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, N_BINS]),
            tf.TensorShape(None),
        ),
        parallel_iterations=1,
    )
    return tf.transpose(pointers.stack(), [1, 0, 2]), log_belief


def viterbi_backtrack(pointers: tf.Tensor, last_bin: tf.Tensor) -> tf.Tensor:
    """Follows the pointers back from the last frame.

    Args:
        pointers: From `viterbi_forward`, int32 `[batch, n_frames, 360]`.
        last_bin: Where the path ends, int32 `[batch]`.

    Returns:
        The path, int32 `[batch, n_frames]`.
    """
    by_frame = tf.transpose(pointers, [1, 0, 2])
    n_frames = tf.shape(by_frame)[0]
    path = tf.TensorArray(tf.int32, n_frames, element_shape=[None])

    def step(
        t: tf.Tensor, state: tf.Tensor, path: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        path = path.write(t, state)
        return t - 1, tf.gather(by_frame[t], state, axis=1, batch_dims=1), path

    *_, path = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (n_frames - 1, last_bin, path),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape(None)),
        parallel_iterations=1,
    )
    return tf.transpose(path.stack())
