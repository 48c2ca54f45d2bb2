"""What all waveshapers have in common."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.dsp.waveshaping import FACTORS, oversampled, oversampling_state
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


class Shaper(Processor):
    """Bends every sample by a curve: y = level (f(drive x + bias) - f(bias)).

    Inputs: `audio` `[batch, n_samples]`, `drive_db` (-20 to 60), `bias` (-1 to 1), which adds even
    overtones, and `level_db` (-60 to 20), each `[batch, 1]`. Silence stays silence.

    Args:
        oversampling: The curve runs at 1, 2, 4 or 8 times the sample rate, see `dsp.oversampled`;
            8 plays a channel of 44.1 kHz 15 times as fast as it sounds on a core, 4 30 times. What
            was trained without may be played with it.
        name: The processor's name.

    Raises:
        ArgumentError: Another factor.
    """

    def __init__(self, *, oversampling: int = 8, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if oversampling not in FACTORS:
            raise ArgumentError(f"`oversampling` should be 1, 2, 4 or 8. Got {oversampling}.")
        self.oversampling = oversampling

    def bend(self, values: tf.Tensor, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the curve f at any values `[batch, any]`."""
        raise NotImplementedError

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, how far it is driven, the bias and the level."""
        return {
            "audio": Signal("samples"),
            "drive_db": Signal("value", unit="dB", low=-20.0, high=60.0, default=0.0),
            "bias": Signal("value", low=-1.0, high=1.0, default=0.0),
            "level_db": Signal("value", unit="dB", low=-60.0, high=20.0, default=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence in the filters of the oversampling."""
        return _named(oversampling_state(batch_size, factor=self.oversampling))

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Bends one block; the state is what the filters of the oversampling remember."""
        del n_frames
        drive, level = (10.0 ** (controls[key] / 20.0) for key in ("drive_db", "level_db"))
        bias = controls["bias"]
        rest = self.bend(bias, controls)
        audio, memories = oversampled(
            controls["audio"],
            lambda audio: level * (self.bend(drive * audio + bias, controls) - rest),
            tuple(state[key] for key in sorted(state)),
            factor=self.oversampling,
        )
        return audio, _named(memories)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "oversampling": self.oversampling}


def _named(memories: tuple[tf.Tensor, ...]) -> State:
    return {f"filter_{number}": memory for number, memory in enumerate(memories)}
