"""What all keys of a piano share: how its soundboard answers at each frequency."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_LOWEST_HZ, _HIGHEST_HZ, _N_NODES = 25.0, 12800.0, 55
"""Six nodes an octave, on straight lines between them."""


@keras.saving.register_keras_serializable("ddsp_tf")
class Soundboard(keras.layers.Layer):
    """Learns four curves over the logarithm of frequency.

    They are, of a partial at a frequency: its level (as `exp_sigmoid` takes it: 1 is 20 dB), the
    logarithm of its decay in dB a second, how much slower its aftersound decays, and the
    aftersound's share (both as a sigmoid takes them). They begin as a straight fall of level by
    6 dB an octave and a decay of 7 dB a second at 100 Hz, 60 at 4 kHz, as pianos have.

    Args:
        name: The layer's name.

    Example:
        >>> level, decay, slower, share = Soundboard()(tf.constant([[[100.0, 4000.0]]]))
        >>> tf.exp(decay).numpy().round().tolist()
        [[[7.0, 64.0]]]

    Reference:
        Ege, Boutillon and Rebillat 2013, "Vibroacoustics of the piano soundboard".
    """

    def __init__(self, *, name: str = "soundboard", **kwargs: Any) -> None:
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="float32", **kwargs)
        self.curves = self.add_weight(name="curves", shape=[4, _N_NODES], initializer=_first)
        self.built = True

    def call(self, frequencies_hz: tf.Tensor) -> list[tf.Tensor]:
        """Gives the four curves at frequencies of any shape; their ends are held beyond them."""
        octaves = tf.math.log(tf.maximum(frequencies_hz, 1.0) / _LOWEST_HZ) / math.log(2.0)
        span = math.log2(_HIGHEST_HZ / _LOWEST_HZ)
        place = tf.clip_by_value(octaves * ((_N_NODES - 1) / span), 0.0, _N_NODES - 1.001)
        below = tf.floor(place)
        share = place - below
        index = tf.cast(below, tf.int32)
        curves = tf.convert_to_tensor(self.curves)
        return [
            (1.0 - share) * tf.gather(curve, index) + share * tf.gather(curve, index + 1)
            for curve in tf.unstack(curves)
        ]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        config.pop("dtype", None)
        return config


def _first(shape: Any, dtype: Any = None) -> tf.Tensor:
    hz = np.geomspace(_LOWEST_HZ, _HIGHEST_HZ, _N_NODES)
    level = -1.2 - np.log10(np.maximum(hz, 100.0) / 100.0)
    decay = np.log(7.0 * (hz / 100.0) ** 0.6)
    values = np.stack([level, decay, np.full_like(hz, -1.0), np.full_like(hz, -1.5)])
    return tf.constant(values.reshape(shape), dtype or tf.float32)
