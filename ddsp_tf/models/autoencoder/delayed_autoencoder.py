"""An autoencoder that is played while its features are being made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from ddsp_tf.models.delayed import Delayed

if TYPE_CHECKING:
    from ddsp_tf.models.autoencoder.autoencoder import Autoencoder


class DelayedAutoencoder(Delayed):
    """Plays as `Delayed` does, but lets decoded frames wait: the decoder sees each frame once.

    Args:
        model: A model without encoder, whose decoder reads no later frame.
    """

    model: "Autoencoder"

    def __init__(self, model: "Autoencoder") -> None:
        super().__init__(model)
        self._group = model.processor_group.for_live(model.hop_length)

    def initial_state(self, batch_size: int) -> dict[str, Any]:
        """Gives the state before the first frame, a nested dict of tensors."""
        ahead = self._waiting(batch_size)
        for key, size in (self.model.decoder.output_sizes or {}).items():
            ahead[key] = tf.zeros([batch_size, self._n_ahead, size])
        return {
            "decoder": self.model.decoder.initial_state(batch_size),
            "ahead": ahead,
            "processors": self._group.initial_state(batch_size),
        }

    def take_in(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int
    ) -> dict[str, Any]:
        """Takes frames in without playing: at first, `lookahead_frames` of them."""
        joined, decoder = self._decoded(inputs, state)
        return {**state, "decoder": decoder, "ahead": self._after(joined, n_frames)}

    def play(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int
    ) -> tuple[tf.Tensor, dict[str, Any]]:
        """Takes in a block, and plays as many frames, `lookahead_frames` older ones."""
        joined, decoder = self._decoded(inputs, state)
        now = self._now(joined, n_frames)
        outputs, processors = self._group.play(now, state["processors"], n_frames)
        ahead = self._after(joined, n_frames)
        following = {"decoder": decoder, "ahead": ahead, "processors": processors}
        return outputs["signal"], following

    def _decoded(
        self, inputs: Mapping[str, Any], state: dict[str, Any]
    ) -> tuple[dict[str, Any], Any]:
        raw_controls, decoder = self.model.decode(inputs, state["decoder"])
        return self._joined({**inputs, **raw_controls}, state), decoder
