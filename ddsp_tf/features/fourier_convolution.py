"""A convolution whose kernel is about as long as its input, by multiplying spectra."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

FloatArray = npt.NDArray[np.float32]


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
        >>> bool(abs(double(tf.ones([8, 1, 5])) - 2.0).numpy().max() < 1e-5)
        True
    """

    def __init__(self, kernel: FloatArray, n_positions: int, *, n_phases: int, name: str) -> None:
        super().__init__(name=name)
        self._n_positions, self._n_outputs = n_positions, kernel.shape[2]
        n_steps = n_positions // n_phases
        # Output `n_phases * t + i` reads input `n_phases * (t + step) + j` through a tap.
        outputs = np.arange(n_phases)[:, np.newaxis]
        reads = outputs + np.arange(len(kernel)) - (len(kernel) - 1) // 2
        steps, inputs = reads // n_phases, reads % n_phases
        inside = abs(steps) < n_steps
        # What wraps around must land on zeros: a position's reach beyond the sequence has to fit.
        length = n_steps + int(abs(steps[inside]).max())
        length += length % 2
        frequencies = np.arange(length // 2 + 1)
        angle = 2 * np.pi / length * frequencies[:, np.newaxis] * np.arange(n_steps)
        wave = np.stack([np.cos(angle), -np.sin(angle)], axis=1).reshape(-1, n_steps)
        share = np.where(frequencies % (length // 2) == 0, 1.0, 2.0) / length
        constants = {
            "to_spectrum": wave,
            "from_spectrum": (wave * np.repeat(share, 2)[:, np.newaxis]).T,
            "response": _response(kernel, np.where(inside, steps, length), inputs, length),
        }
        self._constants = {
            key: tf.Variable(value, trainable=False, dtype=tf.float32, name=key)
            for key, value in constants.items()
        }

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Convolves.

        Args:
            x: `[n_positions, n_inputs, batch]`.

        Returns:
            `[n_positions, n_outputs, batch]`.
        """
        constants = self._constants
        batch_size = x.shape[2]
        n_frequencies = constants["response"].shape[0]
        n_steps = constants["to_spectrum"].shape[1]
        spectrum = constants["to_spectrum"] @ tf.reshape(x, [n_steps, -1])
        # Without reordering, real and imaginary parts of all phases and inputs are one axis.
        spectrum = tf.reshape(spectrum, [n_frequencies, -1, batch_size])
        spectrum = constants["response"] @ spectrum
        y = constants["from_spectrum"] @ tf.reshape(spectrum, [2 * n_frequencies, -1])
        return tf.reshape(y, [self._n_positions, self._n_outputs, batch_size])


def _response(
    kernel: FloatArray, steps: npt.NDArray[np.int64], inputs: npt.NDArray[np.int64], length: int
) -> FloatArray:
    """Real matrices `[n_frequencies, 2 * n_phases * n_outputs, 2 * n_phases * n_inputs]`.

    They multiply complex numbers whose real parts come before the imaginary ones.
    """
    n_phases, (_, n_inputs, n_outputs) = len(steps), kernel.shape
    reach = length // 2
    # By the step, output phase and input phase that each tap connects.
    taps = np.zeros([2 * reach + 1, n_phases, n_phases, n_inputs, n_outputs], np.float32)
    for output in range(n_phases):
        used = abs(steps[output]) <= reach
        taps[steps[output][used] + reach, output, inputs[output][used]] = kernel[used]
    taps = taps.transpose(0, 1, 4, 2, 3)
    angle = 2 * np.pi / length * np.arange(length // 2 + 1)
    angle = angle[:, np.newaxis] * np.arange(-reach, reach + 1)
    size = n_phases * n_outputs, n_phases * n_inputs
    re, im = (
        np.tensordot(wave(angle).astype(np.float32), taps, 1).reshape(-1, *size)
        for wave in (np.cos, np.sin)
    )
    return np.block([[re, -im], [im, re]])
