"""What an instrument's body does to the partials that are played into it."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_LOWEST_MIDI, _STEP_SEMITONES, _N_POINTS = 24.0, 2.0, 60


@keras.saving.register_keras_serializable("ddsp_tf")
class Bodies(keras.layers.Layer):
    """A level for each partial of each instrument, and one for the frequency at which it lies.

    A string or a reed is told from another by the partials that it has, whatever the note; a body
    by the frequencies at which it resonates, whatever partial is there. The first is a number for
    each level, partials and bands of noise; the second a curve over pitch, of 60 points two
    semitones apart from 33 Hz on, which is read where each partial lies. Both begin at 0.

    Args:
        n_instruments: How many it knows.
        n_levels: Levels of a frame.
        n_partials: How many of them, the first, are partials.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1, or more partials than levels.

    Example:
        >>> bodies = Bodies(2, n_levels=5, n_partials=3)
        >>> bodies(tf.constant([[1.0]]), tf.fill([1, 4, 1], 69.0)).shape
        TensorShape([1, 4, 5])

    Reference:
        Fletcher and Rossing 1998, "The physics of musical instruments", section 10.3 (a body is a
        filter of what the string plays).
    """

    def __init__(
        self,
        n_instruments: int,
        *,
        n_levels: int,
        n_partials: int,
        name: str = "bodies",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(n_instruments, n_partials) < 1 or n_partials > n_levels:
            raise ArgumentError(
                "`n_instruments` and `n_partials` should be at least 1, and `n_levels` as many as "
                f"`n_partials`. Received {n_instruments}, {n_partials} and {n_levels}."
            )
        self.n_instruments, self.n_levels, self.n_partials = n_instruments, n_levels, n_partials
        self.levels = self.add_weight(
            name="levels", shape=(n_instruments, n_levels), initializer="zeros"
        )
        self.curves = self.add_weight(
            name="curves", shape=(n_instruments, _N_POINTS), initializer="zeros"
        )
        self.built = True

    def call(self, instrument: tf.Tensor, midi: tf.Tensor) -> tf.Tensor:
        """Gives what is added to the levels of an instrument.

        Args:
            instrument: `[batch, 1]`, counted from 0.
            midi: Pitch, `[batch, n_frames, 1]`.

        Returns:
            `[batch, n_frames, n_levels]`, in the unit that the weights learn.
        """
        players = tf.cast(instrument[:, 0], tf.int32)
        multiples = tf.range(1, self.n_partials + 1, dtype=tf.float32)
        partial_midi = midi + 12.0 * tf.math.log(multiples) / tf.math.log(2.0)
        place = (partial_midi - _LOWEST_MIDI) / _STEP_SEMITONES
        place = tf.clip_by_value(place, 0.0, _N_POINTS - 1.001)
        below = tf.floor(place)
        share = place - below
        index = tf.cast(below, tf.int32)
        curves = tf.gather(self.curves, players)
        of_body = (1.0 - share) * tf.gather(curves, index, batch_dims=1) + share * tf.gather(
            curves, index + 1, batch_dims=1
        )
        of_body = tf.pad(of_body, [[0, 0], [0, 0], [0, self.n_levels - self.n_partials]])
        return of_body + tf.gather(self.levels, players)[:, tf.newaxis]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("n_instruments", "n_levels", "n_partials")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
