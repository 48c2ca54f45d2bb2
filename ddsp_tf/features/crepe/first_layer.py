"""CREPE's first convolution, done once for all the frames that share its samples."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.features.crepe.network import FIRST_STRIDE, FRAME_LENGTH, KERNEL_LENGTHS

HOP_LENGTH = 160
N_TAPS = KERNEL_LENGTHS[0]
# Output 0 of a frame begins here, counted from the frame's first sample.
FIRST_TAP = FIRST_STRIDE // 2 - N_TAPS // 2
N_OUTPUTS = FRAME_LENGTH // FIRST_STRIDE
# A hop holds 40 outputs, hence 20 pairs for the pooling; hop M's outputs read these samples.
N_PAIRS = HOP_LENGTH // FIRST_STRIDE // 2
FIRST_SAMPLE, END_SAMPLE = -256, 416
# A frame is 6.4 hops long, so its outputs lie in 7 hops, of which the last one gives 8 pairs.
N_EXTRA_HOPS = 6
# The outputs of the first and last 32 pairs of a frame reach beyond it.
N_EDGE_PAIRS = 32
EDGE_PAIRS = np.r_[:N_EDGE_PAIRS, N_OUTPUTS // 2 - N_EDGE_PAIRS : N_OUTPUTS // 2]

# What a hop's outputs are sums of: pairs, then samples, each from, to; samples are counted from
# the hop's first. They are cut where a frame may begin (multiples of 160) or end (64 later).
_TERMS = {
    "earliest": (0, 12, -256, -160),
    "before": (0, 20, -160, 0),
    "centre": (0, 20, 0, 224),
    "late_centre": (0, 8, 64, 224),
    "after": (0, 16, 224, 384),
    "after_to_end": (16, 20, 224, 416),
    "latest": (16, 20, 384, 416),
}
FirstWeights = dict[str, tf.Tensor]
"""What `first_layer_weights` returns."""


def n_first_layer_products(n_channels: int, n_frames: int) -> int:
    """Counts the multiplications of `apply_first_layer`'s sums over a block of frames."""
    per_hop = sum(2 * (end - first) * (stop - start) for first, end, start, stop in _TERMS.values())
    return per_hop * n_channels * (n_frames + N_EXTRA_HOPS)


def first_layer_weights(kernel: tf.Tensor, bias: tf.Tensor) -> FirstWeights:
    """Arranges the first kernel as the matrices that `apply_first_layer` multiplies by.

    Args:
        kernel: `[512, n_channels]`.
        bias: `[n_channels]`.

    Returns:
        For each term and each member of the pairs a matrix `[n_pairs * n_channels, n_samples]`,
        and what each frame's mean and deviation are multiplied by.
    """
    padded = tf.pad(kernel, [[0, 1], [0, 0]])
    weights = {}
    for name, (first, end, start, stop) in _TERMS.items():
        for member in (0, 1):
            outputs = 2 * np.arange(first, end) + member
            taps = np.arange(start, stop) - (FIRST_STRIDE * outputs[:, None] + FIRST_TAP)
            taps = np.where((taps >= 0) & (taps < N_TAPS), taps, N_TAPS)
            matrix = tf.transpose(tf.gather(padded, taps), [0, 2, 1])
            weights[f"{name}/{member}"] = tf.reshape(matrix, [-1, stop - start])
    even, odd = (_sums_inside(kernel, 2 * EDGE_PAIRS + member) for member in (0, 1))
    weights["edge_mean"] = (even - odd)[:, :, tf.newaxis]
    # A column for the mean and one for the deviation.
    edge_bias = tf.stack([-odd, tf.broadcast_to(bias, tf.shape(odd))], axis=2)
    weights["edge"] = tf.reshape(edge_bias, [-1, 2])
    weights["inner"] = tf.stack([-tf.reduce_sum(kernel, axis=0), bias], axis=1)
    return weights


def apply_first_layer(
    block: tf.Tensor, mean: tf.Tensor, deviation: tf.Tensor, weights: FirstWeights
) -> tf.Tensor:
    """The first convolution, normalised, with ReLU and pooling, of overlapping frames.

    Normalising is affine, so that the frames share one convolution of the block and each one
    subtracts its own mean. A frame's first and last outputs must not see beyond it; hence the
    convolution is done in terms, each of which lies wholly inside or outside of any frame.

    Args:
        block: Audio, `[(n_frames - 1) * 160 + 1024]`.
        mean: Of each frame, `[1, n_frames]`.
        deviation: Of each frame, `[1, n_frames]`, > 0. The result is for frames that are
            not divided by it; that is left to whoever can do it with less work.
        weights: From `first_layer_weights`.

    Returns:
        `[128, n_channels, n_frames]`.
    """
    n_frames = mean.shape[1]
    n_hops = n_frames + N_EXTRA_HOPS
    length = (n_hops - 1) * HOP_LENGTH + END_SAMPLE - FIRST_SAMPLE
    padded = tf.pad(block, [[-FIRST_SAMPLE, length + FIRST_SAMPLE - block.shape[0]]])
    samples = tf.transpose(tf.signal.frame(padded, END_SAMPLE - FIRST_SAMPLE, HOP_LENGTH))
    first = _member_outputs(samples, weights, 0, n_frames)
    # One after the other: side by side their sums don't fit the cache.
    with tf.control_dependencies(first):
        second = _member_outputs(tf.identity(samples), weights, 1, n_frames)
    inner, edges = zip(first, second, strict=True)
    shape = [len(EDGE_PAIRS), -1, n_frames]
    moments = tf.concat([mean, deviation], axis=0)
    edge = tf.maximum(edges[0] - weights["edge_mean"] * mean, edges[1])
    edge = tf.nn.relu(edge + tf.reshape(weights["edge"] @ moments, shape))
    whole = tf.maximum(*inner)
    middle = tf.concat(
        [
            whole[12:, :, 1 : n_frames + 1],
            whole[:, :, 2 : n_frames + 2],
            whole[:, :, 3 : n_frames + 3],
            whole[:16, :, 4 : n_frames + 4],
        ],
        axis=0,
    )
    middle = tf.nn.relu(middle + weights["inner"] @ moments)
    return tf.concat([edge[:N_EDGE_PAIRS], middle, edge[N_EDGE_PAIRS:]], axis=0)


def _member_outputs(
    samples: tf.Tensor, weights: FirstWeights, member: int, n_frames: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """One member of each pair: `[20, n_channels, n_hops]` of the block, and the frames' edges."""

    def term(name: str) -> tf.Tensor:
        first, end, start, stop = _TERMS[name]
        rows = samples[start - FIRST_SAMPLE : stop - FIRST_SAMPLE]
        return tf.reshape(weights[f"{name}/{member}"] @ rows, [end - first, -1, rows.shape[1]])

    after = tf.concat([term("after"), term("after_to_end")], axis=0)
    in_first_hop = term("centre") + after
    in_second_hop = in_first_hop + term("before")
    whole = tf.concat([in_second_hop[:12] + term("earliest"), in_second_hop[12:]], axis=0)
    in_fifth_hop = whole[16:] - term("latest")
    in_sixth_hop = whole - after
    in_last_hop = in_sixth_hop[:8] - term("late_centre")
    edges = (in_first_hop, in_second_hop[:12], in_fifth_hop, in_sixth_hop, in_last_hop)
    # The frame that an output belongs to began this many hops before it.
    hops = (0, 1, 4, 5, 6)
    frames = [edge[:, :, hop : hop + n_frames] for edge, hop in zip(edges, hops, strict=True)]
    return whole, tf.concat(frames, axis=0)


def _sums_inside(kernel: tf.Tensor, outputs: npt.NDArray[np.int64]) -> tf.Tensor:
    """The sum of the taps that fall inside the frame, for some of its outputs."""
    sums = tf.pad(tf.cumsum(kernel), [[1, 0], [0, 0]])
    start = FIRST_STRIDE * outputs + FIRST_TAP
    first = np.maximum(-start, 0)
    end = np.minimum(FRAME_LENGTH - start, N_TAPS)
    return tf.gather(sums, end) - tf.gather(sums, first)
