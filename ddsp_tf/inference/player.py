"""An instrument playing features of any length, with a gate before its room."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.models import BlockPlayer, Model
from ddsp_tf.processors import Processor
from ddsp_tf.types import FloatArray, Signal

_GATE = "gate"


class Player:
    """Plays features in blocks of equal length with exact state, so that no seam can be heard.

    Every block has the same shape, hence one trace of one function serves all files; memory does
    not depend on their length. A gate before the room silences the gaps between notes while the
    room rings on. If the room is not the last processor, the gate comes last.

    Args:
        model: The instrument's model.
        reverb: Whether its room is heard.
        block_frames: Frames a block.

    Example:
        >>> from ddsp_tf import Instrument
        >>> player = Player(Instrument.load("runs/violin").model, reverb=True, block_frames=100)
        >>> note = {"f0_hz": np.full([250, 1], 440.0), "loudness_db": np.full([250, 1], -20.0)}
        >>> [len(block) for block in player.blocks(note, gate=np.ones(250))]
        [6400, 6400, 3200]
    """

    def __init__(self, model: Model, *, reverb: bool, block_frames: int) -> None:
        room = model.last_room if reverb else None
        dry = model.without_rooms() if room is not None or not reverb else model
        self._blocks = BlockPlayer(_GatedModel(dry, room), block_frames=block_frames)

    def blocks(self, features: Mapping[str, FloatArray], gate: FloatArray) -> Iterator[FloatArray]:
        """Plays.

        Args:
            features: What the model takes, encoded: frames `[n_frames, n_channels]`, audio
                `[n_samples]`.
            gate: Gain of the dry sound, `[n_frames]`.

        Yields:
            Float32 audio, `n_frames * hop_length` samples in all. A model that can't be played
            in blocks gives one.
        """
        return self._blocks.blocks({**features, _GATE: np.asarray(gate)[:, np.newaxis]})

    @property
    def n_traces(self) -> int:
        """How often the block was traced so far: once serves all lengths."""
        return int(self._blocks.play_block.experimental_get_tracing_count())


class _GatedModel(Model):
    """A model, a gain that glides from frame to frame, and the room around both.

    Args:
        model: Plays dry.
        room: Takes audio alone; or None.
    """

    def __init__(self, model: Model, room: Processor | None) -> None:
        super().__init__(name="gated")
        self.sample_rate, self.hop_length = model.sample_rate, model.hop_length
        self._model = model
        self._room = room
        self._audio_name = "" if room is None else room.input_names[0]
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The model's, and the gate."""
        return {**self._model.input_signals, _GATE: Signal("frames", low=0.0)}

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The model's."""
        return self._model.optional_input_names

    @property
    def why_not_streamable(self) -> str:
        """The model's reason."""
        return self._model.why_not_streamable

    @property
    def lookahead_frames(self) -> int:
        """The model's, and the next frame that the gate glides to."""
        return max(1, self._model.lookahead_frames)

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds."""
        inputs = {key: x for key, x in batch.items() if key != _GATE}
        audio = self._model(inputs, training=training)["audio"]
        gate = tf.convert_to_tensor(batch[_GATE])
        n_frames = tf.shape(gate)[1]
        gain = _at_samples(tf.concat([gate, gate[:, -1:]], axis=1), n_frames, self.hop_length)
        # A Crop leaves less sound than there are frames; the start is what stays in time.
        gated = audio * gain[:, : tf.shape(audio)[1]]
        return {"audio": gated if self._room is None else self._room({self._audio_name: gated})}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """Those of model and room."""
        room = {} if self._room is None else self._room.initial_state(batch_size)
        return {"model": self._model.initial_state(batch_size), "room": room}

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block."""
        ahead, signals = self._model.lookahead_frames, self._model.input_signals
        features = {
            key: x[:, : n_frames + ahead] if signals[key].kind == "frames" else x
            for key, x in inputs.items()
            if key != _GATE
        }
        outputs, model_state = self._model.stream(features, state["model"], n_frames)
        audio = outputs["audio"] * _at_samples(inputs[_GATE], n_frames, self.hop_length)
        room_state = state["room"]
        if self._room is not None:
            controls = self._room.controls({self._audio_name: audio})
            audio, room_state = self._room.stream(controls, room_state, n_frames)
        return {"audio": audio}, {"model": model_state, "room": room_state}


def _at_samples(gain: tf.Tensor, n_frames: int | tf.Tensor, hop_length: int) -> tf.Tensor:
    """Frame gains `[batch, > n_frames, 1]`, joined by straight lines, as `[batch, n_samples]`."""
    position = tf.range(hop_length, dtype=tf.float32) / float(hop_length)
    now, following = gain[:, :n_frames], gain[:, 1 : n_frames + 1]
    joined = now + (following - now) * position
    return tf.reshape(joined, [tf.shape(joined)[0], n_frames * hop_length])
