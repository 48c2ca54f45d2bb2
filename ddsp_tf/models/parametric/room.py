"""A reverb whose parameters are found, from its impulse response or from pairs."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.parametric.parametric import Parametric
from ddsp_tf.types import FloatArray, Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Room(Parametric):
    """A `Parametric` of rooms that plays its impulse response where no dry sound comes.

    So it is found from a measured response alone (`inference.match`), or from a sound before and
    in the room. Arguments as for `Parametric`; the group takes `audio`.

    Example:
        >>> from ddsp_tf.processors import DecayingNoiseReverb, ProcessorGroup
        >>> room = DecayingNoiseReverb(length_s=0.5, add_dry=False, sample_rate=48000)
        >>> group = ProcessorGroup(dag=[(room, ["audio", "t60_s", "gains_db"])])
        >>> model = Room(processor_group=group, hop_length=192)
        >>> model({"audio": tf.zeros([1, 24000])})["audio"].shape
        TensorShape([1, 24000])
    """

    optional_input_names = ("dry",)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound in the room, which says how long to play, and the one before, if any."""
        return {**super().input_signals, "audio": Signal("samples", width=None)}

    @property
    def required_input_names(self) -> tuple[str, ...]:
        """One of the sounds is enough."""
        return tuple(key for key in super().required_input_names if key != "audio")

    @property
    def encoded_signals(self) -> Mapping[str, Signal]:
        """A click at the least."""
        return {key: x for key, x in self.input_signals.items() if key != "audio"}

    def encode(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Puts a click where no dry sound comes."""
        if "dry" not in batch and "audio" not in batch:
            raise ArgumentError(
                "The room needs `dry`, or `audio` for how long its response is to be played. "
                f"Received: {', '.join(batch) or 'nothing'}."
            )
        if "dry" not in batch:
            audio = tf.convert_to_tensor(batch["audio"])
            click = tf.concat([tf.ones_like(audio[:, :1]), tf.zeros_like(audio[:, 1:])], axis=1)
            batch = {**batch, "dry": click}
        return super().encode({key: x for key, x in batch.items() if key != "audio"})

    def begin(self, target: FloatArray, dry: FloatArray | None = None) -> None:
        """Moves the constants to what an analysis of an impulse response says.

        Args:
            target: The response, `[n_samples]`.
            dry: The sound before it; with one, `target` is no response, and nothing moves.
        """
        if dry is not None:
            return
        names = self.constant_names
        for room in self.processor_group.processors:
            if hasattr(room, "estimate"):
                found = room.estimate(np.asarray(target, np.float64))
                known = {key: value for key, value in found.items() if key in names}
                self.set_parameters(known)
