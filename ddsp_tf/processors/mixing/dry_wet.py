"""An effect beside the sound that it treats."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Kind, Signal

_WET = "wet"


@keras.saving.register_keras_serializable("ddsp_tf")
class DryWet(Processor):
    """Mixes an effect with the sound that it treats: `dry + wet * (effect(dry) - dry)`.

    Inputs: those of the effect, and `wet`, 0 (as if the effect weren't there) to 1 (the effect
    alone): `[batch, 1]` if neither it nor the effect has frames, otherwise `[batch, n_frames, 1]`,
    linear between frames. Without one it is `initial_wet`.

    Args:
        effect: Treats one sound, and plays one.
        initial_wet: The default of `wet`.
        hop_length: Samples per frame of `wet`; by default the effect's.
        name: The processor's name.

    Raises:
        ArgumentError: `initial_wet` is not within 0 and 1, or the effect takes no sound, or more
            than one, or an input called `wet`.

    Example:
        >>> from ddsp_tf.processors import Reverb
        >>> hall = DryWet(Reverb(impulse_response_length=800, add_dry=False), initial_wet=0.3)
        >>> hall({"audio": tf.ones([1, 1600])}).shape
        TensorShape([1, 1600])
    """

    def __init__(
        self,
        effect: Processor,
        *,
        initial_wet: float = 0.5,
        hop_length: int | None = None,
        name: str = "dry_wet",
        **kwargs: Any,
    ) -> None:
        hop_length = effect.hop_length if hop_length is None else hop_length
        rate = kwargs.pop("sample_rate", effect.sample_rate)
        super().__init__(name=name, sample_rate=rate, hop_length=hop_length, **kwargs)
        if not 0.0 <= initial_wet <= 1.0:
            raise ArgumentError(f"`initial_wet` should be within 0 and 1. Received {initial_wet}.")
        signals = effect.input_signals
        audio = [key for key, signal in signals.items() if signal.kind == "samples"]
        if len(audio) != 1 or _WET in signals or list(effect.output_signals) != ["signal"]:
            raise ArgumentError(
                "`effect` should treat one sound, play one, and have no input called `wet`. "
                f"`{effect.name}` takes {', '.join(signals) or 'nothing'}."
            )
        self.effect = effect
        self.initial_wet = initial_wet
        self._audio = audio[0]
        self.optional_input_names = effect.optional_input_names
        self.streamable = effect.streamable
        self.is_room = effect.is_room
        self.black_box = effect.black_box

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The effect's, and `wet`."""
        kind: Kind = "value" if self.hop_length is None else "frames"
        wet = Signal(kind, low=0.0, high=1.0, default=self.initial_wet)
        return {**self.effect.input_signals, _WET: wet}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The effect's, the dry sound, and `wet`."""
        signals = self.input_signals
        return {**self.effect.control_signals, "dry": signals[self._audio], _WET: signals[_WET]}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """As many channels as the effect's."""
        return self.effect.output_signals

    @property
    def lookahead_frames(self) -> int:
        """The effect's, and the next frame that `wet` glides to."""
        return max(self.effect.lookahead_frames, 0 if self.hop_length is None else 1)

    def for_live(self, hop_length: int) -> Processor:
        """Gives the same around what the effect gives."""
        live = self.effect.for_live(hop_length)
        rates = {"hop_length": self.hop_length, "sample_rate": self.sample_rate}
        return DryWet(live, initial_wet=self.initial_wet, name=self.name, **rates)

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes the effect's controls, and passes the dry sound and `wet` on."""
        inner = {key: x for key, x in inputs.items() if key != _WET}
        return {
            **self.effect.controls(inner),
            "dry": inputs[self._audio],
            _WET: tf.cast(inputs[_WET], tf.float32),
        }

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """The effect's."""
        return {"effect": self.effect.initial_state(batch_size)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block of both."""
        inner = {key: x for key, x in controls.items() if key not in ("dry", _WET)}
        played, following = self.effect.stream(inner, state["effect"], n_frames)
        wet, dry = controls[_WET], controls["dry"]
        if self.hop_length is not None:
            wet = dsp.resample_envelope(wet[:, : n_frames + 1], hop_length=self.hop_length)
            wet = wet[:, : n_frames * self.hop_length, 0]
        wet = wet[..., tf.newaxis] if len(dry.shape) > len(wet.shape) else wet
        return dry + wet * (played - dry), {"effect": following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, the effect serialised."""
        return {
            **super().get_config(),
            "effect": keras.saving.serialize_keras_object(self.effect),
            "initial_wet": self.initial_wet,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "DryWet":
        """Makes it from `get_config`."""
        effect = keras.saving.deserialize_keras_object(config["effect"])
        return cls(**{**config, "effect": effect})
