"""What an encoder must offer."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.types import Signal


class Encoder(keras.layers.Layer):
    """A network that gives z, what a decoder is told besides pitch and loudness.

    Subclasses set `n_z` and `input_signals`, and implement `encode`.
    """

    n_z: int
    """Numbers of z."""

    input_signals: Mapping[str, Signal]
    """What it makes z of, by column; any one of them is enough."""

    why_not_live: str = "its encoder makes `z` from the whole recording"
    """Why z isn't known while a sound is still being made, or "" if it is."""

    def build(self, input_shape: Any) -> None:
        """Does nothing: all weights exist already."""
        del input_shape
        self.built = True

    def encode(
        self,
        inputs: Mapping[str, tf.Tensor],
        *,
        n_frames: int | tf.Tensor,
        hop_length: int,
        noise_seed: Any = None,
    ) -> tf.Tensor:
        """Gives z for each frame.

        Args:
            inputs: Some of `input_signals`.
            n_frames: Frames of the model.
            hop_length: Samples between them.
            noise_seed: While it is trained: of what is left to chance, an integer. None: it isn't.

        Returns:
            `[batch, n_frames, n_z]`.
        """
        raise NotImplementedError
