"""From notes to how they are played."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.midi import EXPRESSION_FIELDS
from ddsp_tf.nn import BiGru, Gru

_N_FIELDS = len(EXPRESSION_FIELDS)
_N_KEYS = 128
_LONGEST_S = 4.0


@keras.saving.register_keras_serializable("ddsp_tf")
class ExpressionGenerator(keras.layers.Layer):
    """Gives each note six numbers, one note after the other.

    Pitch and instrument are embedded, length and the gap before the note go through a dense layer,
    and so does the velocity, where it is known; a bidirectional GRU reads the notes, and two GRUs,
    which are told the numbers of the note before, write.

    Args:
        n_instruments: How many it knows.
        units: Of the GRUs.
        embedding: Width of each embedding.
        dropout: Share of the numbers of the note before that are hidden while it is trained.
        hidden_velocity: Share of the examples whose velocities are, so that it plays scores without
            dynamics too.
        name: The layer's name.

    Raises:
        ArgumentError: A number is out of its range.

    Reference:
        Wu et al. 2022, "MIDI-DDSP", section 3.4 and appendix; it knows no velocities there.
    """

    def __init__(
        self,
        *,
        n_instruments: int = 1,
        units: int = 128,
        embedding: int = 64,
        dropout: float = 0.5,
        hidden_velocity: float = 0.5,
        name: str = "expression_generator",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(n_instruments, units, embedding) < 1:
            raise ArgumentError(
                "`n_instruments`, `units` and `embedding` should be at least 1. Received "
                f"{n_instruments}, {units} and {embedding}."
            )
        for key, share in (("dropout", dropout), ("hidden_velocity", hidden_velocity)):
            if not 0.0 <= share < 1.0:
                raise ArgumentError(f"`{key}` should be from 0 to below 1. Received {share}.")
        self.n_instruments, self.units, self.embedding = n_instruments, units, embedding
        self.dropout, self.hidden_velocity = dropout, hidden_velocity
        self.keys = keras.layers.Embedding(_N_KEYS, embedding, name="keys")
        self.instruments = keras.layers.Embedding(n_instruments, embedding, name="instruments")
        self.times = keras.layers.Dense(embedding, "relu", name="times")
        self.velocities = keras.layers.Dense(embedding, "relu", name="velocities")
        self.reader = BiGru(units, name="reader")
        self.writers = [Gru(units, name=f"writer_{i}") for i in range(2)]
        self.head = keras.layers.Dense(_N_FIELDS, name="head")
        self.keys.build((None, None))
        self.instruments.build((None, None))
        self.times.build((None, None, 2))
        self.velocities.build((None, None, 2))
        self.reader.build((None, None, 4 * embedding))
        self.writers[0].build((None, None, 2 * units + _N_FIELDS))
        self.writers[1].build((None, None, units))
        self.head.build((None, None, units))
        self.built = True

    def call(
        self,
        notes: tf.Tensor,
        instrument: tf.Tensor,
        expression: tf.Tensor,
        *,
        noise_seed: Any = None,
    ) -> tf.Tensor:
        """Says what each note's numbers are, told those of the notes before it.

        Args:
            notes: `[batch, n_notes, 5]`, sorted, padded with velocity 0.
            instrument: `[batch, 1]`, counted from 0.
            expression: What the notes really are, `[batch, n_notes, 6]`.
            noise_seed: Of what is hidden; None hides nothing.

        Returns:
            `[batch, n_notes, 6]`.
        """
        before = tf.pad(expression[:, :-1], [[0, 0], [1, 0], [0, 0]])
        known = tf.ones([tf.shape(notes)[0], 1, 1])
        if noise_seed is not None:
            chance = tf.random.stateless_uniform(tf.shape(before), [noise_seed, 1])
            before *= tf.cast(chance >= self.dropout, tf.float32) / (1.0 - self.dropout)
            chance = tf.random.stateless_uniform(tf.shape(known), [noise_seed, 2])
            known = tf.cast(chance >= self.hidden_velocity, tf.float32)
        hidden = tf.concat([self._read(notes, instrument, known), before], axis=-1)
        for writer in self.writers:
            hidden, _ = writer(hidden)
        return self.head(hidden)

    def generate(
        self, notes: tf.Tensor, instrument: tf.Tensor, *, with_velocity: bool = True
    ) -> tf.Tensor:
        """Writes the numbers of notes, each after those that it wrote before.

        Args:
            notes: `[batch, n_notes, 5]`, sorted.
            instrument: `[batch, 1]`.
            with_velocity: Whether the notes' velocities say something.

        Returns:
            `[batch, n_notes, 6]`.
        """
        known = tf.fill([tf.shape(notes)[0], 1, 1], float(with_velocity))
        read = tf.transpose(self._read(notes, instrument, known), [1, 0, 2])
        batch_size = tf.shape(notes)[0]

        def step(state: Any, context: tf.Tensor) -> Any:
            before, first, second = state
            hidden = tf.concat([context, before], axis=-1)[:, tf.newaxis]
            hidden, first = self.writers[0](hidden, first)
            hidden, second = self.writers[1](hidden, second)
            return self.head(hidden)[:, 0], first, second

        states = [writer.initial_state(batch_size) for writer in self.writers]
        written = tf.scan(step, read, (tf.zeros([batch_size, _N_FIELDS]), *states))[0]
        return tf.transpose(written, [1, 0, 2])

    def _read(self, notes: tf.Tensor, instrument: tf.Tensor, known: tf.Tensor) -> tf.Tensor:
        notes = tf.cast(notes, tf.float32)
        is_note = tf.cast(notes[..., 3:4] > 0.0, tf.float32)
        onset, offset = notes[..., :1], notes[..., 1:2]
        gap = tf.pad(onset[:, 1:] - offset[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=1.0)
        times = tf.clip_by_value(tf.concat([offset - onset, gap], -1), -1.0, _LONGEST_S)
        known = tf.broadcast_to(known, tf.shape(onset))
        keys = tf.clip_by_value(tf.cast(tf.round(notes[..., 2]), tf.int32), 0, _N_KEYS - 1)
        players = tf.broadcast_to(tf.cast(instrument, tf.int32), tf.shape(keys))
        read = tf.concat(
            [
                self.keys(keys),
                self.times(times),
                self.velocities(tf.concat([known * notes[..., 3:4], known], -1)),
                self.instruments(players),
            ],
            axis=-1,
        )
        # An empty clip's one padding counts as its length, since no sequence may be empty.
        lengths = tf.maximum(tf.cast(tf.reduce_sum(is_note[..., 0], axis=1), tf.int32), 1)
        return self.reader(read * is_note, lengths)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("n_instruments", "units", "embedding", "dropout", "hidden_velocity")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
