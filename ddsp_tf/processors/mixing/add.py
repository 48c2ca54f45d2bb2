"""The sum of two sounds."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.processors.processor import Controls, Processor, State


@keras.saving.register_keras_serializable("ddsp_tf")
class Add(Processor):
    """Adds two signals of equal length, `signal_one` and `signal_two`, `[batch, n_samples]`."""

    input_names = ("signal_one", "signal_two")
    control_names = input_names

    def __init__(self, *, name: str = "add", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes both on."""
        return {key: inputs[key] for key in self.input_names}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Adds one block."""
        del n_frames
        return controls["signal_one"] + controls["signal_two"], state

    def signal(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Adds both signals."""
        return self.stream(controls, {}, 0)[0]
