"""Sounds of any length, played block by block."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.dsp.compilation import only_played
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.model import Model
from ddsp_tf.processors.signal_checks import unfold_channels
from ddsp_tf.types import FloatArray, Signal


class BlockPlayer:
    """Plays what a model takes in blocks of equal length with exact state: no seam can be heard.

    Every block has the same shape, hence one trace of one function serves all sounds; memory does
    not depend on their length. A model that isn't `streamable` plays the whole sound at once.

    Args:
        model: Any model that plays "audio".
        block_frames: Frames a block.

    Example:
        >>> from ddsp_tf import Instrument
        >>> player = BlockPlayer(Instrument.load("violin").model, block_frames=100)
        >>> note = {"f0_hz": np.full([250, 1], 440.0), "loudness_db": np.full([250, 1], -20.0)}
        >>> [len(block) for block in player.blocks(note)]
        [6400, 6400, 3200]
    """

    def __init__(self, model: Model, *, block_frames: int) -> None:
        self._model = model
        self._block_frames = block_frames
        # Nothing here depends on a tensor in Python, and autograph would take seconds to read it.
        self.play_block = tf.function(self._play_block, autograph=False)

    def blocks(self, inputs: Mapping[str, Any]) -> Iterator[FloatArray]:
        """Plays one sound.

        Args:
            inputs: What the model takes, encoded, without the axis of the batch: frames
                `[n_frames, width]`, audio `[n_samples]` or `[n_samples, n_channels]`.

        Yields:
            Float32 audio: `n_frames * hop_length` samples in all, with a second axis if the audio
            that came has one.

        Raises:
            ArgumentError: An input is missing, or lengths don't fit together.
        """
        arrays = {
            key: np.asarray(inputs[key], _dtype(signal))
            for key, signal in self._model.input_signals.items()
            if key in inputs
        }
        n_channels = _n_channels(arrays, self._model.input_signals)
        if not self._model.streamable:
            batch = {key: tf.constant(x[np.newaxis]) for key, x in arrays.items()}
            yield self._model(batch)["audio"].numpy()[0]
            return
        n_frames = self._n_frames(arrays)
        size = self._block_frames
        state = self._model.initial_state(n_channels or 1)
        for start in range(0, n_frames, size):
            block = {
                key: self._part(x, self._model.input_signals[key], start, n_channels or 1)
                for key, x in arrays.items()
            }
            audio, state = self.play_block(block, state)
            if n_channels:
                audio = unfold_channels(audio, n_channels)
            yield audio.numpy()[0, : min(size, n_frames - start) * self._model.hop_length]

    @only_played()
    def _play_block(self, block: dict[str, tf.Tensor], state: Any) -> tuple[tf.Tensor, Any]:
        outputs, following = self._model.stream(block, state, self._block_frames)
        return outputs["audio"], following

    def _n_frames(self, arrays: Mapping[str, FloatArray]) -> int:
        hop_length, signals = self._model.hop_length, self._model.input_signals
        counts = {
            key: len(x) if signals[key].kind == "frames" else -(-len(x) // hop_length)
            for key, x in arrays.items()
            if signals[key].kind in ("frames", "samples")
        }
        if not counts or len(set(counts.values())) > 1:
            listed = ", ".join(f"`{key}` {count}" for key, count in counts.items())
            raise ArgumentError(
                f"The model takes inputs of the same number of frames. Received {listed or 'none'}."
            )
        return next(iter(counts.values()))

    def _part(self, values: FloatArray, signal: Signal, start: int, n_rows: int) -> FloatArray:
        """A block of an input with the axis of the batch; beyond the end, frames are held."""
        if signal.kind == "frames":
            length = self._block_frames + self._model.lookahead_frames
            part = values[start : start + length]
            # One frame at least is there to hold, since a block begins before the end.
            held = np.repeat(values[-1:], length - len(part), axis=0)
            return np.repeat(np.concatenate([part, held])[np.newaxis], n_rows, axis=0)
        if signal.kind == "samples":
            hop_length = self._model.hop_length
            first, n_samples = start * hop_length, self._block_frames * hop_length
            part = values[first : first + n_samples]
            padding = [(0, n_samples - len(part))] + [(0, 0)] * (values.ndim - 1)
            block = np.pad(part, padding)
            return block[np.newaxis] if values.ndim == 1 else np.ascontiguousarray(block.T)
        return values if values.ndim == 0 else np.repeat(values[np.newaxis], n_rows, axis=0)


def _dtype(signal: Signal) -> type[np.generic]:
    return np.dtype(signal.dtype).type


def _n_channels(arrays: Mapping[str, FloatArray], signals: Mapping[str, Signal]) -> int:
    """Channels of the audio, or 0 if it has no axis for them."""
    for key, x in arrays.items():
        if signals[key].kind == "samples" and x.ndim == 2:
            return x.shape[1]
    return 0
