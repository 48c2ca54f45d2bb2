"""What hears pitch and the two amplitudes of an excitation in a constant-Q spectrum."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.nn import BiGru
from ddsp_tf.types import FloatArray

BINS_PER_OCTAVE = 24
N_BINS = 190
"""From 32.7 Hz to 7,677 Hz."""

N_HEARD = 160
"""Bins that the encoder is given."""

FIRST_BIN = 15
"""The first of them while nothing is shifted, at 50.4 Hz."""

MOST_SHIFT = 12
LOWEST_HZ, HIGHEST_HZ = 50.0, 1000.0
N_PITCHES = 64
_BELOW, _ABOVE = 2 * BINS_PER_OCTAVE, 4 * BINS_PER_OCTAVE
"""Bins below and above a pitch that its logit is made of."""

READ_REACH = 2
"""Pitches on each side of the likeliest that are read with it; an octave away is another."""

READ_TEMPERATURE = 16.0
"""Logits are divided by it where they are read: training makes shares so sharp that a pitch between
two of the 64 would be one of them."""

_N_POOLED = 8
_SLOPE = 0.2


def pitches_hz() -> FloatArray:
    """The pitches that are weighed, float64 `[64]`, from 50 to 1,000 Hz in equal intervals."""
    return np.geomspace(LOWEST_HZ, HIGHEST_HZ, N_PITCHES)


@keras.saving.register_keras_serializable("ddsp_tf")
class PitchEncoder(keras.layers.Layer):
    """Weighs 64 pitches in each frame, and says how much is periodic and how much isn't.

    A convolution of five frames and seven bins and two residual blocks of three bins read the
    spectrum. Each pitch's logit is one weighted sum of what lies from two octaves below it to four
    above, with the same weights for all pitches: a spectrum that moves up moves the logits up.
    Amplitudes are read by GRUs in both directions.

    Args:
        n_channels: Of the convolutions.
        n_units: Of each GRU.
        name: The layer's name.

    Example:
        >>> heard = PitchEncoder(n_channels=2, n_units=4)(tf.zeros([1, 5, 160]))
        >>> heard["pitch_logits"].shape, heard["log2_f0"].shape
        (TensorShape([1, 5, 64]), TensorShape([1, 5, 1]))

    Reference:
        Choi et al. 2022, NANSY++, the pitch encoder: there 128 channels and a GRU of 256 before the
        logits; weights shared by all pitches are those of Riou et al. 2023, "PESTO: Pitch
        estimation with self-supervised transposition-equivariant objective".
    """

    def __init__(
        self, *, n_channels: int = 8, n_units: int = 32, name: str = "pitch_encoder", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.n_channels, self.n_units = n_channels, n_units

        def convolution(size: tuple[int, int], part: str) -> Any:
            return keras.layers.Conv2D(n_channels, size, padding="same", name=part)

        self.first = convolution((5, 7), "first")
        self.blocks = [convolution((1, 3), f"block_{i}") for i in range(4)]
        self.weighed = keras.layers.Conv1D(1, _BELOW + 1 + _ABOVE, name="weighed")
        self.levels = BiGru(n_units, name="levels")
        # Amplitudes relative to the loudest bin, which begin where a voice has them.
        self.amplitudes = keras.layers.Dense(2, name="amplitudes")

    def build(self, input_shape: Any) -> None:
        """Makes the weights."""
        del input_shape
        shape = (None, None, N_HEARD, self.n_channels)
        self.first.build((*shape[:-1], 1))
        for block in self.blocks:
            block.build(shape)
        self.weighed.build((None, None, self.n_channels))
        self.levels.build((None, None, N_HEARD // _N_POOLED + self.n_channels + 2))
        self.amplitudes.build((None, None, 2 * self.n_units))
        self.built = True

    def call(self, heard: tf.Tensor) -> dict[str, tf.Tensor]:
        """Hears frames.

        Args:
            heard: Levels from 0 to 1 at 24 bins an octave, `[batch, n_frames, 160]`.

        Returns:
            `pitch_logits` `[batch, n_frames, 64]`, of which `read_pitch` reads a pitch; `log2_f0`,
            the mean of all log2 of Hz under their softmax, `[batch, n_frames, 1]`; and
            `amplitudes`, relative to the loudest bin, of what is periodic and what isn't,
            `[batch, n_frames, 2]`, > 0.
        """
        shape = tf.shape(heard)
        read = tf.nn.leaky_relu(self.first(heard[..., tf.newaxis]), _SLOPE)
        for one, other in zip(self.blocks[::2], self.blocks[1::2], strict=True):
            read += other(tf.nn.leaky_relu(one(tf.nn.leaky_relu(read, _SLOPE)), _SLOPE))
        rows = tf.reshape(read, [-1, N_HEARD, self.n_channels])
        reading, n_logits = _reading()
        above = n_logits + _ABOVE - N_HEARD
        logits = self.weighed(tf.pad(rows, [[0, 0], [_BELOW, above], [0, 0]]))[..., 0]
        logits = tf.reshape(logits @ tf.constant(reading), [shape[0], shape[1], N_PITCHES])
        shares = tf.nn.softmax(logits)
        octaves = tf.constant(np.log2(pitches_hz())[:, np.newaxis], tf.float32)
        pooled = tf.reshape(heard, [shape[0], shape[1], N_HEARD // _N_POOLED, _N_POOLED])
        summary = [
            tf.reduce_mean(pooled, axis=-1),
            tf.reduce_mean(read, axis=2),
            tf.reduce_max(shares, axis=-1, keepdims=True),
            tf.reduce_max(logits, axis=-1, keepdims=True) / 10.0,
        ]
        amplitudes = self.amplitudes(self.levels(tf.concat(summary, axis=-1)))
        return {
            "pitch_logits": logits,
            "log2_f0": shares @ octaves,
            "amplitudes": dsp.exp_sigmoid(amplitudes),
        }

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_channels": self.n_channels,
            "n_units": self.n_units,
        }


def read_pitch(pitch_logits: tf.Tensor) -> tf.Tensor:
    """Reads the pitch: the mean of log2 of Hz near the likeliest, under softened shares.

    Args:
        pitch_logits: `[..., 64]`.

    Returns:
        log2 of Hz, `[..., 1]`.

    Example:
        >>> round(2.0 ** float(read_pitch(tf.one_hot([63], 64, 99.0, 0.0))[0, 0]))
        1000
    """
    best = tf.argmax(pitch_logits, axis=-1, output_type=tf.int32)[..., tf.newaxis]
    near = tf.abs(tf.range(N_PITCHES) - best) <= READ_REACH
    shares = tf.nn.softmax(tf.where(near, pitch_logits / READ_TEMPERATURE, -np.inf))
    return shares @ tf.constant(np.log2(pitches_hz())[:, np.newaxis], tf.float32)


def _reading() -> tuple[np.ndarray, int]:
    """Interpolation from logits at bins to the 64 pitches, `[n_logits, 64]`, and `n_logits`."""
    first_hz = dsp.constant_q_frequencies_hz(N_BINS, bins_per_octave=BINS_PER_OCTAVE)[FIRST_BIN]
    place = np.maximum(BINS_PER_OCTAVE * np.log2(pitches_hz() / first_hz), 0.0)
    n_logits = math.ceil(place[-1]) + 1
    weights = np.maximum(0.0, 1.0 - np.abs(place - np.arange(n_logits)[:, np.newaxis]))
    return weights.astype(np.float32), n_logits
