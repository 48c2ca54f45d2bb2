"""A model around another, which it plays as that one says."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.models import Model
from ddsp_tf.types import Signal


class WrappedModel(Model):
    """Takes what another model takes, at its rates; a subclass changes what comes out.

    Args:
        model: The other one.
        name: The model's name.
    """

    def __init__(self, model: Model, *, name: str) -> None:
        super().__init__(name=name)
        self.sample_rate, self.hop_length = model.sample_rate, model.hop_length
        self._model = model
        self.built = True

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The model's."""
        return self._model.input_signals

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """The model's."""
        return self._model.optional_input_names

    @property
    def why_not_streamable(self) -> str:
        """The model's reason."""
        return self._model.why_not_streamable

    @property
    def why_not_live(self) -> str:
        """The model's reason."""
        return self._model.why_not_live

    @property
    def lookahead_frames(self) -> int:
        """The model's."""
        return self._model.lookahead_frames

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """The model's."""
        return self._model.initial_state(batch_size)
