"""The scissors."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Crop(Processor):
    """Takes samples away at one end, or half at each.

    Input: `audio` `[batch, n_samples]`, or with a third axis of channels. A cropped sound has
    another length than its frames, so a graph with a `Crop` plays whole sounds only and can't be
    streamed. A sound that is no longer than what is taken away is refused; where its length is
    known only when a graph runs, nothing is left of it.

    Args:
        n_samples: Samples to take away, >= 0.
        location: "front", "back" or "center" (which takes half at each end, the odd one at the
            back).
        name: The processor's name.

    Raises:
        ArgumentError: Unknown location, a negative number of samples, or a sound too short.
    """

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

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """A sound of any number of channels."""
        return {"audio": Signal("samples", width=None)}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same."""
        return self.input_signals

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Crops the whole sound, which must be the only block."""
        del n_frames
        audio = controls["audio"]
        if audio.shape[1] is not None and audio.shape[1] <= self.n_samples:
            raise ArgumentError(
                f"`{self.name}` takes {self.n_samples} samples away, so `audio` should be longer. "
                f"Received {audio.shape[1]} samples."
            )
        front = {"front": self.n_samples, "back": 0, "center": self.n_samples // 2}[self.location]
        back = self.n_samples - front
        n_samples = tf.shape(audio)[1] if audio.shape[1] is None else audio.shape[1]
        return audio[:, front : tf.maximum(n_samples - back, front)], state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_samples": self.n_samples, "location": self.location}
