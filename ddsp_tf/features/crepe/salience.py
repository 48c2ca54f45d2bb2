"""CREPE's salience for overlapping frames, sharing the work that frames have in common."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.features.crepe.first_layer import HOP_LENGTH as HOP_LENGTH
from ddsp_tf.features.crepe.first_layer import (
    FirstWeights,
    apply_first_layer,
    first_layer_weights,
)
from ddsp_tf.features.crepe.folding import FoldedLayer, fold_batch_norm
from ddsp_tf.features.crepe.fourier_convolution import FourierConvolution
from ddsp_tf.features.crepe.low_notes import (
    DECIMATION,
    LOW_LENGTH,
    LowNotes,
    autocorrelation_by_fft,
)
from ddsp_tf.features.crepe.matrix_convolution import MatrixConvolution
from ddsp_tf.features.crepe.network import FRAME_LENGTH, SAMPLE_RATE, load_crepe_weights

FRAME_RATE = SAMPLE_RATE // HOP_LENGTH
# Frames softer than this (-100 dBFS) count as silence, and are not amplified to full scale.
SOFTEST_RMS = 1e-5

# The rows of the large products' factors should not be a multiple of 4 KiB long: such rows compete
# for the same lines of the cache, and with 128 frames a transform takes twice the time. At 122
# frames they are not. The wide networks take fewer frames for the sake of memory; the rows of
# crepe-full are multiples of 4 KiB with any number of frames.
_N_BLOCK_FRAMES = {128: 122}
_N_BLOCK_FRAMES_WIDE = 31
# Up to so many multiplications one matrix is faster than the few that transforms would need.
_LARGEST_MATRIX = 300_000
# The product left to each frequency is fast when it has at least this many rows.
_FEWEST_ROWS = 64


SalienceWeights = tuple[FirstWeights, list[tf.Tensor]]
"""What `CrepeSalience.weights` returns."""


class CrepeSalience(tf.Module):
    """Salience of a block of `n_block_frames` overlapping frames, 10 ms apart.

    `network` gives the numbers of `build_crepe_network` applied to each normalised frame, to 1e-4,
    with a fifth of the arithmetic; a call also corrects them by `LowNotes`.

    - The first convolution runs over the block once instead of over each frame.
    - The other kernels are as long as their inputs, so `FourierConvolution` does them, and
      `MatrixConvolution` the shortest.
    - Batch normalisation is folded into the weights around it.

    Frames are the last axis throughout, so that the weights are the left factor of each product:
    the right one is rearranged for the cache in every call, and should be the small one.

    Args:
        capacity: See `build_crepe_network`.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed.
    """

    def __init__(self, capacity: str = "tiny") -> None:
        super().__init__(name=f"crepe_{capacity}_salience")
        first, *convolutions, classifier = fold_batch_norm(load_crepe_weights(capacity))
        self._kernel = tf.Variable(first.kernel[:, 0], trainable=False)
        self._bias = tf.Variable(first.bias, trainable=False)
        self._convolutions = [
            _convolution(layer, name=f"conv{i}") for i, layer in enumerate(convolutions, start=2)
        ]
        self._biases = [
            tf.Variable(layer.bias[:, :, None], trainable=False) for layer in convolutions
        ]
        self._least = [layer.least for layer in convolutions]
        matrix = classifier.kernel.reshape(-1, classifier.kernel.shape[-1])
        self._classifier = tf.Variable(matrix.T, trainable=False)
        self._classifier_bias = tf.Variable(classifier.bias[:, None], trainable=False)
        self._low_notes = LowNotes(autocorrelation_by_fft)
        self.n_block_frames = _N_BLOCK_FRAMES.get(len(first.bias), _N_BLOCK_FRAMES_WIDE)

    @property
    def block_length(self) -> int:
        """Samples of a block."""
        return self.block_step - HOP_LENGTH + FRAME_LENGTH

    @property
    def block_step(self) -> int:
        """Samples from one block to the next."""
        return self.n_block_frames * HOP_LENGTH

    def weights(self) -> SalienceWeights:
        """The convolutions' weights as they are used: compute them once for many blocks."""
        others = [convolution.weights() for convolution in self._convolutions]
        return first_layer_weights(self._kernel, self._bias), others

    def __call__(self, block: tf.Tensor, weights: SalienceWeights) -> tf.Tensor:
        """Salience of one block.

        Args:
            block: Audio at 16 kHz, `[block_length]`.
            weights: From `weights`.

        Returns:
            `[n_block_frames, 360]`, 0 to 1; frame i covers samples `160 i` to `160 i + 1023`.
        """
        mean, variance = self._moments(block)
        salience = self._network(block, mean, variance, weights)
        low = tf.signal.frame(
            self._low_notes.decimate(block[tf.newaxis])[0], LOW_LENGTH, HOP_LENGTH // DECIMATION
        )
        return self._low_notes(low, tf.transpose(variance), salience)

    def network(self, block: tf.Tensor, weights: SalienceWeights) -> tf.Tensor:
        """Salience of one block as the published network gives it; see `__call__`."""
        return self._network(block, *self._moments(block), weights)

    def _moments(self, block: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean and variance of each frame, `[1, n_block_frames]`."""
        frames = tf.signal.frame(block, FRAME_LENGTH, HOP_LENGTH)
        frames = tf.ensure_shape(frames, [self.n_block_frames, FRAME_LENGTH])
        mean, variance = tf.nn.moments(frames, axes=[1])
        return mean[tf.newaxis], variance[tf.newaxis]

    def _network(
        self, block: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, weights: SalienceWeights
    ) -> tf.Tensor:
        deviation = tf.maximum(tf.sqrt(variance), SOFTEST_RMS)
        first, others = weights
        y = apply_first_layer(block, mean, deviation, first)
        layers = zip(self._convolutions, others, self._biases, self._least, strict=True)
        for i, (convolution, matrices, bias, least) in enumerate(layers):
            y = convolution(y, matrices)
            if i == 0:
                # Only here are frames divided by their deviation: it is the smallest place.
                y /= deviation
            y = tf.nn.relu(_pool(y + bias, least))
        logits = self._classifier @ tf.reshape(y, [-1, self.n_block_frames])
        return tf.transpose(tf.sigmoid(logits + self._classifier_bias))


def _convolution(layer: FoldedLayer, *, name: str) -> FourierConvolution | MatrixConvolution:
    n_positions, n_outputs = layer.bias.shape
    if n_positions**2 * layer.kernel.shape[1] * n_outputs <= _LARGEST_MATRIX:
        return MatrixConvolution(layer.kernel, n_positions, name=name)
    n_phases = max(1, _FEWEST_ROWS // (2 * n_outputs))
    return FourierConvolution(layer.kernel, n_positions, n_phases=n_phases, name=name)


def _pool(x: tf.Tensor, least: npt.NDArray[np.bool_] | None) -> tf.Tensor:
    """The larger of each pair of positions, the first axis; where `least`, the smaller."""
    pairs = tf.reshape(x, [x.shape[0] // 2, 2, *x.shape[1:]])
    pooled = tf.maximum(pairs[:, 0], pairs[:, 1])
    if least is not None:
        pooled = tf.where(least[:, np.newaxis], tf.minimum(pairs[:, 0], pairs[:, 1]), pooled)
    return pooled
