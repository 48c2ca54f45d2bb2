"""How far pitch and loudness are from those of a recording."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found

_DB_RANGE, _MIDI_RANGE = 80.0, 127.0
_SURE = 0.5


@keras.saving.register_keras_serializable("ddsp_tf")
class ControlError:
    """Mean squares of the differences of pitch, as MIDI / 127, and of loudness, as dB / 80.

    Pitch counts where a note is held, the tracker is sure, and both are within a few semitones:
    farther off it heard another string, or another octave.

    Args:
        f0_weight: Of the pitch's term. A semitone is 6e-5 there, and 6 dB are 6e-3 of loudness.
        most_semitones: Beyond this distance pitch doesn't count.

    Raises:
        ArgumentError: A negative weight, or no distance.

    Example:
        >>> batch = {"f0_hz": tf.fill([1, 4, 1], 440.0), "f0_confidence": tf.ones([1, 4, 1]),
        ...          "loudness_db": tf.fill([1, 4, 1], -20.0)}
        >>> outputs = {"f0_midi": tf.fill([1, 4, 1], 69.5), "loudness_db": batch["loudness_db"] + 8,
        ...            "gate": tf.ones([1, 4, 1])}
        >>> terms = ControlError(f0_weight=1.0)(batch, outputs)
        >>> round(float(terms["f0"]) * 127**2, 3), round(float(terms["loudness"]), 3)
        (0.25, 0.01)

    Reference:
        Jonason, Sturm and Thomé 2020.
    """

    def __init__(self, *, f0_weight: float = 1.0, most_semitones: float = 2.0) -> None:
        if f0_weight < 0.0 or most_semitones <= 0.0:
            raise ArgumentError(
                "`f0_weight` should not be negative, and `most_semitones` above 0. Received "
                f"{f0_weight} and {most_semitones}."
            )
        self.f0_weight = f0_weight
        self.most_semitones = most_semitones

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms "f0" and "loudness"."""
        columns, made = "the columns of the batch", "the model's outputs"
        target_midi = dsp.hz_to_midi(found("f0_hz", batch, columns))
        apart = found("f0_midi", outputs, made) - target_midi
        counts = (
            (found("f0_confidence", batch, columns) > _SURE)
            & (found("gate", outputs, made) > 0.0)
            & (tf.abs(apart) < self.most_semitones)
        )
        counts = tf.cast(counts, tf.float32)
        square = tf.reduce_sum(counts * tf.square(apart / _MIDI_RANGE))
        louder_db = found("loudness_db", outputs, made) - found("loudness_db", batch, columns)
        return {
            "f0": self.f0_weight * square / tf.maximum(tf.reduce_sum(counts), 1.0),
            "loudness": tf.reduce_mean(tf.square(louder_db / _DB_RANGE)),
        }

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"f0_weight": self.f0_weight, "most_semitones": self.most_semitones}
