"""Plays recordings of any length from their features, for evaluation."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.features import Features

_CHUNK_S = 8.0


def render(model: keras.Model, features: Features, audio: np.ndarray) -> np.ndarray:
    """Plays features with a model, in chunks if the model can, so that memory is bounded.

    Args:
        model: An `Autoencoder`.
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
    inputs = model.encode({**inputs, "audio": tf.constant(audio[np.newaxis], tf.float32)})
    if not _can_stream(model):
        return model(inputs)["audio"][0].numpy()
    return _stream(model, inputs, features.n_frames)


def _can_stream(model: keras.Model) -> bool:
    return bool(model.decoder.causal and model.processor_group.streamable)


def _stream(model: keras.Model, inputs: dict[str, Any], n_frames: int) -> np.ndarray:
    chunk = min(n_frames, round(_CHUNK_S * model.sample_rate / model.hop_length))
    n_chunks = -(-n_frames // chunk)
    # Held to whole chunks and the look-ahead, so that one trace serves them all.
    missing = n_chunks * chunk - n_frames + model.lookahead_frames
    held = {name: _hold(value, missing) for name, value in inputs.items() if value.shape.rank == 3}
    play = tf.function(lambda block, state: model.stream(block, state, chunk), autograph=False)
    state = model.initial_state(1)
    played = []
    for start in range(0, n_chunks * chunk, chunk):
        end = start + chunk + model.lookahead_frames
        outputs, state = play({name: x[:, start:end] for name, x in held.items()}, state)
        played.append(outputs["audio"][0].numpy())
    return np.concatenate(played)[: n_frames * model.hop_length]


def _hold(frames: tf.Tensor, n_more: int) -> tf.Tensor:
    return tf.concat([frames, tf.repeat(frames[:, -1:], n_more, axis=1)], axis=1)
