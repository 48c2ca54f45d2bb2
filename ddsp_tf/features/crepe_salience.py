"""CREPE's salience for overlapping frames, sharing the work that frames have in common."""

import numpy as np
import tensorflow as tf

from ddsp_tf.features.crepe_folding import fold_batch_norm
from ddsp_tf.features.crepe_network import (
    FIRST_STRIDE,
    FRAME_LENGTH,
    KERNEL_LENGTHS,
    SAMPLE_RATE,
    load_crepe_weights,
)
from ddsp_tf.features.fourier_convolution import FourierConvolution

FRAME_RATE = 100
HOP_LENGTH = SAMPLE_RATE // FRAME_RATE
N_BLOCK_FRAMES = 128
BLOCK_LENGTH = (N_BLOCK_FRAMES - 1) * HOP_LENGTH + FRAME_LENGTH
BLOCK_STEP = N_BLOCK_FRAMES * HOP_LENGTH
# Frames softer than this (-100 dBFS) count as silence, and are not amplified to full scale.
SOFTEST_RMS = 1e-5

# The first convolution has 256 outputs a frame; the first and last 64 reach beyond the frame.
_N_OUTPUTS = FRAME_LENGTH // FIRST_STRIDE
_N_EDGE = 64
_N_INNER = _N_OUTPUTS - 2 * _N_EDGE
_HOP_OUTPUTS = HOP_LENGTH // FIRST_STRIDE
_REACH = _N_EDGE * FIRST_STRIDE
_FIRST_TAP = 2 - _REACH  # Where output 0's kernel begins, from the start of the frame.
_N_PARTS = 4
_PART = _N_EDGE // _N_PARTS

EdgeWeights = list[tf.Tensor]


class CrepeSalience(tf.Module):
    """Salience of a block of `N_BLOCK_FRAMES` overlapping frames, 10 ms apart.

    The numbers are those of `build_crepe_network` applied to each normalised frame, to 1e-4, with
    a fifth of the arithmetic:

    - The first convolution runs over the block once instead of over each frame. Normalising is
      affine, so that each frame can normalise the shared results. Outputs near the edges of a
      frame must not see the samples beyond it; the share of those is subtracted.
    - The other kernels are as long as their inputs, so `FourierConvolution` does them.
    - Batch normalisation is folded into the weights around it.

    Args:
        capacity: See `build_crepe_network`.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed.
    """

    def __init__(self, capacity: str = "tiny") -> None:
        super().__init__(name=f"crepe_{capacity}_salience")
        first, *convolutions, classifier = fold_batch_norm(load_crepe_weights(capacity))
        self._kernel = tf.Variable(first.kernel, trainable=False)
        self._bias = tf.Variable(first.bias, trainable=False)
        self._convolutions = [
            FourierConvolution(layer.kernel, layer.bias, len(layer.bias), name=f"conv{i}")
            for i, layer in enumerate(convolutions, start=2)
        ]
        self._classifier = tf.Variable(classifier.kernel, trainable=False)
        self._classifier_bias = tf.Variable(classifier.bias, trainable=False)

    def edge_weights(self) -> EdgeWeights:
        """The weights by which samples beyond a frame reach its outputs near the edges.

        They only depend on the first kernel: compute them once for many blocks.

        Returns:
            Four parts for the left edge, then four for the right, each of 16 outputs:
            `[n_samples + 1, 16 * n_channels]`. The additional sample stands for the frame's mean.
        """
        kernel = tf.pad(self._kernel[:, 0], [[0, 1], [0, 0]])
        weights = []
        for part in range(_N_PARTS):
            weights.append(_part_weights(kernel, _left_taps(part)))
        for part in range(_N_PARTS):
            weights.append(_part_weights(kernel, _right_taps(part)))
        return weights

    def __call__(self, block: tf.Tensor, edge_weights: EdgeWeights) -> tf.Tensor:
        """Salience of one block.

        Args:
            block: Audio at 16 kHz, `[BLOCK_LENGTH]`.
            edge_weights: From `edge_weights`.

        Returns:
            `[N_BLOCK_FRAMES, 360]`, 0 to 1; frame i covers samples `160 i` to `160 i + 1023`.
        """
        frames = tf.signal.frame(block, FRAME_LENGTH, HOP_LENGTH)
        mean, variance = tf.nn.moments(frames, axes=[1], keepdims=True)
        gain = 1.0 / tf.maximum(tf.sqrt(variance), SOFTEST_RMS)
        pooled = self._first_convolution(block, mean, edge_weights)
        y = tf.nn.relu(pooled * gain[:, :, tf.newaxis] + self._bias)
        y = tf.transpose(y, [1, 0, 2])
        for convolution in self._convolutions:
            y = tf.nn.relu(_pool(convolution(y), axis=0))
        logits = tf.reduce_sum(y @ self._classifier, axis=0)
        return tf.sigmoid(logits + self._classifier_bias)

    def _first_convolution(
        self, block: tf.Tensor, mean: tf.Tensor, edge_weights: EdgeWeights
    ) -> tf.Tensor:
        """The first layer's outputs for frames less their mean, `[n_frames, 128, n_channels]`.

        Pooled in pairs; without bias.
        """
        padded = tf.pad(block, [[_REACH, _REACH]])
        # Output n of the block's convolution is output n - 64 - 40 f of frame f.
        shared = tf.nn.conv1d(
            padded[tf.newaxis, _REACH + _FIRST_TAP :, tf.newaxis],
            self._kernel,
            FIRST_STRIDE,
            "VALID",
        )[0]
        left = tf.signal.frame(padded, _REACH, HOP_LENGTH)[:N_BLOCK_FRAMES]
        right = tf.signal.frame(padded[_REACH + FRAME_LENGTH :], _REACH, HOP_LENGTH)
        beyond = [
            tf.concat([samples, mean], axis=1) @ weights
            for samples, weights in zip(_edge_samples(left, right), edge_weights, strict=True)
        ]
        n_channels = shared.shape[1]
        edges = []
        for parts, start in ((beyond[:_N_PARTS], 0), (beyond[_N_PARTS:], _N_EDGE + _N_INNER)):
            outputs = tf.reshape(tf.concat(parts, axis=1), [-1, _N_EDGE, n_channels])
            rows = _frame_rows(shared[start:], _N_EDGE, _HOP_OUTPUTS)
            edges.append(_pool(rows - outputs, axis=1))
        n_inner_rows = _HOP_OUTPUTS * (N_BLOCK_FRAMES - 1) + _N_INNER
        inner = _pool(shared[_N_EDGE : _N_EDGE + n_inner_rows], axis=0)
        inner = _frame_rows(inner, _N_INNER // 2, _HOP_OUTPUTS // 2)
        inner -= mean[:, :, tf.newaxis] * tf.reduce_sum(self._kernel, axis=0)
        return tf.concat([edges[0], inner, edges[1]], axis=1)


def _pool(x: tf.Tensor, axis: int) -> tf.Tensor:
    """The larger of each pair along `axis`."""
    shape = x.shape.as_list()
    pairs = [*shape[:axis], shape[axis] // 2, 2, *shape[axis + 1 :]]
    return tf.reduce_max(tf.reshape(x, pairs), axis=axis + 1)


def _frame_rows(rows: tf.Tensor, length: int, step: int) -> tf.Tensor:
    """Overlapping runs of `length` rows, one a frame: `[n_frames, length, n_channels]`."""
    first = np.arange(N_BLOCK_FRAMES)[:, np.newaxis] * step
    return tf.gather(rows, first + np.arange(length))


def _edge_samples(left: tf.Tensor, right: tf.Tensor) -> list[tf.Tensor]:
    """The samples beyond the frame that each part of `edge_weights` reads."""
    step = _REACH // _N_PARTS
    parts = [left[:, step * part :] for part in range(_N_PARTS)]
    return parts + [right[:, : step * (part + 1)] for part in range(_N_PARTS)]


def _left_taps(part: int) -> np.ndarray:
    """Which tap of output `16 part + column` falls on each sample before the frame."""
    samples = np.arange(_REACH // _N_PARTS * part, _REACH)[:, np.newaxis] - _REACH
    outputs = _PART * part + np.arange(_PART)
    return samples - (FIRST_STRIDE * outputs + _FIRST_TAP)


def _right_taps(part: int) -> np.ndarray:
    """Which tap of output `192 + 16 part + column` falls on each sample after the frame."""
    samples = FRAME_LENGTH + np.arange(_REACH // _N_PARTS * (part + 1))[:, np.newaxis]
    outputs = _N_EDGE + _N_INNER + _PART * part + np.arange(_PART)
    return samples - (FIRST_STRIDE * outputs + _FIRST_TAP)


def _part_weights(kernel: tf.Tensor, taps: np.ndarray) -> tf.Tensor:
    n_taps = KERNEL_LENGTHS[0]
    beyond = tf.gather(kernel, np.where((taps >= 0) & (taps < n_taps), taps, n_taps))
    inside = tf.reduce_sum(kernel, axis=0) - tf.reduce_sum(beyond, axis=0)
    weights = tf.concat([beyond, inside[tf.newaxis]], axis=0)
    return tf.reshape(weights, [len(taps) + 1, -1])
