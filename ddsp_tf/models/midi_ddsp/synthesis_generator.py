"""From notes and how they are played to pitch and levels."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.midi import EXPRESSION_FIELDS
from ddsp_tf.models.midi_ddsp.bodies import Bodies
from ddsp_tf.models.midi_ddsp.pitch_writer import PitchWriter
from ddsp_tf.models.performer.note_frames import NoteFrames
from ddsp_tf.nn import BiGru, DilatedStack, FcStack

_N_CONDITIONS = len(EXPRESSION_FIELDS) + 7
_LONG = 250.0
_MIDDLE_DB, _SPREAD_DB = -70.0, 20.0


@keras.saving.register_keras_serializable("ddsp_tf")
class SynthesisGenerator(keras.layers.Layer):
    """Plays notes whose expression is known.

    Of every frame it reads the six numbers of its note, key, gate, onset, place in the note and
    times, by an MLP, and an embedding of the instrument. A bidirectional GRU and a `PitchWriter`
    give the pitch, in strides of a few frames; dilated convolutions, told the pitch, the levels of
    partials and noise in dB. To these each instrument adds what is its own at every pitch
    (`Bodies`).

    Args:
        n_levels: How many levels.
        n_instruments: How many instruments it knows.
        channels: Of the MLP and of the convolutions.
        layers_per_stack: Layers of the MLP.
        embedding: Width of the instrument's embedding.
        units: Of the GRUs.
        n_stacks: Stacks of convolutions, five layers each.
        stride: Frames that the GRUs take as one; the pitch goes straight from one to the next.
        n_body_partials: How many of the levels, the first, are partials that a body colours; 0: no
            instrument has a body of its own.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1, or more partials than levels.

    Reference:
        Wu et al. 2022, "MIDI-DDSP", section 3.3 and appendix; its stride is 1, and it has
        no bodies.
    """

    def __init__(
        self,
        *,
        n_levels: int = 125,
        n_instruments: int = 1,
        channels: int = 128,
        layers_per_stack: int = 2,
        embedding: int = 64,
        units: int = 256,
        n_stacks: int = 4,
        stride: int = 1,
        n_body_partials: int = 0,
        name: str = "synthesis_generator",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        sizes = {
            "n_levels": n_levels,
            "n_instruments": n_instruments,
            "channels": channels,
            "layers_per_stack": layers_per_stack,
            "embedding": embedding,
            "units": units,
            "n_stacks": n_stacks,
            "stride": stride,
        }
        if min(sizes.values()) < 1:
            raise ArgumentError(f"All sizes should be at least 1. Received {sizes}.")
        self._sizes = {**sizes, "n_body_partials": n_body_partials}
        self.stride = stride
        self.n_instruments = n_instruments
        self.conditioner = FcStack(channels, layers_per_stack, name="conditioner")
        self.instruments = keras.layers.Embedding(n_instruments, embedding, name="instruments")
        self.reader = BiGru(units, name="reader")
        self.pitch = PitchWriter(units, name="pitch")
        self.stack = DilatedStack(channels, n_stacks=n_stacks, name="stack")
        self.head = keras.layers.Dense(n_levels, name="head")
        self.bodies = (
            Bodies(n_instruments, n_levels=n_levels, n_partials=n_body_partials)
            if n_body_partials
            else None
        )
        self.conditioner.build((None, None, _N_CONDITIONS))
        self.instruments.build((None, None))
        self.reader.build((None, None, channels + embedding))
        self.pitch.build((None, None, 2 * units))
        self.stack.build((None, None, channels + embedding + 2))
        self.head.build((None, None, channels))
        self.built = True

    def conditions(
        self, frames: NoteFrames, expression: tf.Tensor, instrument: tf.Tensor
    ) -> tf.Tensor:
        """Reads what is known of every frame.

        Args:
            frames: The notes, laid out.
            expression: Six numbers of each frame's note, `[batch, n_frames, 6]`.
            instrument: `[batch, 1]`, counted from 0.

        Returns:
            `[batch, n_frames, channels + embedding]`.
        """
        place = tf.clip_by_value(frames.age / frames.length, 0.0, 1.0)
        known = tf.concat(
            [
                expression,
                frames.midi / 127.0,
                frames.gate,
                frames.onset,
                place,
                *(_compressed(x) for x in (frames.age, frames.left, frames.length)),
            ],
            axis=-1,
        )
        players = tf.broadcast_to(tf.cast(instrument, tf.int32), tf.shape(frames.index))
        return tf.concat([self.conditioner(known), self.instruments(players)], axis=-1)

    def pitch_logits(self, conditions: tf.Tensor, semitones: tf.Tensor) -> tf.Tensor:
        """Gives the chances of the pitch at every stride, `[batch, n_strides, 201]`.

        Args:
            conditions: As `conditions` gives, a whole number of strides.
            semitones: True pitch above the note, at every stride, `[batch, n_strides, 1]`.
        """
        return self.pitch(self._read(conditions), semitones)

    def write_pitch(
        self, conditions: tf.Tensor, *, seed: int | tf.Tensor, top_p: float
    ) -> tf.Tensor:
        """Draws the pitch, in semitones above the note, `[batch, n_frames, 1]`."""
        steps = self.pitch.write(self._read(conditions), seed=seed, top_p=top_p)
        return spread(steps, self.stride)

    def levels_db(
        self,
        conditions: tf.Tensor,
        instrument: tf.Tensor,
        midi: tf.Tensor,
        semitones: tf.Tensor,
    ) -> tf.Tensor:
        """Gives the levels of partials and noise.

        Args:
            conditions: As `conditions` gives.
            instrument: `[batch, 1]`, counted from 0.
            midi: Key of each frame, `[batch, n_frames, 1]`.
            semitones: Pitch above it, likewise.

        Returns:
            `[batch, n_frames, n_levels]` in dB.
        """
        known = tf.concat([conditions, (midi + semitones) / 127.0, semitones], axis=-1)
        levels = self.head(self.stack(known))
        if self.bodies is not None:
            levels += self.bodies(instrument, midi + semitones)
        return _MIDDLE_DB + _SPREAD_DB * levels

    def _read(self, conditions: tf.Tensor) -> tf.Tensor:
        return self.reader(conditions[:, :: self.stride])

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), **self._sizes}


def spread(steps: tf.Tensor, stride: int) -> tf.Tensor:
    """Makes frames of steps, on straight lines from one to the next; the last is held.

    Example:
        >>> spread(tf.constant([[[0.0], [2.0]]]), 2)[0, :, 0].numpy().tolist()
        [0.0, 1.0, 2.0, 2.0]
    """
    if stride == 1:
        return steps
    place = tf.range(stride, dtype=steps.dtype)[tf.newaxis, tf.newaxis, :, tf.newaxis] / stride
    after = tf.concat([steps[:, 1:], steps[:, -1:]], axis=1)
    joined = steps[:, :, tf.newaxis] * (1.0 - place) + after[:, :, tf.newaxis] * place
    return tf.reshape(joined, [tf.shape(steps)[0], -1, steps.shape[2]])


def _compressed(frames: tf.Tensor) -> tf.Tensor:
    """Frames as about seconds; long times are hardly told apart."""
    return tf.sign(frames) * tf.math.log1p(tf.abs(frames) / _LONG) * 2.0
