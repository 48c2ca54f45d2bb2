"""A model that is played while its inputs are being made."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tensorflow as tf

if TYPE_CHECKING:
    from ddsp_tf.models.model import Model
from ddsp_tf.types import Signal


class Delayed:
    """Plays a model later by its `lookahead_frames`, so that it is given every frame once.

    What is only looked ahead at waits in the state, under "ahead".

    Args:
        model: A model that can be played live (`why_not_live` is "").
    """

    def __init__(self, model: "Model") -> None:
        self.model = model
        self._n_ahead = model.lookahead_frames

    @property
    def input_signals(self) -> dict[str, Signal]:
        """What comes as it is made: frames and audio."""
        signals = self.model.encoded_signals
        return {key: x for key, x in signals.items() if x.kind in ("frames", "samples")}

    def initial_state(self, batch_size: int) -> dict[str, Any]:
        """Gives the state before the first frame, a nested dict of tensors."""
        ahead = self._waiting(batch_size)
        return {"model": self.model.initial_state(batch_size), "ahead": ahead}

    def take_in(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int
    ) -> dict[str, Any]:
        """Takes frames in without playing: at first, `lookahead_frames` of them."""
        joined = self._joined(inputs, state)
        return {**state, "ahead": self._after(joined, n_frames)}

    def play(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int
    ) -> tuple[tf.Tensor, dict[str, Any]]:
        """Takes in a block, and plays as many frames, `lookahead_frames` older ones.

        Args:
            inputs: Frames `[batch, n_frames, width]`, audio `[batch, n_frames * hop_length]`.
            state: As `initial_state`, `take_in` or the previous block gave.
            n_frames: Frames that come and go.

        Returns:
            Audio `[batch, n_frames * hop_length]`, and the state for the next block.
        """
        joined = self._joined(inputs, state)
        outputs, following = self.model.stream(
            self._now(joined, n_frames), state["model"], n_frames
        )
        return outputs["audio"], {"model": following, "ahead": self._after(joined, n_frames)}

    def _waiting(self, batch_size: int) -> dict[str, tf.Tensor]:
        """Frames and audio before the first, by name: nothing has come yet."""
        n_samples = self._n_ahead * self.model.hop_length
        return {
            key: tf.zeros([batch_size, self._n_ahead, signal.width or 1])
            if signal.kind == "frames"
            else tf.zeros([batch_size, n_samples])
            for key, signal in self.input_signals.items()
        }

    def _joined(self, inputs: Mapping[str, Any], state: dict[str, Any]) -> dict[str, Any]:
        return {
            key: tf.concat([x, tf.cast(inputs[key], tf.float32)], axis=1)
            for key, x in state["ahead"].items()
        }

    def _now(self, joined: Mapping[str, Any], n_frames: int) -> dict[str, Any]:
        """Audio goes as far as is played, frames as far as is known."""
        n_samples = n_frames * self.model.hop_length
        return {key: x[:, :n_samples] if self._is_audio(key) else x for key, x in joined.items()}

    def _after(self, joined: Mapping[str, Any], n_frames: int) -> dict[str, Any]:
        """What waits for the next block."""
        hop_length = self.model.hop_length
        return {
            key: x[:, n_frames * (hop_length if self._is_audio(key) else 1) :]
            for key, x in joined.items()
        }

    def _is_audio(self, key: str) -> bool:
        signal = self.input_signals.get(key)
        return signal is not None and signal.kind == "samples"
