"""What is changed about a performance before the instrument plays it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features, Statistics
from ddsp_tf.features.midi_pitch import (
    HIGHEST_MIDI,
    LOWEST_MIDI,
    SEMITONES_PER_OCTAVE,
    to_hz,
    to_midi,
)
from ddsp_tf.features.voicing import note_mask
from ddsp_tf.inference.autotune import SCALES, Scale, autotune, estimate_tuning, find_major_key
from ddsp_tf.inference.gating import (
    find_notes,
    gate_envelope,
    hold_pitch,
    lift_quiet,
    remove_chirps,
)
from ddsp_tf.inference.loudness_matching import match_loudness
from ddsp_tf.inference.loudness_ripple import smooth_low_notes
from ddsp_tf.inference.octave import choose_octave
from ddsp_tf.models import PitchRange
from ddsp_tf.types import BoolArray, FloatArray

_FLOOR_DB = -80.0
_QUIET_DB = 20.0
_GATED_DB = 60.0
_SURE_OF_PITCH = 0.4


@dataclass(frozen=True)
class EditedFeatures:
    """A performance as the instrument will play it.

    Attributes:
        features: Pitch and loudness after the edits, and the tracker's confidence.
        notes: Which frames belong to notes, their attack and decay included, bool `[n_frames]`.
        gate: Gain of the sound before the reverb, `[n_frames]`, 0 to 1; all ones when ungated.
        octaves: Octaves that were chosen or asked for.
        tuning_cents: The performance's tuning against A4 = 440 Hz; None without autotune.
        tonic: Tonic of the major scale that was found, 0 (C) to 11, or None.
        loudness_matched: Whether loudness was matched to the instrument.
        loudness_change_db: Mean change of loudness over the notes.
        share_below: Share of note frames below the instrument's trained range, 0 to 1.
        share_above: Share of note frames above it, 0 to 1.
        lifted_db: Loudness of the input, raised as by `lift_quiet`, `[n_frames]`.
    """

    features: Features
    notes: BoolArray
    gate: FloatArray
    octaves: int
    tuning_cents: float | None
    tonic: int | None
    loudness_matched: bool
    loudness_change_db: float
    share_below: float
    share_above: float
    lifted_db: FloatArray


@dataclass(frozen=True)
class Edits:
    """Everything that can be changed about pitch, loudness and gaps.

    Args:
        octave: Octaves to shift by, or "auto": where the instrument plays best.
        semitones: Semitones to transpose by, after all else; fractions are fine.
        loudness_db: Change of loudness in dB, after all else.
        match_loudness: Whether the distribution of loudness becomes the instrument's.
        dynamics: How far it does, where it is matched: from 0 (only the median of the notes does,
            and the dynamics stay the performance's) to 1.
        autotune: How far notes are pulled to the scale, 0 (not) to 1 (onto it).
        scale: "chromatic", or "major": the major scale that fits best is found.
        note_threshold: How clear and loud a frame has to be to count as a note, 0 to 2;
            0 keeps everything.
        gate_unvoiced: Whether what is no note is faded out. If not, it is made 20 dB softer.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> Edits(octave=-1, autotune=0.5).semitones
        0.0
    """

    octave: int | Literal["auto"] = "auto"
    semitones: float = 0.0
    loudness_db: float = 0.0
    match_loudness: bool = True
    dynamics: float = 1.0
    autotune: float = 0.0
    scale: Scale = "chromatic"
    note_threshold: float = 1.0
    gate_unvoiced: bool = True

    def __post_init__(self) -> None:
        whole = isinstance(self.octave, int) and not isinstance(self.octave, bool)
        if self.octave != "auto" and not (whole and -8 <= int(self.octave) <= 8):
            raise ArgumentError(
                f'`octave` must be "auto" or a whole number from -8 to 8; got {self.octave!r}.'
            )
        limits = {
            "semitones": (-96.0, 96.0),
            "loudness_db": (-80.0, 80.0),
            "dynamics": (0.0, 1.0),
            "autotune": (0.0, 1.0),
            "note_threshold": (0.0, 2.0),
        }
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not least <= value <= most:
                raise ArgumentError(f"`{name}` must be from {least:g} to {most:g}; got {value!r}.")
        if self.scale not in SCALES:
            raise ArgumentError(f"`scale` must be one of {', '.join(SCALES)}; got {self.scale!r}.")

    def apply(
        self, features: Features, statistics: Statistics | None, *, frame_rate: float
    ) -> EditedFeatures:
        """Edits the features of a performance.

        Args:
            features: What was found in the input.
            statistics: Those of the instrument's training notes; without them neither the octave
                is chosen nor loudness matched.
            frame_rate: Frames per second.

        Returns:
            What the instrument is to play, and what was changed.
        """
        lifted = lift_quiet(features)
        notes = find_notes(lifted, self.note_threshold, frame_rate=frame_rate)
        clear = notes & note_mask(lifted, self.note_threshold, frame_rate=frame_rate)
        envelope = gate_envelope(notes, frame_rate)
        midi: FloatArray = to_midi(features.f0_hz)
        octaves = self._choose_octave(midi[clear], statistics)
        midi = midi + SEMITONES_PER_OCTAVE * octaves
        midi, tuning, tonic = self._autotuned(midi, features, clear, frame_rate)
        f0_hz = to_hz(np.clip(midi + self.semitones, LOWEST_MIDI, HIGHEST_MIDI))
        if self.gate_unvoiced:
            f0_hz = hold_pitch(f0_hz, notes & (features.f0_confidence >= _SURE_OF_PITCH))
            f0_hz = remove_chirps(f0_hz, frame_rate=frame_rate)
        steady_db = smooth_low_notes(features, frame_rate=frame_rate)
        loudness_db = self._edited_loudness(steady_db, clear, envelope, statistics)
        below, above = _shares_outside(to_midi(f0_hz)[clear], statistics)
        return EditedFeatures(
            features=Features(
                f0_hz.astype(np.float32), features.f0_confidence, loudness_db.astype(np.float32)
            ),
            notes=notes,
            gate=envelope if self.gate_unvoiced else np.ones(notes.size),
            octaves=octaves,
            tuning_cents=tuning,
            tonic=tonic,
            loudness_matched=self.match_loudness and statistics is not None,
            loudness_change_db=_mean((loudness_db - features.loudness_db)[clear]),
            share_below=below,
            share_above=above,
            lifted_db=lifted.loudness_db,
        )

    def _edited_loudness(
        self,
        loudness_db: FloatArray,
        clear: BoolArray,
        envelope: FloatArray,
        statistics: Statistics | None,
    ) -> FloatArray:
        loudness_db = np.asarray(loudness_db, np.float64)
        if self.match_loudness and statistics is not None:
            targets_db = np.asarray(statistics.loudness_db_quantiles, np.float64)
            loudness_db = match_loudness(
                loudness_db, loudness_db[clear], targets_db, dynamics=self.dynamics
            )
        softer_db = _GATED_DB if self.gate_unvoiced else _QUIET_DB
        return np.maximum(loudness_db + self.loudness_db - softer_db * (1 - envelope), _FLOOR_DB)

    def _choose_octave(self, note_midi: FloatArray, statistics: Statistics | None) -> int:
        if self.octave != "auto":
            return self.octave
        if statistics is None:
            return 0
        known = PitchRange.from_statistics(statistics)
        return choose_octave(
            note_midi,
            np.asarray(statistics.f0_midi_quantiles, np.float64),
            lowest_midi=known.lowest_midi,
            highest_midi=known.highest_midi,
        )

    def _autotuned(
        self, midi: FloatArray, features: Features, notes: BoolArray, frame_rate: float
    ) -> tuple[FloatArray, float | None, int | None]:
        if self.autotune == 0 or not notes.any():
            return midi, None, None
        tuning = estimate_tuning(midi[notes], features.f0_confidence[notes])
        tonic = find_major_key(midi[notes] - tuning) if self.scale == "major" else None
        tuned = autotune(
            midi, amount=self.autotune, tuning=tuning, frame_rate=frame_rate, tonic=tonic
        )
        return tuned, 100 * tuning, tonic


def _shares_outside(note_midi: FloatArray, statistics: Statistics | None) -> tuple[float, float]:
    """A semitone beyond the range counts as outside; a vibrato around its end doesn't."""
    if statistics is None:
        return 0.0, 0.0
    known = PitchRange.from_statistics(statistics)
    return _mean(note_midi < known.lowest_midi - 1), _mean(note_midi > known.highest_midi + 1)


def _mean(values: FloatArray | BoolArray) -> float:
    return float(values.mean()) if values.size else 0.0
