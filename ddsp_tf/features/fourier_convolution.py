"""A convolution whose kernel is about as long as its input, by multiplying spectra."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

FloatArray = npt.NDArray[np.float32]


class FourierConvolution(tf.Module):
    """Correlates short multi-channel sequences with a kernel, "same" padded, plus a bias.

    Transforms are matrix products of a few rows, which beat an FFT at these lengths, and leave
    only one small product a frequency between input and output channels.

    Args:
        kernel: `[n_taps, n_inputs, n_outputs]`; output p reads inputs from
            `p - (n_taps - 1) // 2` on.
        bias: `[n_positions, n_outputs]`.
        n_positions: Length of the sequences, even.
        name: Of the module.

    Example:
        >>> kernel = np.zeros([64, 1, 1], np.float32)
        >>> kernel[31] = 2.0
        >>> double = FourierConvolution(kernel, np.zeros([8, 1], np.float32), 8, name="double")
        >>> bool(abs(double(tf.ones([8, 5, 1])) - 2.0).numpy().max() < 1e-5)
        True
    """

    def __init__(
        self, kernel: FloatArray, bias: FloatArray, n_positions: int, *, name: str
    ) -> None:
        super().__init__(name=name)
        offsets = np.arange(len(kernel)) - (len(kernel) - 1) // 2
        kernel = kernel[np.abs(offsets) < n_positions].astype(np.float64)
        offsets = offsets[np.abs(offsets) < n_positions]
        # What wraps around must land on zeros: a position's reach beyond the sequence has to fit.
        length = n_positions + int(np.abs(offsets).max())
        length += length % 2
        frequencies = np.arange(length // 2 + 1)
        angle = 2 * np.pi / length * frequencies[:, None]
        positions = np.arange(n_positions)
        share = np.where(frequencies % (length // 2) == 0, 1.0, 2.0) / length
        response_re = np.tensordot(np.cos(angle * offsets), kernel, 1)
        response_im = np.tensordot(np.sin(angle * offsets), kernel, 1)
        constants = {
            "to_re": np.cos(angle * positions),
            "to_im": -np.sin(angle * positions),
            "from_re_im": np.concatenate(
                [share * np.cos(angle * positions).T, -share * np.sin(angle * positions).T], axis=1
            ),
            "by_re": np.concatenate([response_re, response_im], axis=2),
            "by_im": np.concatenate([-response_im, response_re], axis=2),
            "bias": bias[:, np.newaxis],
        }
        self._constants = {
            key: tf.Variable(value, trainable=False, dtype=tf.float32, name=key)
            for key, value in constants.items()
        }

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Convolves.

        Args:
            x: `[n_positions, batch, n_inputs]`; positions come first.

        Returns:
            `[n_positions, batch, n_outputs]`.
        """
        constants = self._constants
        n_positions, batch_size, n_inputs = x.shape
        columns = tf.reshape(x, [n_positions, -1])
        re = tf.reshape(constants["to_re"] @ columns, [-1, batch_size, n_inputs])
        im = tf.reshape(constants["to_im"] @ columns, [-1, batch_size, n_inputs])
        spectrum = re @ constants["by_re"] + im @ constants["by_im"]
        n_outputs = spectrum.shape[2] // 2
        spectrum = tf.reshape(spectrum, [-1, batch_size, 2, n_outputs])
        stacked = tf.reshape(tf.transpose(spectrum, [2, 0, 1, 3]), [-1, batch_size * n_outputs])
        y = tf.reshape(constants["from_re_im"] @ stacked, [n_positions, batch_size, n_outputs])
        return y + constants["bias"]
