"""The most probable path of pitch bins, decoded in the log domain with banded transitions."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.types import Float32Array

N_BINS = 360
BAND = 12
LEAP_WEIGHT = 1e-5
_OFFSETS = np.arange(-BAND + 1, BAND)


def transition_weights() -> npt.NDArray[np.float64]:
    """The weight of each bin after each bin, 10 ms later, before rows are normalised.

    CREPE's triangle, `max(12 - |i - j|, 0)`, but nowhere less than `LEAP_WEIGHT`: with zeros, a
    leap between notes would have to glide through everything between for several frames.

    Returns:
        `[360, 360]`; element `[i, j]` leads from bin i to bin j.
    """
    bins = np.arange(N_BINS)
    return np.maximum(BAND - np.abs(bins[:, None] - bins[None, :]), LEAP_WEIGHT)


@lru_cache(maxsize=1)
def log_row_sums() -> Float32Array:
    """The log of what `transition_weights` give in sum after each bin, `[360]`."""
    return np.log(transition_weights().sum(axis=1)).astype(np.float32)


@lru_cache(maxsize=1)
def log_band() -> Float32Array:
    """The log weight of each glide, from 11 bins down to 11 bins up: `[23]`."""
    return np.log(BAND - np.abs(_OFFSETS)).astype(np.float32)


_LOG_LEAP = np.float32(np.log(LEAP_WEIGHT))


def viterbi_forward(log_emission: tf.Tensor, belief: tf.Tensor) -> tf.Tensor:
    """Runs the forward recursion over some frames.

    Passing the last of the returned beliefs to the next call continues exactly.

    Args:
        log_emission: Log likelihood of each bin, `[batch, n_frames, 360]`.
        belief: The belief one frame earlier, `[batch, 360]`; zeros at the start, where all bins
            are equally probable.

    Returns:
        For each frame the log score of the best path that leaves from each bin, less the largest:
        `[batch, n_frames, 360]`.
    """
    emission = tf.transpose(log_emission - log_row_sums(), [1, 0, 2])[:, :, tf.newaxis, :, None]
    n_frames = tf.shape(emission)[0]
    # Grey-scale dilation is the maximum over a window of value plus weight: the recursion itself.
    band = tf.constant(log_band()[np.newaxis, :, np.newaxis])
    beliefs = tf.TensorArray(tf.float32, n_frames, element_shape=[None, 1, N_BINS, 1])

    def step(
        t: tf.Tensor, belief: tf.Tensor, beliefs: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        glide = tf.nn.dilation2d(
            belief, band, [1, 1, 1, 1], "SAME", data_format="NHWC", dilations=[1, 1, 1, 1]
        )
        # The largest belief is 0, so `_LOG_LEAP` is the score of a leap.
        belief = tf.maximum(glide, _LOG_LEAP) + emission[t]
        belief -= tf.reduce_max(belief, axis=2, keepdims=True)
        return t + 1, belief, beliefs.write(t, belief)

    *_, beliefs = tf.while_loop(
        lambda t, *_: t < n_frames,
        step,
        (0, belief[:, tf.newaxis, :, tf.newaxis], beliefs),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None, 1, N_BINS, 1]),
            tf.TensorShape(None),
        ),
        parallel_iterations=1,
    )
    return tf.transpose(beliefs.stack()[:, :, 0, :, 0], [1, 0, 2])


def viterbi_backtrack(beliefs: tf.Tensor) -> tf.Tensor:
    """Follows the best path back from the last frame.

    Args:
        beliefs: From `viterbi_forward`, `[batch, n_frames, 360]`.

    Returns:
        The path, int32 `[batch, n_frames]`.
    """
    best_bins = tf.argmax(beliefs + log_row_sums(), axis=2, output_type=tf.int32)
    leap_origins = tf.transpose(tf.argmax(beliefs, axis=2, output_type=tf.int32))
    n_frames = tf.shape(beliefs)[1]
    path = tf.TensorArray(tf.int32, n_frames, element_shape=[None], clear_after_read=False)

    def step(
        t: tf.Tensor, state: tf.Tensor, path: tf.TensorArray
    ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
        origins = state[:, tf.newaxis] + _OFFSETS.astype(np.int32)
        inside = tf.clip_by_value(origins, 0, N_BINS - 1)
        scores = tf.gather(beliefs[:, t], inside, axis=1, batch_dims=1) + log_band()
        scores = tf.where(inside == origins, scores, scores.dtype.min)
        chosen = tf.argmax(scores, axis=1, output_type=tf.int32) + state + _OFFSETS[0]
        leaps = tf.reduce_max(scores, axis=1) < _LOG_LEAP
        state = tf.where(leaps, leap_origins[t], chosen)
        return t - 1, state, path.write(t, state)

    last = n_frames - 1
    *_, path = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (last - 1, best_bins[:, -1], path.write(last, best_bins[:, -1])),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None]), tf.TensorShape(None)),
        parallel_iterations=1,
    )
    return tf.transpose(path.stack())


def best_origin(belief: Float32Array, bin_number: int) -> int:
    """Where the best path to a bin comes from: one step of `viterbi_backtrack`, in NumPy.

    Args:
        belief: One frame earlier, `[360]`.
        bin_number: The bin that is reached, 0 to 359.

    Returns:
        The bin that precedes it.
    """
    first = max(bin_number - BAND + 1, 0)
    band = log_band()[first - (bin_number - BAND + 1) :]
    near = belief[first : bin_number + BAND]
    scores = near + band[: len(near)]
    best = int(scores.argmax())
    return first + best if scores[best] >= _LOG_LEAP else int(belief.argmax())


def best_origins(belief: Float32Array, bins: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """`best_origin` of several bins at once.

    Args:
        belief: One frame earlier, `[360]`.
        bins: The bins that are reached, `[n_bins]`.

    Returns:
        The bin that precedes each, `[n_bins]`.
    """
    padded = np.pad(belief, BAND - 1, constant_values=-np.inf)
    scores = np.lib.stride_tricks.sliding_window_view(padded, len(_OFFSETS))[bins] + log_band()
    glides = bins + _OFFSETS[scores.argmax(axis=1)]
    return np.where(scores.max(axis=1) >= _LOG_LEAP, glides, belief.argmax())


def last_bin(belief: Float32Array) -> int:
    """The bin that the best path ends in, from the last frame's belief, `[360]`."""
    return int(np.argmax(belief + log_row_sums()))
