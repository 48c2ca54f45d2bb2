"""The learned waveshaper: a curve that is a small network of sines."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.waveshaping import sine_network
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.shaper import Shaper


@keras.saving.register_keras_serializable("ddsp_tf")
class LearnedWaveshaper(Shaper):
    """Bends every sample by a curve that training finds.

    Inputs: as `Shaper`: `audio`, `drive_db`, `bias` (the affine change before the curve) and
    `level_db`. The curve is a network of one input and one output, whose layers end in sines,
    beside the sound itself: it begins as the identity. Its weights are the processor's.

    Args:
        n_units: Width of the layers.
        n_layers: Layers of sines, at least 1.
        frequency_scale: Of the first layer: how bent the curve may be at the start.
        name: The processor's name.
        **kwargs: As for `Shaper`: `oversampling`.

    Raises:
        ArgumentError: A count below 1, or what `Shaper` refuses.

    Example:
        >>> tone = 0.5 * tf.sin(0.1 * tf.range(400.0))[tf.newaxis]
        >>> shaper = LearnedWaveshaper(oversampling=1)
        >>> bool(tf.reduce_max(tf.abs(shaper({"audio": tone}) - tone)) < 1e-6)
        True

    Reference:
        Hayes, Saitis and Fazekas 2021, "Neural waveshaping synthesis", section 3.1; Sitzmann et al.
        2020, "Implicit neural representations with periodic activation functions" (how its weights
        begin).
    """

    def __init__(
        self,
        *,
        n_units: int = 8,
        n_layers: int = 3,
        frequency_scale: float = 3.0,
        name: str = "learned_waveshaper",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(n_units, n_layers) < 1:
            raise ArgumentError(
                f"`n_units` and `n_layers` should be at least 1. Got {n_units} and {n_layers}."
            )
        self.n_units = n_units
        self.n_layers = n_layers
        self.frequency_scale = frequency_scale
        self._sines = []
        for number in range(n_layers):
            n_in = n_units if number else 1
            reach = math.sqrt(6.0 / n_in) if number else frequency_scale
            matrix = self._weight(f"layer_{number}_matrix", [n_in, n_units], reach)
            self._sines.append(
                (matrix, self._weight(f"layer_{number}_offsets", [n_units], math.pi))
            )
        # Zeros: the curve begins as the identity.
        self._last = self.add_weight(name="last", shape=[n_units, 1], initializer="zeros")

    def bend(self, values: tf.Tensor, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the curve at any values `[batch, any]`, to be drawn or tabulated too."""
        del controls
        layers = [
            tuple(tf.convert_to_tensor(x)[tf.newaxis] for x in layer) for layer in self._sines
        ]
        last = tf.convert_to_tensor(self._last)[tf.newaxis, :, 0]
        return values + sine_network(values[..., tf.newaxis], layers, last)[..., 0]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_units": self.n_units,
            "n_layers": self.n_layers,
            "frequency_scale": self.frequency_scale,
        }

    def _weight(self, name: str, shape: list[int], reach: float) -> Any:
        initializer = keras.initializers.RandomUniform(-reach, reach)
        return self.add_weight(name=name, shape=shape, initializer=initializer)
