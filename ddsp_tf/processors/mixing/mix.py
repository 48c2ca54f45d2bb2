"""The cross-fade between two sounds."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.processors.signal_checks import require_same_channels
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Mix(Processor):
    """Cross-fades two signals at constant power.

    Inputs: `signal_one` and `signal_two` `[batch, n_frames * hop_length]`, or both with a third
    axis of channels, and `mix_level` `[batch, n_frames, 1]`, any number. Control `mix_level` is in
    [0, 1]: 0 is the first signal alone, 1 the second alone, and the squares of the two gains
    always sum to one.

    Args:
        hop_length: Samples per frame.
        scale: Whether `mix_level` passes through a sigmoid. Without it, it is taken as in [0, 1].
        name: The processor's name.
    """

    def __init__(
        self, *, hop_length: int = 64, scale: bool = True, name: str = "mix", **kwargs: Any
    ) -> None:
        super().__init__(hop_length=hop_length, name=name, **kwargs)
        self.scale = scale

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Two sounds of any number of channels, and `mix_level`."""
        sound, bound = Signal("samples", width=None), None if self.scale else 0.0
        high = None if self.scale else 1.0
        level = Signal("frames", low=bound, high=high)
        return {"signal_one": sound, "signal_two": sound, "mix_level": level}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same; a level in [0, 1]."""
        return {**self.input_signals, "mix_level": Signal("frames", low=0.0, high=1.0)}

    @property
    def lookahead_frames(self) -> int:
        """The next frame: the level glides towards it."""
        return 1

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Brings the level into [0, 1]."""
        level = tf.cast(inputs["mix_level"], tf.float32)
        level = tf.sigmoid(level) if self.scale else level
        return {**{key: inputs[key] for key in self.input_signals}, "mix_level": level}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Mixes one block."""
        level = controls["mix_level"][:, : n_frames + 1]
        level = dsp.resample_envelope(level, hop_length=self.hop_length)
        one, two = require_same_channels(self.name, controls["signal_one"], controls["signal_two"])
        level = level if len(one.shape) == 3 else level[..., 0]
        angle = 0.5 * math.pi * level[:, : n_frames * self.hop_length]
        mixed = tf.cos(angle) * one + tf.sin(angle) * two
        return mixed, state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "scale": self.scale}
