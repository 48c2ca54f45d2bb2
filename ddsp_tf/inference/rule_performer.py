"""A performer by rules: what most players do with most melodies."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Statistics
from ddsp_tf.features.midi_pitch import to_hz
from ddsp_tf.inference.gating import gate_envelope
from ddsp_tf.inference.performer import Performance, Performer, at_least_silent, level_of
from ddsp_tf.midi import note_columns
from ddsp_tf.types import BoolArray, FloatArray

Integers = npt.NDArray[np.integer[Any]]

_LEGATO_S = 0.04
"""Notes with a smaller gap are bound, unless the key is the same."""
_REST_S, _LONGEST_PHRASE = 0.25, 24
"""A rest this long ends a phrase."""
_SOFT_ATTACK_S, _HARD_ATTACK_S = 0.07, 0.02
_ATTACK_DB, _BOUND_DB, _BOUND_S = -20.0, -6.0, 0.04
_GLIDE_S, _GLIDE_SHARE = 0.02, 0.15
_REPEAT_GAP_S, _REPEAT_SHARE = 0.03, 0.2
_PHRASE_DB, _PHRASE_PEAK = 3.0, 0.6
_HIGH_DB_PER_OCTAVE = 1.5
_SWELL_DB, _SWELL_S = 1.5, 0.6
_VIBRATO_HZ, _VIBRATO_CENTS = 5.6, 18.0
_VIBRATO_DELAY_S, _VIBRATO_RISE_S, _VIBRATO_END_S = 0.22, 0.35, 0.08
_SHORTEST_VIBRATO_S = 0.4
_VIBRATO_DB = 0.6
_RELEASE_DB_PER_S, _LAST_RELEASE_DB_PER_S = 250.0, 120.0


class RulePerformer(Performer):
    """Plays with attack, legato, late vibrato, and dynamics of velocity, phrase and contour.

    - Attack: soft notes take 70 ms from 20 dB below, the hardest 20 ms, none more than a third of
      its length.
    - Legato: a note that follows within 40 ms is bound: it begins 6 dB softer, and the pitch
      glides for 20 ms. A repeated key is left for 30 ms, or a fifth of the note, before it.
    - Vibrato: in notes of 0.4 s or more; it begins after 0.22 s, grows for 0.35 s to 18 cents at
      5.6 Hz (a little less in soft notes), takes the loudness along by 0.6 dB, and calms down in
      the last 80 ms.
    - Dynamics: that of the velocity; up to 3 dB over a phrase, loudest after 60% of it; 1.5 dB
      for each octave above the phrase's middle; long notes swell by 1.5 dB. A phrase ends with a
      rest of 0.25 s.
    - Release: 250 dB a second, 120 at the end of a phrase.

    Onsets stay where the score has them, so that players stay together.

    Args:
        vibrato: How much of the vibrato, 0 to 3.
        dynamics: How much of what is added to the velocity's loudness, 0 to 3.

    Raises:
        ArgumentError: An amount is outside its range.

    Example:
        >>> note = np.array([[0.0, 1.0, 69, 0.5, 0]])
        >>> played = RulePerformer().perform(note, statistics=None, frame_rate=250.0, n_frames=300)
        >>> cents = 1200 * np.log2(played.f0_hz / 440)
        >>> abs(cents[:55]).max().item(), 14 < cents.max() < 18
        (0.0, np.True_)

    Reference:
        Friberg, Bresin and Sundberg 2006, Overview of the KTH rule system for musical performance,
        for the kinds of rules (phrase arch, high loud, repetition articulation); amounts are ours.
    """

    def __init__(self, *, vibrato: float = 1.0, dynamics: float = 1.0) -> None:
        for name, amount in (("vibrato", vibrato), ("dynamics", dynamics)):
            if not 0.0 <= amount <= 3.0:
                raise ArgumentError(f"`{name}` must be from 0 to 3; got {amount!r}.")
        self.vibrato = vibrato
        self.dynamics = dynamics

    def perform(
        self, notes: np.ndarray, *, statistics: Statistics | None, frame_rate: float, n_frames: int
    ) -> Performance:
        """Plays a line of notes."""
        rows = _with_repeats_left(np.asarray(notes, np.float64))
        columns = note_columns(rows, frame_rate=frame_rate, n_frames=n_frames)
        index, age_s = columns.index, columns.age_s.astype(np.float64)
        onset_s, offset_s, _, velocity = (rows[index, i] for i in range(4))
        time_s = np.arange(n_frames) / frame_rate
        left_s = np.maximum(offset_s - time_s, 0.0)
        is_bound, phrase = _bound(rows), _phrases(rows)
        swing = _vibrato(rows, index, age_s, left_s) * self.vibrato
        midi = _glided(rows, is_bound, index, age_s) + swing * _VIBRATO_CENTS / 100.0
        shape_db = _phrase_db(rows, phrase, time_s, index) + _contour_db(rows, phrase)[index]
        shape_db = self.dynamics * (shape_db + _swell_db(rows, index, age_s))
        ends = np.append(phrase[1:] != phrase[:-1], True)
        fall = np.where(ends, _LAST_RELEASE_DB_PER_S, _RELEASE_DB_PER_S)[index]
        release_db = -fall * np.maximum(time_s - np.maximum(offset_s, onset_s), 0.0)
        loudness_db = (
            _clipped(level_of(velocity, statistics) + shape_db, statistics)
            + _attack_db(rows, is_bound, index, age_s)
            + swing * _VIBRATO_DB
            + release_db
        )
        return Performance(
            f0_hz=to_hz(midi),
            loudness_db=at_least_silent(loudness_db),
            gate=gate_envelope(columns.gate > 0, frame_rate),
        )


def _with_repeats_left(rows: FloatArray) -> FloatArray:
    """Ends a note a little earlier where its key is struck again at once."""
    rows = rows.copy()
    length_s, gap_s = rows[:-1, 1] - rows[:-1, 0], rows[1:, 0] - rows[:-1, 1]
    again = (np.round(rows[1:, 2]) == np.round(rows[:-1, 2])) & (gap_s < _REPEAT_GAP_S)
    shorter_s = np.minimum(_REPEAT_GAP_S, _REPEAT_SHARE * length_s)
    rows[:-1, 1] -= np.where(again, np.maximum(shorter_s - np.maximum(gap_s, 0.0), 0.0), 0.0)
    return rows


def _bound(rows: FloatArray) -> BoolArray:
    """Which notes are bound to the one before, `[n_notes]`."""
    gaps_s = np.append(np.inf, rows[1:, 0] - rows[:-1, 1])
    same = np.append(False, np.round(rows[1:, 2]) == np.round(rows[:-1, 2]))
    return (gaps_s <= _LEGATO_S) & ~same


def _phrases(rows: FloatArray) -> Integers:
    """Which phrase each note belongs to, `[n_notes]`."""
    rests = np.append(False, rows[1:, 0] - rows[:-1, 1] >= _REST_S)
    phrase = np.cumsum(rests)
    # Music without rests has phrases too: here, of a length that a breath or a bow lasts for.
    first = np.searchsorted(phrase, phrase)
    within = (np.arange(len(rows)) - first) // _LONGEST_PHRASE
    return np.cumsum(np.append(False, (np.diff(phrase) > 0) | (np.diff(within) != 0)))


def _phrase_db(
    rows: FloatArray, phrase: Integers, time_s: FloatArray, index: Integers
) -> FloatArray:
    """An arch over each phrase, from below 0 to above, by time; flat over short ones."""
    n_phrases = int(phrase[-1]) + 1
    begin_s = np.full(n_phrases, np.inf)
    end_s = np.zeros(n_phrases)
    np.minimum.at(begin_s, phrase, rows[:, 0])
    np.maximum.at(end_s, phrase, rows[:, 1])
    of = phrase[index]
    length_s = np.maximum(end_s - begin_s, 1e-3)
    place = np.clip((time_s - begin_s[of]) / length_s[of], 0.0, 1.0)
    distance = np.where(
        place < _PHRASE_PEAK,
        1.0 - place / _PHRASE_PEAK,
        (place - _PHRASE_PEAK) / (1 - _PHRASE_PEAK),
    )
    depth_db = _PHRASE_DB * np.clip(length_s / 4.0, 0.0, 1.0)[of]
    return depth_db * (0.5 - distance**2)


def _contour_db(rows: FloatArray, phrase: Integers) -> FloatArray:
    """Higher notes of a phrase are louder, `[n_notes]`."""
    counts = np.bincount(phrase)
    middle = np.bincount(phrase, weights=rows[:, 2]) / counts
    return _HIGH_DB_PER_OCTAVE * (rows[:, 2] - middle[phrase]) / 12.0


def _swell_db(rows: FloatArray, index: Integers, age_s: FloatArray) -> FloatArray:
    length_s = np.maximum(rows[:, 1] - rows[:, 0], 1e-3)[index]
    place = np.clip(age_s / length_s, 0.0, 1.0)
    return _SWELL_DB * np.clip(length_s / _SWELL_S - 1.0, 0.0, 1.0) * np.sin(np.pi * place)


def _attack_db(
    rows: FloatArray, is_bound: BoolArray, index: Integers, age_s: FloatArray
) -> FloatArray:
    length_s = rows[:, 1] - rows[:, 0]
    by_velocity_s = _SOFT_ATTACK_S + (_HARD_ATTACK_S - _SOFT_ATTACK_S) * rows[:, 3]
    attack_s = np.minimum(np.where(is_bound, _BOUND_S, by_velocity_s), length_s / 3.0)
    begins_db = np.where(is_bound, _BOUND_DB, _ATTACK_DB)
    begun = np.clip(age_s / np.maximum(attack_s, 1e-3)[index], 0.0, 1.0)
    # Most of the rise comes first, as in the attacks of blown and bowed notes.
    return begins_db[index] * (1.0 - begun) ** 2


def _glided(
    rows: FloatArray, is_bound: BoolArray, index: Integers, age_s: FloatArray
) -> FloatArray:
    """The pitch, gliding into bound notes, as a MIDI number."""
    midi = rows[index, 2]
    from_midi = np.append(rows[0, 2], rows[:-1, 2])[index]
    glide_s = np.minimum(_GLIDE_S, _GLIDE_SHARE * (rows[:, 1] - rows[:, 0]))[index]
    place = np.clip(age_s / np.maximum(glide_s, 1e-3), 0.0, 1.0)
    rest = np.where(is_bound[index], 0.5 + 0.5 * np.cos(np.pi * place), 0.0)
    return midi + (from_midi - midi) * rest


def _vibrato(
    rows: FloatArray, index: Integers, age_s: FloatArray, left_s: FloatArray
) -> FloatArray:
    """The vibrato's swing, -1 to 1."""
    length_s = (rows[:, 1] - rows[:, 0])[index]
    grown = np.clip((age_s - _VIBRATO_DELAY_S) / _VIBRATO_RISE_S, 0.0, 1.0)
    calm = np.clip(left_s / _VIBRATO_END_S, 0.0, 1.0)
    depth = (0.6 + 0.4 * rows[index, 3]) * (length_s >= _SHORTEST_VIBRATO_S)
    phase = 2.0 * np.pi * _VIBRATO_HZ * (age_s - _VIBRATO_DELAY_S)
    return depth * grown * calm * np.sin(phase)


def _clipped(level_db: FloatArray, statistics: Statistics | None) -> FloatArray:
    """No rule takes an instrument beyond its softest and loudest notes."""
    softest, loudest = level_of(np.array([0.0, 1.0]), statistics)
    return np.clip(level_db, softest, loudest)
