"""A convolution whose kernel is about as long as its input, by multiplying spectra."""

import numpy as np
import tensorflow as tf

from ddsp_tf.types import Float32Array


class FourierConvolution(tf.Module):
    """Correlates short multi-channel sequences with a kernel, "same" padded.

    Transforms are matrix products, which beat an FFT at these lengths, and leave only one small
    product a frequency between input and output channels. Dealing the positions out to phases
    makes the transforms shorter and that product larger.

    Args:
        kernel: `[n_taps, n_inputs, n_outputs]`; output p reads inputs from
            `p - (n_taps - 1) // 2` on.
        n_positions: Length of the sequences.
        n_phases: Phases that the positions are dealt out to, a divisor of `n_positions` below it.
        name: Of the module.

    Example:
        >>> kernel = np.zeros([64, 1, 1], np.float32)
        >>> kernel[31] = 2.0
        >>> double = FourierConvolution(kernel, 8, n_phases=2, name="double")
        >>> y = double(tf.ones([8, 1, 5]), double.weights())
        >>> bool(abs(y - 2.0).numpy().max() < 1e-5)
        True
    """

    def __init__(self, kernel: Float32Array, n_positions: int, *, n_phases: int, name: str) -> None:
        super().__init__(name=name)
        self._kernel = tf.Variable(kernel, trainable=False, dtype=tf.float32, name="kernel")
        self._shape = [n_positions, kernel.shape[2]]
        n_steps = n_positions // n_phases
        # Output `n_phases * t + i` reads input `n_phases * (t + step) + j` through a tap.
        outputs = np.arange(n_phases)[:, np.newaxis]
        reads = outputs + np.arange(len(kernel)) - (len(kernel) - 1) // 2
        steps, inputs = reads // n_phases, reads % n_phases
        used = abs(steps) < n_steps
        reach = int(abs(steps[used]).max())
        self._taps = np.full([2 * reach + 1, n_phases, n_phases], len(kernel))
        for output in range(n_phases):
            (taps,) = np.nonzero(used[output])
            self._taps[steps[output, taps] + reach, output, inputs[output, taps]] = taps
        # What wraps around must land on zeros: a position's reach beyond the sequence has to fit.
        length = n_steps + reach
        length += length % 2
        frequencies = np.arange(length // 2 + 1)
        angle = 2 * np.pi / length * frequencies[:, np.newaxis]
        at_taps = angle * np.arange(-reach, reach + 1)
        self._cosine, self._sine = np.cos(at_taps), np.sin(at_taps)
        angle = angle * np.arange(n_steps)
        wave = np.stack([np.cos(angle), -np.sin(angle)], axis=1).reshape(-1, n_steps)
        share = np.where(frequencies % (length // 2) == 0, 1.0, 2.0) / length
        self._to_spectrum = wave.astype(np.float32)
        self._from_spectrum = (wave * np.repeat(share, 2)[:, np.newaxis]).T.astype(np.float32)

    def weights(self) -> tf.Tensor:
        """The kernel's spectrum: compute it once for many calls.

        It is larger than the kernel, which alone is stored.

        Returns:
            Matrices `[n_frequencies, 2 * n_phases * n_outputs, 2 * n_phases * n_inputs]` that
            multiply complex numbers whose real parts come before the imaginary ones.
        """
        padded = tf.pad(self._kernel, [[0, 1], [0, 0], [0, 0]])
        taps = tf.transpose(tf.gather(padded, self._taps), [0, 1, 4, 2, 3])
        n_steps, n_phases, n_outputs, _, n_inputs = taps.shape
        rows = tf.reshape(taps, [n_steps, -1])
        shape = [-1, n_phases * n_outputs, n_phases * n_inputs]
        re = tf.reshape(tf.constant(self._cosine, tf.float32) @ rows, shape)
        im = tf.reshape(tf.constant(self._sine, tf.float32) @ rows, shape)
        return tf.concat([tf.concat([re, -im], 2), tf.concat([im, re], 2)], axis=1)

    def __call__(self, x: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Convolves.

        Args:
            x: `[n_positions, n_inputs, batch]`.
            weights: From `weights`.

        Returns:
            `[n_positions, n_outputs, batch]`.
        """
        batch_size = x.shape[2]
        n_frequencies, n_steps = len(self._to_spectrum) // 2, self._to_spectrum.shape[1]
        spectrum = self._to_spectrum @ tf.reshape(x, [n_steps, -1])
        # Without reordering, real and imaginary parts of all phases and inputs are one axis.
        spectrum = weights @ tf.reshape(spectrum, [n_frequencies, -1, batch_size])
        y = self._from_spectrum @ tf.reshape(spectrum, [2 * n_frequencies, -1])
        return tf.reshape(y, [*self._shape, batch_size])
