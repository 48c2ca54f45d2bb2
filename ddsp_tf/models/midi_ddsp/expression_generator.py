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
_N_OF_NOTE, _N_OF_NEIGHBOUR = 5, 4
_MIDDLE_KEY, _SHORTEST_S, _MIDDLE_LOG_S = 66.0, 0.03, -1.5
_LONGEST_GAP_S, _GAPS_A_SECOND = 1.0, 3.0
_BUMP_KEYS, _BUMP_WIDTH = [36.0 + 1.5 * i for i in range(43)], 0.8
_CLOSE_GAPS_S = ((0.0, 0.02), (0.05, 0.05))
"""Middles and widths of the steps in which gaps are shown closely."""
_CLOSE_SIDES = (1, 0, -1, -2)
_N_CLOSE = len(_BUMP_KEYS) + len(_CLOSE_GAPS_S) * len(_CLOSE_SIDES)


@keras.saving.register_keras_serializable("ddsp_tf")
class ExpressionGenerator(keras.layers.Layer):
    """Gives each note six numbers, one note after the other.

    Pitch and instrument are embedded, length and the gap before the note go through a dense layer,
    and so does the velocity, where it is known; a bidirectional GRU reads the notes, and two GRUs,
    which are told the numbers of the note before, write.

    Told the numbers of real notes it learns to trust them, and writing it is told its own, which
    are means. Where notes are few it generalises better if it isn't told (`told_before`), and if it
    is shown key, length and gap of a note beside those of its neighbours (`n_neighbours`) in place
    of an embedding of each key, which is learned by heart. Fewer still are learned by heart if each
    note is read by itself (`recurrent`): then its key is also shown as bumps a semitone and a half
    apart, and the gaps around it to some milliseconds, which tell slurred notes from tongued ones.

    Args:
        n_instruments: How many it knows.
        units: Of the GRUs.
        embedding: Width of each embedding.
        dropout: Share of the numbers of the note before that are hidden while it is trained.
        hidden_velocity: Share of the examples whose velocities are, so that it plays scores without
            dynamics too.
        told_before: Whether the numbers of the note before are told. If not, a dense layer writes.
        n_neighbours: How many notes to either side are shown beside each, by how much higher and
            how long they are. 0: keys are embedded.
        hidden_dropout: Share of what is read of the notes that is hidden while it is trained.
        recurrent: Whether a GRU reads the notes. If not, a dense layer reads each by itself, with
            its neighbours.
        name: The layer's name.

    Raises:
        ArgumentError: A number is out of its range.

    Reference:
        Wu et al. 2022, "MIDI-DDSP", section 3.4 and appendix. It is told the note before there;
        velocities, and neighbours beside a note, are ours.
    """

    def __init__(
        self,
        *,
        n_instruments: int = 1,
        units: int = 128,
        embedding: int = 64,
        dropout: float = 0.5,
        hidden_velocity: float = 0.5,
        told_before: bool = True,
        n_neighbours: int = 0,
        hidden_dropout: float = 0.0,
        recurrent: bool = True,
        name: str = "expression_generator",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(n_instruments, units, embedding) < 1:
            raise ArgumentError(
                "`n_instruments`, `units` and `embedding` should be at least 1. Received "
                f"{n_instruments}, {units} and {embedding}."
            )
        if n_neighbours < 0:
            raise ArgumentError(f"`n_neighbours` should be 0 or more. Received {n_neighbours}.")
        if not (recurrent or n_neighbours):
            raise ArgumentError(
                "Notes that are read by themselves (`recurrent=False`) should be shown their "
                "neighbours: `n_neighbours` should be 1 or more. Received 0."
            )
        shares = {
            "dropout": dropout,
            "hidden_velocity": hidden_velocity,
            "hidden_dropout": hidden_dropout,
        }
        for key, share in shares.items():
            if not 0.0 <= share < 1.0:
                raise ArgumentError(f"`{key}` should be from 0 to below 1. Received {share}.")
        self.n_instruments, self.units, self.embedding = n_instruments, units, embedding
        self.dropout, self.hidden_velocity = dropout, hidden_velocity
        self.told_before, self.n_neighbours = told_before, n_neighbours
        self.hidden_dropout, self.recurrent = hidden_dropout, recurrent
        # Weights are stored in the order in which layers are made.
        if not n_neighbours:
            self.keys = keras.layers.Embedding(_N_KEYS, embedding, name="keys")
            self.keys.build((None, None))
        self.instruments = keras.layers.Embedding(n_instruments, embedding, name="instruments")
        self.instruments.build((None, None))
        if n_neighbours:
            self.notes = keras.layers.Dense(2 * embedding, "relu", name="notes")
            width = _N_OF_NOTE + 2 * n_neighbours * _N_OF_NEIGHBOUR
            self.notes.build((None, None, width if recurrent else width + _N_CLOSE))
        else:
            self.times = keras.layers.Dense(embedding, "relu", name="times")
            self.velocities = keras.layers.Dense(embedding, "relu", name="velocities")
            self.times.build((None, None, 2))
            self.velocities.build((None, None, 2))
        self.reader = (
            BiGru(units, name="reader")
            if recurrent
            else keras.layers.Dense(2 * units, "relu", name="reader")
        )
        self.reader.build((None, None, (3 if n_neighbours else 4) * embedding))
        if told_before:
            self.writers = [Gru(units, name=f"writer_{i}") for i in range(2)]
            self.writers[0].build((None, None, 2 * units + _N_FIELDS))
            self.writers[1].build((None, None, units))
        else:
            self.writer = keras.layers.Dense(units, "relu", name="writer")
            self.writer.build((None, None, 2 * units))
        self.head = keras.layers.Dense(_N_FIELDS, name="head")
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
        known = tf.ones([tf.shape(notes)[0], 1, 1])
        if noise_seed is not None:
            chance = tf.random.stateless_uniform(tf.shape(known), [noise_seed, 2])
            known = tf.cast(chance >= self.hidden_velocity, tf.float32)
        read = self._read(notes, instrument, known, noise_seed)
        if not self.told_before:
            return self.head(self.writer(read))
        before = tf.pad(expression[:, :-1], [[0, 0], [1, 0], [0, 0]])
        if noise_seed is not None:
            chance = tf.random.stateless_uniform(tf.shape(before), [noise_seed, 1])
            before *= tf.cast(chance >= self.dropout, tf.float32) / (1.0 - self.dropout)
        hidden = tf.concat([read, before], axis=-1)
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
        read = self._read(notes, instrument, known)
        if not self.told_before:
            return self.head(self.writer(read))
        read = tf.transpose(read, [1, 0, 2])
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

    def _read(
        self,
        notes: tf.Tensor,
        instrument: tf.Tensor,
        known: tf.Tensor,
        noise_seed: Any = None,
    ) -> tf.Tensor:
        notes = tf.cast(notes, tf.float32)
        is_note = tf.cast(notes[..., 3:4] > 0.0, tf.float32)
        onset, offset = notes[..., :1], notes[..., 1:2]
        gap = tf.pad(onset[:, 1:] - offset[:, :-1], [[0, 0], [1, 0], [0, 0]], constant_values=1.0)
        known = tf.broadcast_to(known, tf.shape(onset))
        velocity = tf.concat([known * notes[..., 3:4], known], -1)
        players = tf.broadcast_to(tf.cast(instrument, tf.int32), tf.shape(notes)[:2])
        if self.n_neighbours:
            beside = self._beside_neighbours(notes[..., 2:3], offset - onset, gap, is_note)
            shown = [beside, velocity]
            if not self.recurrent:
                shown.append(self._closely(notes[..., 2:3], gap, is_note))
            parts = [self.notes(tf.concat(shown, -1))]
        else:
            times = tf.clip_by_value(tf.concat([offset - onset, gap], -1), -1.0, _LONGEST_S)
            keys = tf.clip_by_value(tf.cast(tf.round(notes[..., 2]), tf.int32), 0, _N_KEYS - 1)
            parts = [self.keys(keys), self.times(times), self.velocities(velocity)]
        read = self._hidden(tf.concat([*parts, self.instruments(players)], axis=-1), noise_seed, 3)
        if not self.recurrent:
            return self._hidden(self.reader(read) * is_note, noise_seed, 4)
        # An empty clip's one padding counts as its length, since no sequence may be empty.
        lengths = tf.maximum(tf.cast(tf.reduce_sum(is_note[..., 0], axis=1), tf.int32), 1)
        return self._hidden(self.reader(read * is_note, lengths), noise_seed, 4)

    def _hidden(self, values: tf.Tensor, noise_seed: Any, number: int) -> tf.Tensor:
        """Hides some of the values while it is trained."""
        if noise_seed is None or not self.hidden_dropout:
            return values
        seed = [noise_seed, number]
        return tf.nn.experimental.stateless_dropout(values, self.hidden_dropout, seed)

    def _beside_neighbours(
        self, key: tf.Tensor, length_s: tf.Tensor, gap_s: tf.Tensor, is_note: tf.Tensor
    ) -> tf.Tensor:
        """Each note's key, length and gap, and how its neighbours differ; all about 1 in size."""
        length = tf.math.log(tf.maximum(length_s, _SHORTEST_S)) - _MIDDLE_LOG_S
        gap = _GAPS_A_SECOND * tf.clip_by_value(gap_s, -_LONGEST_GAP_S, _LONGEST_GAP_S)
        parts = [(key - _MIDDLE_KEY) / 12.0, length, gap]
        for distance in range(1, self.n_neighbours + 1):
            for side in (distance, -distance):
                there = is_note * _moved(is_note, side)
                higher = tf.clip_by_value((_moved(key, side) - key) / 7.0, -3.0, 3.0)
                parts += [there, there * higher, there * _moved(length, side)]
                parts.append(there * _moved(gap, side))
        return tf.concat(parts, axis=-1)

    def _closely(self, key: tf.Tensor, gap_s: tf.Tensor, is_note: tf.Tensor) -> tf.Tensor:
        """Each note's key as bumps, and the gaps before and after it as steps."""
        parts = [tf.exp(-0.5 * tf.square((key - tf.constant(_BUMP_KEYS)) / _BUMP_WIDTH))]
        for side in _CLOSE_SIDES:
            there = is_note * _moved(is_note, side)
            for middle, width in _CLOSE_GAPS_S:
                parts.append(there * tf.tanh((_moved(gap_s, side) - middle) / width))
        return tf.concat(parts, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = (
            "n_instruments",
            "units",
            "embedding",
            "dropout",
            "hidden_velocity",
            "told_before",
            "n_neighbours",
            "hidden_dropout",
            "recurrent",
        )
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}


def _moved(values: tf.Tensor, n_notes: int) -> tf.Tensor:
    """Gives each note what the note so many before it has; negative: after it; zeros beyond."""
    if n_notes >= 0:
        return tf.pad(values, [[0, 0], [n_notes, 0], [0, 0]])[:, : tf.shape(values)[1]]
    return tf.pad(values, [[0, 0], [0, -n_notes], [0, 0]])[:, -n_notes:]
