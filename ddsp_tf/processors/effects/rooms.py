"""Several rooms, of which one is the main one."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.effects.reverb import Reverb
from ddsp_tf.processors.processor import Controls
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Rooms(Reverb):
    """A `Reverb` with a response and a gain for each of several rooms.

    Recordings made in different rooms, heard through one response, teach it the mean of all, which
    is none of them. Here each has its own: that of the main room, and what differs in the others.
    What plays by itself plays in the main room, as a `Reverb` with its response does.

    Inputs: `audio` `[batch, n_samples]`. Optional: `room` `[batch, 1]`, the number of a room in
    `names`; without it, `chosen`. Controls: `audio`, with the room's gain,
    and `impulse_response`, `[impulse_response_length]`, or `[batch, impulse_response_length]` where
    `room` is given.

    Args:
        names: Of the rooms, at least one.
        main: Which of them is the main one; None: the first.
        chosen: Which of them sounds where none is named; None: the main one.
        impulse_response_length: Taps of each response, >= 2.
        add_dry: Whether the dry sound is added to the reverberated one.
        initial_scale: Standard deviation of the untrained responses.
        decay_s: As for `Reverb`.
        sample_rate: In Hz; a decay needs it.
        name: The processor's name.

    Raises:
        ArgumentError: No names, two that are the same, a main one that isn't among them, or as
            `Reverb`.

    Example:
        >>> rooms = Rooms(names=["hall", "studio"], impulse_response_length=800)
        >>> told = {"audio": tf.ones([2, 1600]), "room": tf.constant([[0.0], [1.0]])}
        >>> rooms(told).shape
        TensorShape([2, 1600])

    Reference:
        Engel et al. 2020, section 3.5 (one room, learned with the instrument).
    """

    optional_input_names = ("room",)

    def __init__(
        self,
        *,
        names: Sequence[str],
        main: str | None = None,
        chosen: str | None = None,
        impulse_response_length: int = 48000,
        add_dry: bool = True,
        initial_scale: float = 1e-6,
        decay_s: float | None = None,
        sample_rate: int | None = None,
        name: str = "reverb",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            impulse_response_length=impulse_response_length,
            add_dry=add_dry,
            initial_scale=initial_scale,
            decay_s=decay_s,
            sample_rate=sample_rate,
            name=name,
            **kwargs,
        )
        self.names = tuple(names)
        if not self.names or len(set(self.names)) < len(self.names):
            raise ArgumentError(
                "`names` should be one or more rooms, each with a name of its own. Received "
                f"{list(names)}."
            )
        self.main = self.names[0] if main is None else main
        self.chosen = self.main if chosen is None else chosen
        for each in (self.main, self.chosen):
            self.number(each)
        self.differences = self.gains = None
        others = len(self.names) - 1
        if others:
            self.differences = self.add_weight(
                name="differences",
                shape=[others, impulse_response_length],
                initializer=keras.initializers.RandomNormal(stddev=initial_scale),
            )
            self.gains = self.add_weight(name="gains", shape=[others, 1], initializer="zeros")

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """One channel at a time, and the number of its room."""
        return {**super().input_signals, "room": Signal("value", low=0.0)}

    def number(self, name: str) -> int:
        """Gives the number of a room.

        Raises:
            ArgumentError: There is none of this name.
        """
        if name not in self.names:
            raise ArgumentError(
                f"There is no room {name!r}. The rooms are: {', '.join(self.names)}."
            )
        return self.names.index(name)

    def in_room(self, name: str) -> "Rooms":
        """Gives a copy, weights included, of which this room sounds where none is named.

        Raises:
            ArgumentError: There is none of this name.
        """
        self.number(name)
        copied = Rooms.from_config({**self.get_config(), "chosen": name})
        copied.set_weights(self.get_weights())
        return copied

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Chooses the response, silences its first tap, and turns the audio up or down."""
        controls = super().controls(inputs)
        if len(self.names) == 1:
            return controls
        if "room" in inputs:
            rooms = tf.cast(tf.round(tf.reshape(inputs["room"], [-1])), tf.int32)
        elif self.chosen == self.main:
            return controls
        else:
            rooms = tf.constant([self.number(self.chosen)])
        differences, gains = (
            tf.gather(self._with_none_for_main(tf.convert_to_tensor(each)), rooms)
            for each in (self.differences, self.gains)
        )
        response = controls["impulse_response"] + tf.pad(
            (differences * self._decay())[:, 1:], [[0, 0], [1, 0]]
        )
        if "room" not in inputs:
            response = response[0]  # of all examples
        return {"audio": tf.exp(gains) * controls["audio"], "impulse_response": response}

    def _with_none_for_main(self, values: tf.Tensor) -> tf.Tensor:
        """Of all rooms: those of the others, and zeros for the main one."""
        place, none = self.number(self.main), tf.zeros([1, values.shape[1]])
        return tf.concat([values[:place], none, values[place:]], axis=0)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        own = {"names": list(self.names), "main": self.main, "chosen": self.chosen}
        return {**super().get_config(), **own}
