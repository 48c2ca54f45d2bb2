"""Voices of one instrument, played at once in one room."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import tensorflow as tf

from ddsp_tf.inference.wrapped_model import WrappedModel
from ddsp_tf.models import Model
from ddsp_tf.types import Signal


class Choir(WrappedModel):
    """So many voices of a model, side by side in the last axis, summed.

    What the model takes as frames `[batch, n_frames, width]` this takes as `[batch, n_frames,
    n_voices * width]`, the first voice first. Inside they are rows of the batch, so that voices
    cost what a larger batch costs. The model has to take frames alone.

    Args:
        model: Plays one voice; streamable.
        n_voices: How many, >= 1.

    Example:
        >>> from ddsp_tf import Instrument
        >>> choir = Choir(Instrument.load("violin").model.without_rooms(), 2)
        >>> f0_hz = tf.constant([[[440.0, 660.0]] * 25])
        >>> choir({"f0_hz": f0_hz, "loudness_db": 0.0 * f0_hz - 20.0})["audio"].shape
        TensorShape([1, 1600])
    """

    def __init__(self, model: Model, n_voices: int) -> None:
        super().__init__(model, name="choir")
        self.n_voices = n_voices

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The model's, so many times as wide."""
        return {
            key: replace(
                signal, width=None if signal.width is None else signal.width * self.n_voices
            )
            for key, signal in self._model.input_signals.items()
        }

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays whole sounds."""
        folded = {key: self._fold(x) for key, x in batch.items() if key in self.input_signals}
        return {"audio": self._summed(self._model(folded, training=training)["audio"])}

    def encode(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Encodes every voice as the model does."""
        folded = {key: self._fold(x) for key, x in batch.items() if key in self.input_signals}
        return {key: self._unfold(x) for key, x in self._model.encode(folded).items()}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """A state for every voice."""
        return self._model.initial_state(batch_size * self.n_voices)

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of every voice."""
        folded = {key: self._fold(x) for key, x in inputs.items()}
        outputs, following = self._model.stream(folded, state, n_frames)
        return {"audio": self._summed(outputs["audio"])}, following

    def _fold(self, values: Any) -> tf.Tensor:
        """`[batch, n_frames, n_voices * width]` as `[batch * n_voices, n_frames, width]`."""
        x = tf.convert_to_tensor(values)
        n_frames, width = tf.shape(x)[1], x.shape[-1] // self.n_voices
        split = tf.reshape(x, [-1, n_frames, self.n_voices, width])
        return tf.reshape(tf.transpose(split, [0, 2, 1, 3]), [-1, n_frames, width])

    def _unfold(self, x: tf.Tensor) -> tf.Tensor:
        n_frames, width = tf.shape(x)[1], x.shape[-1]
        split = tf.reshape(x, [-1, self.n_voices, n_frames, width])
        return tf.reshape(tf.transpose(split, [0, 2, 1, 3]), [-1, n_frames, self.n_voices * width])

    def _summed(self, audio: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.reshape(audio, [-1, self.n_voices, tf.shape(audio)[1]]), axis=1)
