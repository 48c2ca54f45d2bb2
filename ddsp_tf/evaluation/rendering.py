"""Plays recordings of any length from their features, for evaluation."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.features import Features

_CHUNK_S = 8.0


class Renderer:
    """Plays features with a model, in chunks if the model can, so that memory is bounded.

    All recordings go through one graph, traced once.

    Args:
        model: An `Autoencoder`.
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model
        # Traced anew for another chunk alone.
        self._play = tf.function(model.stream, autograph=False) if self._in_chunks else None

    @property
    def _in_chunks(self) -> bool:
        return bool(self.model.decoder.causal and self.model.processor_group.streamable)

    def __call__(self, features: Features, audio: np.ndarray) -> np.ndarray:
        """Plays one recording.

        Args:
            features: Of the recording.
            audio: The recording, which only a model with an encoder listens to.

        Returns:
            float32 `[n_frames * hop_length]`.
        """
        inputs: dict[str, Any] = {
            name: tf.constant(value)
            for name, value in features.as_batch().items()
            if name != "f0_confidence"
        }
        inputs = self.model.encode({**inputs, "audio": tf.constant(audio[np.newaxis], tf.float32)})
        if self._play is None:
            return self.model(inputs)["audio"][0].numpy()
        return self._stream(self._play, inputs, features.n_frames)

    def _stream(self, play: Any, inputs: dict[str, Any], n_frames: int) -> np.ndarray:
        chunk = round(_CHUNK_S * self.model.sample_rate / self.model.hop_length)
        ahead = self.model.lookahead_frames
        n_chunks = -(-n_frames // chunk)
        # Held to whole chunks and the look-ahead, so that one trace serves them all.
        missing = n_chunks * chunk - n_frames + ahead
        held = {k: _hold(value, missing) for k, value in inputs.items() if value.shape.rank == 3}
        state = self.model.initial_state(1)
        played = []
        for start in range(0, n_chunks * chunk, chunk):
            block = {name: x[:, start : start + chunk + ahead] for name, x in held.items()}
            outputs, state = play(block, state, chunk)
            played.append(outputs["audio"][0].numpy())
        return np.concatenate(played)[: n_frames * self.model.hop_length]


def _hold(frames: tf.Tensor, n_more: int) -> tf.Tensor:
    return tf.concat([frames, tf.repeat(frames[:, -1:], n_more, axis=1)], axis=1)
