"""Pitch that moves as far as the spectrum does."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found

_MADE = "the model's outputs"


@keras.saving.register_keras_serializable("ddsp_tf")
class PitchShiftConsistency:
    """Huber's loss of how far the pitch of a moved spectrum is from where it should have moved.

    With the outputs `log2_f0`, `log2_f0_shifted` and `shift_octaves`, the error is
    `log2_f0_shifted - log2_f0 - shift_octaves`: a spectrum moved up by d bins at 24 an octave is
    d / 24 octaves higher. The loss is `e^2 / (2 delta)` up to `delta`, and `|e| - delta / 2`
    beyond. Frames that would leave the range of pitches don't count.

    Args:
        delta: In octaves, where the loss becomes linear, > 0.
        weight: Of the term, >= 0.
        lowest_hz: Of the range of pitches.
        highest_hz: Of the range of pitches, above it.

    Raises:
        ArgumentError: A value is outside what is stated above.

    Example:
        >>> outputs = {"log2_f0": tf.fill([1, 3, 1], 7.0), "shift_octaves": tf.fill([1, 1, 1], 0.5),
        ...            "log2_f0_shifted": tf.fill([1, 3, 1], 7.75)}
        >>> terms = PitchShiftConsistency(delta=0.25)({}, outputs)
        >>> {name: float(x) for name, x in terms.items()}
        {'pitch_shift': 0.125}

    Reference:
        Choi et al. 2022, NANSY++, the self-supervised loss of the pitch encoder; frames without
        voice count as others do.
    """

    def __init__(
        self,
        *,
        delta: float = 0.05,
        weight: float = 1.0,
        lowest_hz: float = 50.0,
        highest_hz: float = 1000.0,
    ) -> None:
        if not delta > 0 or weight < 0 or not 0 < lowest_hz < highest_hz:
            raise ArgumentError(
                "`delta` should be above 0, `weight` not negative, and 0 < `lowest_hz` < "
                f"`highest_hz`. Received {delta}, {weight}, {lowest_hz} and {highest_hz}."
            )
        self.delta, self.weight = delta, weight
        self.lowest_hz, self.highest_hz = lowest_hz, highest_hz

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the term "pitch_shift".

        Raises:
            ArgumentError: The model lacks an output.
        """
        del batch
        here, moved, shift = (
            found(key, outputs, _MADE) for key in ("log2_f0", "log2_f0_shifted", "shift_octaves")
        )
        size = tf.abs(moved - here - shift)
        huber = tf.where(size <= self.delta, 0.5 * size**2 / self.delta, size - 0.5 * self.delta)
        goal = tf.stop_gradient(here + shift)
        counts = (goal >= math.log2(self.lowest_hz)) & (goal <= math.log2(self.highest_hz))
        counts = tf.cast(counts, tf.float32)
        mean = tf.reduce_sum(counts * huber) / tf.maximum(tf.reduce_sum(counts), 1.0)
        return {"pitch_shift": self.weight * mean}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("delta", "weight", "lowest_hz", "highest_hz")
        return {key: getattr(self, key) for key in keys}
