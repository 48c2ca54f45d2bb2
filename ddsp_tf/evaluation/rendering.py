"""Plays recordings of any length from their features, for evaluation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.features import Features
from ddsp_tf.models import BlockPlayer, Model

_CHUNK_S = 8.0


class Renderer:
    """Plays features with a model, in chunks if the model can, so that memory is bounded.

    All recordings go through one graph, traced once.

    Args:
        model: Any model that plays "audio".
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        chunk = round(_CHUNK_S * model.sample_rate / model.hop_length)
        self._player = BlockPlayer(model, block_frames=chunk)

    def __call__(self, features: Features, audio: np.ndarray) -> np.ndarray:
        """Plays one recording.

        Args:
            features: Of the recording.
            audio: The recording, for a model that listens to it.

        Returns:
            float32 `[n_frames * hop_length]`.
        """
        batch: dict[str, Any] = {
            name: tf.constant(value) for name, value in features.as_batch().items()
        }
        batch["audio"] = tf.constant(audio[np.newaxis], tf.float32)
        inputs: Mapping[str, Any] = self.model.encode(batch)
        return np.concatenate(list(self._player.blocks({k: x[0] for k, x in inputs.items()})))
