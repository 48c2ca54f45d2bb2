"""The cross-fade between two sounds."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Controls, Processor, State


@keras.saving.register_keras_serializable("ddsp_tf")
class Mix(Processor):
    """Cross-fades two signals at constant power.

    Inputs: `signal_one` and `signal_two` `[batch, n_frames * hop_length]`, and `mix_level`
    `[batch, n_frames, 1]`, any real number. Control `mix_level` is in [0, 1]: 0 is the first signal
    alone, 1 the second alone, and the squares of the two gains always sum to one.

    Args:
        hop_length: Samples per frame.
        scale: Whether `mix_level` passes through a sigmoid. Without it, it is taken as in [0, 1].
        name: The processor's name.
    """

    input_names = ("signal_one", "signal_two", "mix_level")
    control_names = input_names

    def __init__(
        self, *, hop_length: int = 64, scale: bool = True, name: str = "mix", **kwargs: Any
    ) -> None:
        super().__init__(hop_length=hop_length, name=name, **kwargs)
        self.scale = scale

    @property
    def lookahead_frames(self) -> int:
        """The next frame: the level glides towards it."""
        return 1

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Brings the level into [0, 1]."""
        level = tf.cast(inputs["mix_level"], tf.float32)
        level = tf.sigmoid(level) if self.scale else level
        return {**{key: inputs[key] for key in self.input_names}, "mix_level": level}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Mixes one block."""
        level = controls["mix_level"][:, : n_frames + 1]
        level = dsp.resample_envelope(level, hop_length=self.hop_length)[..., 0]
        angle = 0.5 * math.pi * level[:, : n_frames * self.hop_length]
        mixed = tf.cos(angle) * controls["signal_one"] + tf.sin(angle) * controls["signal_two"]
        return mixed, state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}
