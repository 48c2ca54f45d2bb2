"""What sources of a voice have in common: partials of one pitch, beside noise that is seeded."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State, optional_inputs
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal


class VoiceSource(Synthesizer):
    """Plays partials of one pitch and noise; what is common to the kinds of it.

    The state is the phase of the pitch and the place in the noise. Subclasses say their
    `control_signals`, which are passed on as they are, and implement `stream`.

    Args:
        n_harmonics: Partials, >= 1.
        seed: Of the noise, where the input `noise_seed` gives none.

    Raises:
        ArgumentError: No partial.
    """

    optional_input_names = ("noise_seed",)

    def __init__(self, *, n_harmonics: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        self.n_harmonics = n_harmonics
        self.seed = seed

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The controls, and `noise_seed`, an integer."""
        return {**self.control_signals, "noise_seed": Signal("value", dtype="int32")}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes them on."""
        named = {key: tf.cast(inputs[key], tf.float32) for key in self.control_signals}
        return {**named, **optional_inputs(self, inputs)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns, and the place in the noise."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64), "frame": tf.zeros([], tf.int64)}

    def _noise(
        self,
        controls: Mapping[str, Any],
        state: State,
        level: tf.Tensor,
        n_frames: int | tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Uniform noise from -1 to 1, times a level.

        Args:
            controls: Which may have a seed.
            state: Before the block.
            level: `[batch, n_frames + 1, 1]` or `[batch, n_frames, 1]`.
            n_frames: Of the block.

        Returns:
            `[batch, n_samples]`, and the `frame` of the state after it.
        """
        noise = dsp.uniform_noise(
            tf.shape(level)[0],
            n_frames * self.hop_length,
            seed=controls.get("noise_seed", self.seed),
            start=state["frame"] * self.hop_length,
        )
        at_samples = dsp.resample_envelope(level, hop_length=self.hop_length)[..., 0]
        following = (state["frame"] + tf.cast(n_frames, tf.int64)) % 2**32
        return noise * at_samples[:, : tf.shape(noise)[1]], following

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_harmonics": self.n_harmonics, "seed": self.seed}
