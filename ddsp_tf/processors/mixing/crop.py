"""The scissors."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State


@keras.saving.register_keras_serializable("ddsp_tf")
class Crop(Processor):
    """Takes samples away at one end, or half at each.

    Input: `audio` `[batch, n_samples]`. A cropped sound has another length than its frames, so a
    graph with a `Crop` plays whole sounds only and can't be streamed.

    Args:
        n_samples: Samples to take away, >= 0.
        location: "front", "back" or "center" (which takes half at each end, the odd one at the
            back).
        name: The processor's name.

    Raises:
        ArgumentError: Unknown location, or a negative number of samples.
    """

    input_names = ("audio",)
    control_names = input_names
    streamable = False

    def __init__(
        self,
        *,
        n_samples: int,
        location: Literal["front", "back", "center"] = "back",
        name: str = "crop",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if location not in ("front", "back", "center"):
            raise ArgumentError(
                f'`location` should be "front", "back" or "center". Received {location!r}.'
            )
        if n_samples < 0:
            raise ArgumentError(f"`n_samples` should be >= 0. Received {n_samples}.")
        self.n_samples = n_samples
        self.location = location

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the audio on."""
        return {"audio": inputs["audio"]}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Crops the whole sound, which must be the only block."""
        del n_frames
        return self.signal(controls), state

    def signal(self, controls: Mapping[str, Any]) -> tf.Tensor:
        """Crops audio to `[batch, n_samples - self.n_samples]`."""
        audio = controls["audio"]
        front = {"front": self.n_samples, "back": 0, "center": self.n_samples // 2}[self.location]
        return audio[:, front : tf.shape(audio)[1] - (self.n_samples - front)]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_samples": self.n_samples, "location": self.location}
