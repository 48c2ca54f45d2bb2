"""The error-to-signal ratio of two waveforms."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_SILENCE = 1e-10
"""Power that counts as the target's where it has less: -100 dB full scale."""


@keras.saving.register_keras_serializable("ddsp_tf")
class ErrorToSignal:
    """Power of the error over power of the target: for sounds that should agree sample by sample.

    0 is equal, 1 is what silence gets, 0.01 an error of -20 dB. Powers are those of the whole
    batch, so that a pause doesn't outweigh the rest.

    Args:
        pre_emphasis: Weight of the sample before, from 0 to below 1: both are first filtered by
            1 - pre_emphasis z^-1, and high frequencies, which music has little of, count for more.

    Raises:
        ArgumentError: `pre_emphasis` is out of range.

    Example:
        >>> sound = tf.random.stateless_normal([2, 1000], [1, 2])
        >>> round(float(ErrorToSignal()(sound, 0.9 * sound)), 4)
        0.01

    Reference:
        Wright, Damskagg and Valimaki 2019, "Real-time black-box modelling with recurrent neural
        networks", section 4.
    """

    def __init__(self, pre_emphasis: float = 0.0) -> None:
        if not 0.0 <= pre_emphasis < 1.0:
            raise ArgumentError(
                f"`pre_emphasis` should be from 0 to below 1. Received {pre_emphasis}."
            )
        self.pre_emphasis = pre_emphasis

    def __call__(self, target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """Gives the ratio.

        Args:
            target: `[batch, n_samples]`, or with a third axis of channels.
            value: Of the same shape.

        Raises:
            ArgumentError: Their shapes differ.
        """
        target, value = tf.cast(target, tf.float32), tf.cast(value, tf.float32)
        if not target.shape.is_compatible_with(value.shape):
            raise ArgumentError(
                f"Both sounds should have one shape. Received {target.shape} and {value.shape}."
            )
        error, target = self._emphasised(target - value), self._emphasised(target)
        power = tf.reduce_sum(tf.square(target))
        floor = _SILENCE * tf.cast(tf.size(target), tf.float32)
        return tf.math.divide_no_nan(tf.reduce_sum(tf.square(error)), tf.maximum(power, floor))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"pre_emphasis": self.pre_emphasis}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ErrorToSignal":
        """Makes it again from `get_config`."""
        return cls(**config)

    def _emphasised(self, sound: tf.Tensor) -> tf.Tensor:
        if not self.pre_emphasis:
            return sound
        return sound[:, 1:] - self.pre_emphasis * sound[:, :-1]
