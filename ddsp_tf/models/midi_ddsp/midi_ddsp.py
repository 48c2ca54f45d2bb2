"""Notes, expression, synthesis: three levels, each of which can be edited."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.compilation import only_played
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import NOTE_FIELDS
from ddsp_tf.midi import EXPRESSION_FIELDS
from ddsp_tf.models.group_model import GroupModel
from ddsp_tf.models.midi_ddsp.expression_generator import ExpressionGenerator
from ddsp_tf.models.midi_ddsp.pitch_writer import to_bins
from ddsp_tf.models.midi_ddsp.synthesis_generator import SynthesisGenerator
from ddsp_tf.models.performer.note_frames import NoteFrames, note_frames
from ddsp_tf.nn import Gru
from ddsp_tf.processors import ProcessorGroup
from ddsp_tf.processors.signal_checks import hold_frames
from ddsp_tf.types import FloatArray, Signal

_SILENCE_DB = -100.0
_SURE = 0.5
_MOST_SEMITONES = 1.0
_LEAST_FRAMES = 5
_LOUDEST_DB = 20.0
_NO_BIN = -1
_N_KEYS = 128
_LEVEL_RANGE_DB = 20.0
_PARTS = ("processor_group", "expression_generator", "synthesis_generator")


@keras.saving.register_keras_serializable("ddsp_tf")
class MidiDdsp(GroupModel):
    """Plays notes with an expression of their own, by pitch and levels that can be seen.

    `express` makes six numbers of each note, `synthesise` pitch and levels of notes and expression,
    and `call` or `stream` sound of pitch and levels. What a person writes in place of any of these
    is played likewise.

    Trained, all three learn apart from each other: the expression of real notes is told to what
    makes pitch and levels.

    Args:
        processor_group: Plays the levels: a `Harmonic` and a `FilteredNoise` that don't scale them.
        expression_generator: Notes to expression.
        synthesis_generator: Expression to pitch and levels.
        instruments: Names of the instruments that it plays, in the order of the column
            `instrument`.
        name: The model's name.

    Raises:
        ArgumentError: The parts don't fit together.

    Reference:
        Wu et al. 2022, "MIDI-DDSP: Detailed control of musical performance via hierarchical
        modeling". Pitch and levels are found by analysis here (`features.harmonic_analysis`), and
        there by a network; levels are compared in dB, and there heard.
    """

    def __init__(
        self,
        *,
        processor_group: ProcessorGroup,
        expression_generator: ExpressionGenerator,
        synthesis_generator: SynthesisGenerator,
        instruments: Sequence[str] = ("instrument",),
        name: str = "midi_ddsp",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.processor_group = processor_group
        self.expression_generator = expression_generator
        self.synthesis_generator = synthesis_generator
        self.instruments = tuple(instruments)
        self._jit_network = False
        sizes = processor_group.control_sizes()
        self.n_harmonics = sizes.get("harmonic_distribution", 0)
        self.n_bands = sizes.get("noise_magnitudes", 0)
        self._check()
        # Which keys each has been trained on: its range, kept with the weights.
        self.heard_keys = self.add_weight(
            name="heard_keys",
            shape=(len(self.instruments), _N_KEYS),
            initializer="zeros",
            trainable=False,
        )
        self._plan = tf.function(
            only_played()(self._plan_frames), autograph=False, reduce_retracing=True
        )
        self._write = tf.function(
            only_played()(self.expression_generator.generate),
            autograph=False,
            reduce_retracing=True,
        )
        self.built = True

    @property
    def jit_network(self) -> bool:
        """Whether XLA compiles the GRUs over frames; those over notes take few steps."""
        return self._jit_network

    @jit_network.setter
    def jit_network(self, enabled: bool) -> None:
        self._jit_network = enabled
        for layer in self.synthesis_generator._flatten_layers():
            if isinstance(layer, Gru):
                layer.jit_compile = enabled

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """What is played, pitch and levels; the rest is needed by training alone."""
        return {
            **self.played_signals,
            "fine_f0_hz": Signal("frames", unit="Hz", low=0.0),
            "f0_confidence": Signal("frames", low=0.0, high=1.0),
            "expression": Signal("frames", len(EXPRESSION_FIELDS)),
            "notes": Signal("notes", len(NOTE_FIELDS)),
            "instrument": Signal("value", low=0.0, high=len(self.instruments) - 1.0, default=0.0),
        }

    @property
    def played_signals(self) -> Mapping[str, Signal]:
        """Pitch and levels."""
        return {
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "harmonics_db": Signal("frames", self.n_harmonics, "dB", low=_SILENCE_DB),
            "noise_db": Signal("frames", self.n_bands, "dB", low=_SILENCE_DB),
        }

    @property
    def optional_input_names(self) -> tuple[str, ...]:  # type: ignore[override]
        """What is played without."""
        return ("fine_f0_hz", "f0_confidence", "expression", "notes")

    @property
    def encoded_signals(self) -> Mapping[str, Signal]:
        """What `stream` takes."""
        return self.played_signals

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Plays pitch and levels; and, where there are notes, says what it would have made of them.

        Args:
            batch: `f0_hz` `[batch, n_frames, 1]` (or, in place of it, `fine_f0_hz`),
                `harmonics_db` and `noise_db`. To be trained, `f0_confidence`, `expression` (of the
                note of each frame), `notes`, and `instrument` `[batch, 1]`, too.
            training: Whether something of the notes is hidden.

        Returns:
            `audio`. With notes also `expression` and `target_expression` `[batch, n_notes, 6]`;
            `pitch_logits` `[batch, n_strides, 201]` and `target_pitch`, bins, -1 where the pitch
            isn't known; `levels` and `target_levels` `[batch, n_frames, n_levels]` in 20 dB;
            `made_frames` and `real_frames`, both behind the conditions that they belong to.

        Raises:
            ArgumentError: A column is missing, or shapes don't fit.
        """
        inputs = self.encode(batch)
        inputs["f0_hz"] = inputs.get("fine_f0_hz", inputs["f0_hz"])
        outputs = {"audio": self._play(inputs)}
        if "notes" in inputs:
            missing = {"expression", "f0_confidence"} - set(inputs)
            if missing:
                raise ArgumentError(
                    f"To learn of notes the model needs the columns {', '.join(sorted(missing))} "
                    "too. Prepare the recordings with `papers/wu2022/data.gin`."
                )
            outputs.update(self._learn(inputs, batch.get("noise_seed"), training))
        elif training:
            raise ArgumentError(
                "The model learns of `notes`, and the dataset has none. Prepare recordings with "
                "their scores, with `papers/wu2022/data.gin`."
            )
        return outputs

    def express(
        self, notes: np.ndarray, *, instrument: int = 0, with_velocity: bool = True
    ) -> FloatArray:
        """Says how notes are to be played.

        Args:
            notes: `[n_notes, 5]`, n_notes > 0, one at a time, sorted.
            instrument: Which, counted from 0.
            with_velocity: Whether their velocities say something; if not, it finds dynamics itself.

        Returns:
            `[n_notes, 6]`, in the order of `midi.EXPRESSION_FIELDS`.
        """
        written = self._write(
            tf.constant(notes[np.newaxis], tf.float32),
            tf.constant([[instrument]]),
            with_velocity=with_velocity,
        )
        return written.numpy()[0]

    def synthesise(
        self,
        notes: np.ndarray,
        expression: np.ndarray,
        *,
        n_frames: int,
        instrument: int = 0,
        seed: int = 0,
        top_p: float = 0.95,
    ) -> dict[str, FloatArray]:
        """Makes pitch and levels of notes that are played in some way.

        Args:
            notes: `[n_notes, 5]`, n_notes > 0, one at a time, sorted.
            expression: `[n_notes, 6]`.
            n_frames: Frames to make.
            instrument: Which, counted from 0.
            seed: Of the pitch's chances; the same gives the same.
            top_p: Among how likely ones the pitch is drawn; see `sample_likeliest`.

        Returns:
            `f0_hz` `[n_frames, 1]`, at most a semitone beside the notes, `harmonics_db` and
            `noise_db`.

        Raises:
            ArgumentError: There isn't one row for each note.
        """
        if np.shape(expression) != (len(notes), len(EXPRESSION_FIELDS)):
            raise ArgumentError(
                f"`expression` should be [{len(notes)}, {len(EXPRESSION_FIELDS)}], a row for each "
                f"note. Received {np.shape(expression)}."
            )
        padded = -(-n_frames // self.synthesis_generator.stride) * self.synthesis_generator.stride
        planned = self._plan(
            tf.constant(notes[np.newaxis], tf.float32),
            tf.constant(expression[np.newaxis], tf.float32),
            tf.constant([[instrument]]),
            tf.constant(padded),
            tf.constant(seed),
            tf.constant(top_p),
        )
        return {key: x.numpy()[0, :n_frames] for key, x in planned.items()}

    def initial_state(self, batch_size: int | tf.Tensor) -> dict[str, Any]:
        """The processors' state before the first frame."""
        return {"processors": self.processor_group.initial_state(batch_size)}

    def stream(
        self, inputs: Mapping[str, Any], state: dict[str, Any], n_frames: int | tf.Tensor
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Plays one block of pitch and levels; see `Model.stream`."""
        outputs, processors = self.play_group(_controls(inputs), state["processors"], n_frames)
        return outputs, {"processors": processors}

    def without_rooms(self) -> "MidiDdsp":
        """Gives a model that shares all weights and plays dry."""
        parts = {key: getattr(self, key) for key in _PARTS}
        parts["processor_group"] = self.processor_group.without_rooms()
        return MidiDdsp(**parts, instruments=self.instruments, name=self.name)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        serialize = keras.saving.serialize_keras_object
        parts = {key: serialize(getattr(self, key)) for key in _PARTS}
        return {**parts, "instruments": list(self.instruments), "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "MidiDdsp":
        """Makes a model from `get_config`."""
        parts = {
            key: keras.saving.deserialize_keras_object(config[key], custom_objects=custom_objects)
            for key in _PARTS
        }
        return cls(**{**config, **parts})

    def _play(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        frames = {key: inputs[key] for key in self.played_signals}
        n_frames = frames["f0_hz"].shape[1] or tf.shape(frames["f0_hz"])[1]
        held = {key: hold_frames(x, self.lookahead_frames) for key, x in frames.items()}
        state = self.initial_state(tf.shape(frames["f0_hz"])[0])["processors"]
        return self.play_group(_controls(held), state, n_frames)[0]["audio"]

    def _frames(self, notes: tf.Tensor, n_frames: Any) -> NoteFrames:
        return note_frames(notes, n_frames, frame_rate=self.sample_rate / self.hop_length)

    def _learn(
        self, inputs: Mapping[str, tf.Tensor], noise_seed: Any, training: bool
    ) -> dict[str, tf.Tensor]:
        n_frames = inputs["f0_hz"].shape[1] or tf.shape(inputs["f0_hz"])[1]
        notes, instrument = inputs["notes"], tf.reshape(inputs["instrument"], [-1, 1])
        instrument = tf.broadcast_to(instrument, [tf.shape(notes)[0], 1])
        frames = self._frames(notes, n_frames)
        told = inputs["expression"]
        expression, whole = _of_notes(told, frames, tf.shape(notes)[1])
        if training:
            self._hear(notes, instrument)
        seed = None if noise_seed is None or not training else tf.cast(noise_seed, tf.int32)
        said = self.expression_generator(notes, instrument, expression, noise_seed=seed)

        semitones = dsp.hz_to_midi(inputs["f0_hz"]) - frames.midi
        near = tf.clip_by_value(semitones, -_MOST_SEMITONES, _MOST_SEMITONES)
        is_known = (
            (frames.gate > 0.0)
            & (inputs["f0_confidence"] > _SURE)
            & (tf.abs(semitones) < _MOST_SEMITONES)
        )
        near = tf.where(is_known, near, tf.zeros_like(near))
        generator, stride = self.synthesis_generator, self.synthesis_generator.stride
        conditions = generator.conditions(frames, told, instrument)
        bins = tf.where(is_known[..., 0], to_bins(near)[..., 0], _NO_BIN)
        levels_db = generator.levels_db(conditions, instrument, frames.midi, near)
        target_db = tf.concat([inputs["harmonics_db"], inputs["noise_db"]], axis=-1)
        # Of partials that can't sound nothing is learned: their edge moves with every pitch.
        levels_db = tf.where(self._may_sound(frames.midi + near), levels_db, target_db)
        levels, target_levels = levels_db / _LEVEL_RANGE_DB, target_db / _LEVEL_RANGE_DB
        about = tf.stop_gradient(conditions)
        return {
            "expression": said,
            "target_expression": tf.where(whole, expression, tf.stop_gradient(said)),
            "whole_notes": whole,
            "pitch_logits": generator.pitch_logits(conditions, near[:, ::stride]),
            "target_pitch": bins[:, ::stride],
            "levels": levels,
            "target_levels": target_levels,
            "made_frames": tf.concat([about, levels], axis=-1),
            "real_frames": tf.concat([about, target_levels], axis=-1),
        }

    def _may_sound(self, midi: tf.Tensor) -> tf.Tensor:
        """Which levels aren't those of partials at or above Nyquist, `[batch, n_frames, any]`."""
        multiples = tf.range(1, self.n_harmonics + 1, dtype=tf.float32)
        below = dsp.midi_to_hz(midi) * multiples < 0.5 * self.sample_rate
        return tf.pad(below, [[0, 0], [0, 0], [0, self.n_bands]], constant_values=True)

    def _hear(self, notes: tf.Tensor, instrument: tf.Tensor) -> None:
        """Remembers which keys the instruments of a batch have."""
        there = tf.cast(notes[..., 3:4] > 0.0, tf.float32)
        keys = tf.one_hot(tf.cast(tf.round(notes[..., 2]), tf.int32), _N_KEYS) * there
        players = tf.one_hot(tf.cast(instrument[:, 0], tf.int32), len(self.instruments))
        heard = tf.einsum("bi,bk->ik", players, tf.reduce_max(keys, axis=1))
        self.heard_keys.assign(tf.maximum(self.heard_keys, tf.minimum(heard, 1.0)))

    def key_range(self, instrument: int) -> tuple[int, int] | None:
        """Gives the lowest and the highest key that an instrument was trained on, if any."""
        keys = np.flatnonzero(self.heard_keys.numpy()[instrument])
        return (int(keys[0]), int(keys[-1])) if len(keys) else None

    def _plan_frames(
        self,
        notes: tf.Tensor,
        expression: tf.Tensor,
        instrument: tf.Tensor,
        n_frames: tf.Tensor,
        seed: tf.Tensor,
        top_p: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        frames = self._frames(notes, n_frames)
        told = tf.gather(expression, frames.index, batch_dims=1)
        conditions = self.synthesis_generator.conditions(frames, told, instrument)
        semitones = self.synthesis_generator.write_pitch(conditions, seed=seed, top_p=top_p)
        levels_db = self.synthesis_generator.levels_db(
            conditions, instrument, frames.midi, semitones
        )
        levels_db = tf.clip_by_value(levels_db, _SILENCE_DB, _LOUDEST_DB)
        levels_db = tf.where(self._may_sound(frames.midi + semitones), levels_db, _SILENCE_DB)
        harmonics_db, noise_db = tf.split(levels_db, [self.n_harmonics, self.n_bands], axis=-1)
        return {
            "f0_hz": dsp.midi_to_hz(frames.midi + semitones),
            "harmonics_db": harmonics_db,
            "noise_db": noise_db,
        }

    def _check(self) -> None:
        n_levels = self.synthesis_generator.get_config()["n_levels"]
        if not self.n_harmonics or not self.n_bands or n_levels != self.n_harmonics + self.n_bands:
            raise ArgumentError(
                "`processor_group` should take `harmonic_distribution` and `noise_magnitudes`, as "
                f"many together as `synthesis_generator` has levels, {n_levels}. It takes "
                f"{self.n_harmonics} and {self.n_bands}."
            )
        for part in (self.expression_generator, self.synthesis_generator):
            if part.n_instruments != len(self.instruments):
                raise ArgumentError(
                    f"`{part.name}` should know {len(self.instruments)} instruments, as many as "
                    f"`instruments` names. It knows {part.n_instruments}."
                )


def _controls(levels: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """What the processors take: amplitudes and gains. -100 dB are silence."""
    partials, noise = (_amplitude(levels[key]) for key in ("harmonics_db", "noise_db"))
    return {
        "f0_hz": levels["f0_hz"],
        "amplitudes": tf.reduce_sum(partials, axis=-1, keepdims=True),
        # A silent frame may have any distribution, but it has to have one.
        "harmonic_distribution": partials + 1e-9,
        "noise_magnitudes": noise,
    }


def _amplitude(level_db: tf.Tensor) -> tf.Tensor:
    heard = tf.cast(level_db > _SILENCE_DB, level_db.dtype)
    return heard * 10.0 ** (level_db / 20.0)


def _of_notes(
    told: tf.Tensor, frames: NoteFrames, n_notes: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Each note's numbers, `[batch, n_notes, 6]`, and whether it is there, `[batch, n_notes, 1]`.

    Of a note that owns only a few frames nothing is known: it is one of a chord.
    """
    owned = tf.one_hot(frames.index, n_notes) * frames.gate
    counts = tf.reduce_sum(owned, axis=1)
    summed = tf.einsum("bfn,bfd->bnd", owned, told)
    return summed / tf.maximum(counts, 1.0)[..., tf.newaxis], counts[
        ..., tf.newaxis
    ] >= _LEAST_FRAMES


def instrument_number(model: MidiDdsp, name: str | None) -> int:
    """Finds an instrument of a model by its name, or a beginning of it.

    Raises:
        ArgumentError: There is none of this name, or none was named and there are several.
    """
    names = model.instruments
    if name is None and len(names) == 1:
        return 0
    found = [i for i, known in enumerate(names) if name and known.startswith(name.lower())]
    if len(found) != 1:
        asked = "name one" if name is None else f"`{name}` is none of them"
        raise ArgumentError(
            f"The model plays {', '.join(names)}; {asked}, such as FOLDER:{names[0]}."
        )
    return found[0]
