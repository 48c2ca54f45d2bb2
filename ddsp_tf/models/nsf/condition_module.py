"""What a neural source-filter model's filters are told: a few numbers a frame, from both sides."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.nn import BiGru

_MEL_MIDDLE_DB, _MEL_SPREAD_DB = -60.0, 30.0


@keras.saving.register_keras_serializable("ddsp_tf")
class ConditionModule(keras.layers.Layer):
    """Reads mel bands, pitch and voicing, from the past and from the future.

    A GRU each way, a convolution of three frames and tanh.

    Args:
        channels: Of what it gives.
        units: Of each GRU.
        extra: Further numbers a frame, from -1 to 1, after the `channels`.
        name: The layer's name.

    Example:
        >>> module = ConditionModule(8, units=4)
        >>> ones = tf.ones([1, 5, 1])
        >>> module(tf.zeros([1, 5, 80]), ones, ones).shape
        TensorShape([1, 5, 8])

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis", section III-B (there with an LSTM each way).
    """

    def __init__(
        self,
        channels: int = 64,
        *,
        units: int = 32,
        extra: int = 0,
        name: str = "condition",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.channels, self.units, self.extra = channels, units, extra
        self.recurrent = BiGru(units, name="recurrent")
        self.convolution = keras.layers.Conv1D(
            channels + extra, 3, padding="same", activation="tanh", name="convolution"
        )

    def build(self, mel_shape: Any, *others: Any) -> None:
        """Makes the weights for as many bands as `mel_shape` has."""
        del others
        self.recurrent.build((None, None, mel_shape[-1] + 2))
        self.convolution.build((None, None, 2 * self.units))
        self.built = True

    def call(self, mel_db: tf.Tensor, f0_hz: tf.Tensor, voiced: tf.Tensor) -> tf.Tensor:
        """Reads a whole sound.

        Args:
            mel_db: `[batch, n_frames, n_bands]`, in dB.
            f0_hz: `[batch, n_frames, 1]`.
            voiced: 1 or 0, of the same shape.

        Returns:
            `[batch, n_frames, channels + extra]`, -1 to 1.
        """
        mel = (mel_db - _MEL_MIDDLE_DB) / _MEL_SPREAD_DB
        read = tf.concat([mel, dsp.scale_f0_hz(f0_hz), voiced], axis=-1)
        return self.convolution(self.recurrent(read))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("channels", "units", "extra")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
