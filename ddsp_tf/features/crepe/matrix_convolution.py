"""A convolution of very short sequences, as one matrix."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf


class MatrixConvolution(tf.Module):
    """Correlates short multi-channel sequences with a kernel, "same" padded.

    For sequences so short that one large product beats everything with fewer multiplications.

    Args:
        kernel: `[n_taps, n_inputs, n_outputs]`; output p reads inputs from
            `p - (n_taps - 1) // 2` on.
        n_positions: Length of the sequences.
        name: Of the module.

    Example:
        >>> kernel = np.zeros([64, 1, 1], np.float32)
        >>> kernel[31] = 2.0
        >>> double = MatrixConvolution(kernel, 8, name="double")
        >>> y = double(tf.ones([8, 1, 5]), double.weights())
        >>> bool(abs(y - 2.0).numpy().max() < 1e-5)
        True
    """

    def __init__(self, kernel: npt.NDArray[np.float32], n_positions: int, *, name: str) -> None:
        super().__init__(name=name)
        self._kernel = tf.Variable(kernel, trainable=False, dtype=tf.float32, name="kernel")
        self._shape = [n_positions, kernel.shape[2]]
        n_taps = len(kernel)
        taps = np.arange(n_positions) - np.arange(n_positions)[:, np.newaxis] + (n_taps - 1) // 2
        self._taps = np.where((taps >= 0) & (taps < n_taps), taps, n_taps)

    def weights(self) -> tf.Tensor:
        """The matrix: compute it once for many calls.

        Returns:
            `[n_positions * n_outputs, n_positions * n_inputs]`.
        """
        padded = tf.pad(self._kernel, [[0, 1], [0, 0], [0, 0]])
        matrix = tf.transpose(tf.gather(padded, self._taps), [0, 3, 1, 2])
        n_positions, n_outputs = self._shape
        return tf.reshape(matrix, [n_positions * n_outputs, -1])

    def __call__(self, x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Convolves.

        Args:
            x: `[n_positions, n_inputs, batch]`.
            weights: From `weights`.

        Returns:
            `[n_positions, n_outputs, batch]`.
        """
        batch_size = x.shape[2]
        return tf.reshape(weights @ tf.reshape(x, [-1, batch_size]), [*self._shape, batch_size])
