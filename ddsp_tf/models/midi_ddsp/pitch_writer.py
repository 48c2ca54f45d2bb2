"""The pitch of notes, written step by step as one of many bins."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.nn import Gru

N_BINS = 201
BIN_SEMITONES = 0.01
_MOST_SEMITONES = 1.0


def to_bins(semitones: tf.Tensor) -> tf.Tensor:
    """Gives the nearest bin of a distance from the note, int32; beyond a semitone the last one.

    Example:
        >>> to_bins(tf.constant([-1.0, 0.0, 0.006, 3.0])).numpy().tolist()
        [0, 100, 101, 200]
    """
    within = tf.clip_by_value(semitones, -_MOST_SEMITONES, _MOST_SEMITONES)
    return tf.cast(tf.round((within + _MOST_SEMITONES) / BIN_SEMITONES), tf.int32)


def to_semitones(bins: tf.Tensor) -> tf.Tensor:
    """Gives the distance from the note that a bin stands for."""
    return tf.cast(bins, tf.float32) * BIN_SEMITONES - _MOST_SEMITONES


def sample_likeliest(logits: tf.Tensor, seed: tf.Tensor, *, top_p: float) -> tf.Tensor:
    """Draws a bin among the likeliest that together have a chance of `top_p`.

    Args:
        logits: `[batch, n_bins]`.
        seed: Two integers.
        top_p: Above 0, up to 1; near 0 the likeliest is taken.

    Returns:
        `[batch]`, int32.

    Example:
        >>> logits = tf.math.log([[0.6, 0.3, 0.1]])
        >>> {int(sample_likeliest(logits, [0, i], top_p=0.8)[0]) for i in range(50)}
        {0, 1}

    Reference:
        Holtzman et al. 2020, "The curious case of neural text degeneration", section 3.1.
    """
    order = tf.argsort(logits, direction="DESCENDING", axis=-1)
    ordered = tf.gather(logits, order, batch_dims=1)
    chances = tf.nn.softmax(ordered)
    before = tf.cumsum(chances, axis=-1, exclusive=True)
    kept = tf.where(before < top_p, ordered, tf.fill(tf.shape(ordered), -np.inf))
    place = tf.random.stateless_categorical(kept, 1, seed, dtype=tf.int32)
    return tf.gather(order, place, batch_dims=1)[:, 0]


@keras.saving.register_keras_serializable("ddsp_tf")
class PitchWriter(keras.layers.Layer):
    """Two GRUs that are told the pitch of the step before, and give the chances of 201 bins.

    Bins are hundredths of a semitone, a semitone to either side of the note; the nearest is taken.

    Args:
        units: Of each GRU.
        name: The layer's name.

    Reference:
        Wu et al. 2022, "MIDI-DDSP", section 3.3.
    """

    def __init__(self, units: int = 256, *, name: str = "pitch_writer", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.units = units
        self.layers = [Gru(units, name=f"gru_{i}") for i in range(2)]
        self.head = keras.layers.Dense(N_BINS, name="head")

    def build(self, input_shape: Any) -> None:
        """Makes the weights for what is read, of `input_shape[-1]` channels."""
        self.layers[0].build((None, None, input_shape[-1] + 1))
        self.layers[1].build((None, None, self.units))
        self.head.build((None, None, self.units))
        self.built = True

    def call(self, read: tf.Tensor, semitones: tf.Tensor) -> tf.Tensor:
        """Gives the chances of every step, told the true pitch of those before.

        Args:
            read: What is known of every step, `[batch, n_steps, n_channels]`.
            semitones: True distance from the note, `[batch, n_steps, 1]`.

        Returns:
            Logits `[batch, n_steps, 201]`.
        """
        before = tf.pad(semitones[:, :-1], [[0, 0], [1, 0], [0, 0]])
        hidden = tf.concat([read, before], axis=-1)
        for layer in self.layers:
            hidden, _ = layer(hidden)
        return self.head(hidden)

    def write(self, read: tf.Tensor, *, seed: int | tf.Tensor, top_p: float) -> tf.Tensor:
        """Draws the pitch of every step after those that were drawn before.

        Args:
            read: As for a call.
            seed: The same gives the same.
            top_p: See `sample_likeliest`.

        Returns:
            Distance from the note in semitones, -1 to 1, `[batch, n_steps, 1]`.
        """
        batch_size = tf.shape(read)[0]

        def step(state: Any, at: Any) -> Any:
            context, number = at
            before, first, second = state
            hidden = tf.concat([context, before], axis=-1)[:, tf.newaxis]
            hidden, first = self.layers[0](hidden, first)
            hidden, second = self.layers[1](hidden, second)
            logits = self.head(hidden)[:, 0]
            drawn = sample_likeliest(logits, tf.stack([seed, number]), top_p=top_p)
            return to_semitones(drawn)[:, tf.newaxis], first, second

        states = [layer.initial_state(batch_size) for layer in self.layers]
        steps = (tf.transpose(read, [1, 0, 2]), tf.range(tf.shape(read)[1]))
        written = tf.scan(step, steps, (tf.zeros([batch_size, 1]), *states))[0]
        return tf.transpose(written, [1, 0, 2])

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "units": self.units}
