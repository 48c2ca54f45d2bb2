"""A model with a gate before its room: silent between the notes while the room rings on."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.inference.choir import Choir
from ddsp_tf.inference.wrapped_model import WrappedModel
from ddsp_tf.models import Model
from ddsp_tf.processors import Processor
from ddsp_tf.types import Signal

GATE = "gate"


def gated_model(model: Model, *, reverb: bool, n_voices: int = 1) -> Model:
    """Makes what players play: voices of a model, each with a gate, in the model's room.

    If the room is not the last processor, the gate comes last.

    Args:
        model: An instrument's model.
        reverb: Whether its room is heard.
        n_voices: How many voices; inputs lie side by side as in `Choir`.

    Returns:
        A model that takes what `model` does and `gate`, the gain of the dry sound.
    """
    room = model.last_room if reverb else None
    dry = model.without_rooms() if room is not None or not reverb else model
    voices: Model = _Gated(dry)
    if n_voices > 1:
        voices = Choir(voices, n_voices)
    return voices if room is None else _InRoom(voices, room)


class _Gated(WrappedModel):
    """A model and a gain that glides from frame to frame.

    Args:
        model: Plays dry.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model, name="gated")

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The model's, and the gate."""
        return {**self._model.input_signals, GATE: Signal("frames", low=0.0)}

    @property
    def lookahead_frames(self) -> int:
        """The model's, and the next frame that the gate glides to."""
        return max(1, self._model.lookahead_frames)

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds."""
        inputs = {key: x for key, x in batch.items() if key != GATE}
        audio = self._model(inputs, training=training)["audio"]
        gate = tf.convert_to_tensor(batch[GATE])
        n_frames = tf.shape(gate)[1]
        gain = _at_samples(tf.concat([gate, gate[:, -1:]], axis=1), n_frames, self.hop_length)
        # A Crop leaves less sound than there are frames; the start is what stays in time.
        return {"audio": audio * gain[:, : tf.shape(audio)[1]]}

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block."""
        ahead, signals = self._model.lookahead_frames, self._model.input_signals
        features = {
            key: x[:, : n_frames + ahead] if signals[key].kind == "frames" else x
            for key, x in inputs.items()
            if key != GATE
        }
        outputs, following = self._model.stream(features, state, n_frames)
        return {
            "audio": outputs["audio"] * _at_samples(inputs[GATE], n_frames, self.hop_length)
        }, following


class _InRoom(WrappedModel):
    """A model, and the room around it.

    Args:
        model: Plays dry.
        room: Takes audio alone.
    """

    def __init__(self, model: Model, room: Processor) -> None:
        super().__init__(model, name="in_room")
        self._room = room
        self._audio_name = room.input_names[0]

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds."""
        audio = self._model(batch, training=training)["audio"]
        return {"audio": self._room({self._audio_name: audio})}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Those of model and room."""
        return {
            "model": self._model.initial_state(batch_size),
            "room": self._room.initial_state(batch_size),
        }

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block."""
        outputs, model_state = self._model.stream(inputs, state["model"], n_frames)
        controls = self._room.controls({self._audio_name: outputs["audio"]})
        audio, room_state = self._room.stream(controls, state["room"], n_frames)
        return {"audio": audio}, {"model": model_state, "room": room_state}


def _at_samples(gain: tf.Tensor, n_frames: int | tf.Tensor, hop_length: int) -> tf.Tensor:
    """Frame gains `[batch, > n_frames, 1]`, joined by straight lines, as `[batch, n_samples]`."""
    position = tf.range(hop_length, dtype=tf.float32) / float(hop_length)
    now, following = gain[:, :n_frames], gain[:, 1 : n_frames + 1]
    joined = now + (following - now) * position
    return tf.reshape(joined, [tf.shape(joined)[0], n_frames * hop_length])
