"""What a decoder must offer."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf


class Decoder(keras.layers.Layer):
    """A network that maps scaled features to the raw controls of a processor group.

    Subclasses set `input_keys`, and implement `build_for`, `initial_state` and
    `call`, which takes and returns a state so that a sound can be made in blocks.
    """

    input_keys: tuple[str, ...]
    """What it reads: "f0_scaled", "loudness_scaled", "z", or a column by its own name."""

    output_sizes: dict[str, int] | None = None
    """Channels of each control that it makes, in order.

    None: a model sets what its processor group asks for (`ProcessorGroup.control_sizes`), before it
    calls `build_for`.
    """

    db_per_unit: float | None = None
    """By how much 1 more in `amplitudes` and `noise_magnitudes` is louder, where the sound is soft.

    None: it depends on more than these.
    """

    causal: bool = True
    """Whether a frame depends on no later one."""

    @property
    def parts(self) -> list[keras.layers.Layer]:
        """The layers inside, those with a switch `jit_compile` among them."""
        return self._flatten_layers(include_self=False)

    def build_for(self, input_channels: Mapping[str, int]) -> None:
        """Makes the weights, given the channels of each feature."""
        raise NotImplementedError

    def initial_state(self, batch_size: int | tf.Tensor) -> Any:
        """Gives the state before the first frame."""
        raise NotImplementedError

    def call(self, inputs: Mapping[str, tf.Tensor], state: Any) -> tuple[dict[str, Any], Any]:
        """Decodes frames `[batch, n_frames, channels]`, and gives the state after them."""
        raise NotImplementedError
