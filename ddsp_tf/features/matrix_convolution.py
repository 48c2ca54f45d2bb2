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
        >>> bool(abs(double(tf.ones([8, 1, 5])) - 2.0).numpy().max() < 1e-5)
        True
    """

    def __init__(self, kernel: npt.NDArray[np.float32], n_positions: int, *, name: str) -> None:
        super().__init__(name=name)
        n_taps, n_inputs, n_outputs = kernel.shape
        outputs = np.arange(n_positions)[:, np.newaxis]
        taps = np.arange(n_positions) - outputs + (n_taps - 1) // 2
        padded = np.concatenate([kernel, np.zeros([1, n_inputs, n_outputs], np.float32)])
        matrix = padded[np.where((taps >= 0) & (taps < n_taps), taps, n_taps)]
        matrix = matrix.transpose(0, 3, 1, 2).reshape(n_positions * n_outputs, -1)
        self._matrix = tf.Variable(matrix, trainable=False, name="matrix")
        self._shape = [n_positions, n_outputs]

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Convolves.

        Args:
            x: `[n_positions, n_inputs, batch]`.

        Returns:
            `[n_positions, n_outputs, batch]`.
        """
        batch_size = x.shape[2]
        return tf.reshape(
            self._matrix @ tf.reshape(x, [-1, batch_size]), [*self._shape, batch_size]
        )
