"""An instrument playing features of any length, block by block."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.models import Autoencoder
from ddsp_tf.processors import Reverb
from ddsp_tf.types import FloatArray


class Player:
    """Plays features in blocks of equal length with exact state, so that no seam can be heard.

    Every block has the same shape, hence one trace of one function serves all files; memory does
    not depend on their length. A gate before the reverb silences the gaps between notes while
    the room rings on. If the reverb is not the last processor, the gate comes last.

    Args:
        model: The instrument's model.
        reverb: Whether its reverb is heard.
        block_frames: Frames a block.

    Example:
        >>> from ddsp_tf import Instrument
        >>> player = Player(Instrument.load("runs/violin").model, reverb=True, block_frames=100)
        >>> note = {"f0_hz": np.full([250, 1], 440.0), "loudness_db": np.full([250, 1], -20.0)}
        >>> [len(block) for block in player.blocks(note, gate=np.ones(250))]
        [6400, 6400, 3200]
    """

    def __init__(self, model: Autoencoder, *, reverb: bool, block_frames: int) -> None:
        self._room = _last_reverb(model) if reverb else None
        self._model = model.without_reverb() if self._room or not reverb else model
        self._block_frames = block_frames
        self._in_blocks = model.decoder.causal and model.processor_group.streamable
        # Nothing here depends on a tensor in Python, and autograph would take seconds to read it.
        self._play_block = tf.function(self._block, autograph=False)

    def blocks(self, features: Mapping[str, FloatArray], gate: FloatArray) -> Iterator[FloatArray]:
        """Plays.

        Args:
            features: What the model reads, each `[n_frames, n_channels]`.
            gate: Gain of the dry sound, `[n_frames]`.

        Yields:
            Float32 audio, `n_frames * hop_length` samples in all. A model that can't be played
            in blocks gives one.
        """
        n_frames = len(gate)
        tracks = {**features, "gate": np.asarray(gate)[:, np.newaxis]}
        frames = {key: np.asarray(track, np.float32) for key, track in tracks.items()}
        if not self._in_blocks:
            yield self._whole(frames)
            return
        size, hop_length = self._block_frames, self._model.hop_length
        # The gate glides towards the next frame, so one frame ahead is read in any case.
        ahead = max(1, self._model.lookahead_frames)
        state = self._initial_state()
        for start in range(0, n_frames, size):
            block = {key: _slice_held(x, start, size + ahead) for key, x in frames.items()}
            audio, state = self._play_block(block, state)
            yield audio.numpy()[0, : min(size, n_frames - start) * hop_length]

    def _initial_state(self) -> dict[str, Any]:
        room = {} if self._room is None else self._room.initial_state(1)
        return {"model": self._model.initial_state(1), "room": room}

    def _block(
        self, frames: dict[str, tf.Tensor], state: dict[str, Any]
    ) -> tuple[tf.Tensor, dict[str, Any]]:
        size, ahead = self._block_frames, self._model.lookahead_frames
        features = {key: x[:, : size + ahead] for key, x in frames.items() if key != "gate"}
        outputs, model_state = self._model.stream(features, state["model"], size)
        gain = _at_samples(frames["gate"], size, self._model.hop_length)
        audio, room_state = self._in_room(outputs["audio"] * gain, state["room"])
        return audio, {"model": model_state, "room": room_state}

    def _in_room(self, audio: tf.Tensor, state: Any) -> tuple[tf.Tensor, Any]:
        if self._room is None:
            return audio, state
        controls = self._room.controls({"audio": audio})
        return self._room.stream(controls, state, self._block_frames)

    def _whole(self, frames: dict[str, FloatArray]) -> FloatArray:
        n_frames = len(frames["gate"])
        features = {key: x[np.newaxis] for key, x in frames.items() if key != "gate"}
        audio = self._model(features)["audio"]
        gate = _slice_held(frames["gate"], 0, n_frames + 1)
        gain = _at_samples(tf.constant(gate), n_frames, self._model.hop_length)
        # A Crop leaves less sound than there are frames; the start is what stays in time.
        gated = audio * gain[:, : audio.shape[1]]
        if self._room is not None:
            gated = self._room({"audio": gated})
        return gated.numpy()[0]


def _last_reverb(model: Autoencoder) -> Reverb | None:
    group = model.processor_group
    last = group.processors[-1]
    effect = isinstance(last, Reverb) and "/" in group.node_inputs[-1][0]
    return last if effect else None


def _slice_held(track: FloatArray, start: int, length: int) -> FloatArray:
    """Frames as `[1, length, n_channels]`; beyond the end the last one is repeated."""
    part = track[start : start + length]
    held = np.repeat(track[-1:], length - len(part), axis=0)
    return np.concatenate([part, held])[np.newaxis]


def _at_samples(gain: tf.Tensor, n_frames: int, hop_length: int) -> tf.Tensor:
    """Frame gains `[1, > n_frames, 1]`, joined by straight lines, as `[1, n_samples]`."""
    position = tf.range(hop_length, dtype=tf.float32) / float(hop_length)
    now, following = gain[:, :n_frames], gain[:, 1 : n_frames + 1]
    return tf.reshape(now + (following - now) * position, [1, n_frames * hop_length])
