"""Another sample rate, inside a graph."""

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import tensorflow as tf

LARGEST_STEP = 1000
"""Largest denominator of the ratio of rates. Rates with a simple ratio are exact; the others are
off by less than a hundredth of a cent."""

_ZERO_CROSSINGS = 48
_ROLL_OFF = 0.95
_KAISER_BETA = 9.0


class Resampler(tf.Module):
    """Changes the sample rate by windowed sincs, one for each phase, as one strided convolution.

    Without delay: sample i of the result stands at `i / to_rate` seconds. Up to 0.9 of the lower
    Nyquist frequency the level is kept to 0.01 dB; aliases are below -80 dB.

    Args:
        from_rate: Of the audio, in Hz.
        to_rate: Wanted, in Hz.

    Example:
        >>> Resampler(48000, 16000)(tf.zeros([2, 480])).shape
        TensorShape([2, 160])

    Reference:
        Smith, Digital Audio Resampling Home Page, "Theory of ideal bandlimited interpolation".
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        super().__init__(name="resampler")
        ratio = Fraction(to_rate, from_rate).limit_denominator(LARGEST_STEP)
        self._n_phases, self._step = ratio.numerator, ratio.denominator
        filters = _phase_filters(self._n_phases, self._step)
        self._reach = (len(filters) - self._step) // 2
        self._filters = tf.Variable(filters[:, np.newaxis], trainable=False, name="filters")

    def __call__(self, audio: tf.Tensor) -> tf.Tensor:
        """Resamples a batch.

        Args:
            audio: `[batch, n_samples]`, at least one sample.

        Returns:
            `[batch, round(n_samples * to_rate / from_rate)]`, at least one sample.
        """
        n_samples = tf.cast(tf.shape(audio)[1], tf.int64)
        n_wanted = tf.maximum((n_samples * self._n_phases + self._step // 2) // self._step, 1)
        n_steps = -(-n_wanted // self._n_phases)
        right = n_steps * self._step + self._reach - n_samples
        padded = tf.pad(audio, [[0, 0], [self._reach, right]])
        phases = tf.nn.conv1d(padded[..., tf.newaxis], self._filters, self._step, "VALID")
        return tf.reshape(phases, [tf.shape(audio)[0], -1])[:, :n_wanted]


def _phase_filters(n_phases: int, step: int) -> npt.NDArray[np.float32]:
    """Gives `[step + 2 * reach, n_phases]`; phase p is centred on input `p * step / n_phases`."""
    cutoff = min(1.0, n_phases / step)
    width = _ZERO_CROSSINGS / cutoff
    reach = int(np.ceil(width))
    position = np.arange(step + 2 * reach)[:, np.newaxis] - reach
    distance = position - np.arange(n_phases) * (step / n_phases)
    window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(1.0 - np.square(distance / width), 0.0)))
    window = np.where(np.abs(distance) < width, window, 0.0)
    filters = np.sinc(_ROLL_OFF * cutoff * distance) * window
    return (filters / filters.sum(axis=0)).astype(np.float32)
