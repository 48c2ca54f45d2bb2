"""A plain performer: the pitch and loudness of a melody that is written as notes."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.features import Statistics
from ddsp_tf.inference.gating import gate_envelope
from ddsp_tf.types import FloatArray

_CHORD_S = 0.03
"""Onsets that are this near belong to one chord."""
_SLUR_S = 0.06
"""A note that is held for so long into the next is slurred to it: no chord, no gap."""
_ATTACK_S, _ATTACK_DB, _SLURRED_DB = 0.02, -18.0, -6.0
_RELEASE_DB_PER_S = 300.0
_UNKNOWN_DB = (-45.0, -15.0)
"""Softest and loudest note of an instrument without statistics."""


@dataclass(frozen=True)
class Performance:
    """A melody, frame by frame.

    Attributes:
        f0_hz: Pitch, `[n_frames]`; that of the last note is held where there is none.
        loudness_db: Loudness, `[n_frames]`.
        gate: Gain of the dry sound, `[n_frames]`: 0 where there is no note.
        melody: The notes that are played, `[n, 5]`, one at a time.
    """

    f0_hz: FloatArray
    loudness_db: FloatArray
    gate: FloatArray
    melody: FloatArray


def top_line(notes: np.ndarray) -> FloatArray:
    """Makes a melody of notes that may sound together: the highest of each chord.

    A note that begins below one that is held is left out; one that begins above ends it. Notes that
    overlap for less than 60 ms are a slur: the first ends where the second begins.

    Args:
        notes: `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity, channel.

    Returns:
        Those that are played, `[n, 5]`, sorted, none longer than to the next one's onset.

    Example:
        >>> chord = np.array([[0, 1, 60, 1, 0], [0, 1, 67, 1, 0], [1, 2, 62, 1, 0]])
        >>> top_line(chord)[:, 2].tolist()
        [67.0, 62.0]
    """
    line: list[np.ndarray] = []
    rows = np.asarray(notes, np.float64)
    for note in rows[np.lexsort((rows[:, 2], rows[:, 0]))]:
        if line:
            before = line[-1]
            together = note[0] - before[0] <= _CHORD_S and before[1] > note[0] + _CHORD_S
            if before[1] - note[0] > _SLUR_S and note[2] < before[2]:
                continue
            if together:
                line.pop()
            else:
                before[1] = min(before[1], note[0])
        line.append(note.copy())
    return np.array(line)


def perform(
    notes: np.ndarray, statistics: Statistics | None, *, frame_rate: float, n_frames: int
) -> Performance:
    """Plays notes as pitch and loudness, steadily: no vibrato, and a short attack and release.

    The pitch is that of the tempered scale, A4 = 440 Hz. Velocity v is as loud as the share v of
    the instrument's training notes were no louder than, so that the whole dynamics of the score are
    those of the instrument. A note begins 18 dB softer (one that follows the last without a gap, 6
    dB), is at its loudness after 20 ms, and falls by 300 dB a second once it is released.

    Args:
        notes: `[n_notes, 5]`; of those that sound together the highest is played, see `top_line`.
        statistics: Of the instrument's training recordings, or None if they aren't known.
        frame_rate: Frames a second.
        n_frames: Frames to make.

    Returns:
        Pitch, loudness and gate.

    Example:
        >>> note = np.array([[0.1, 0.3, 69, 0.5, 0]])
        >>> played = perform(note, None, frame_rate=100.0, n_frames=50)
        >>> played.f0_hz[0].item(), played.loudness_db[20].item(), played.gate[49].item()
        (440.0, -30.0, 0.0)
    """
    melody = top_line(notes)
    time_s = np.arange(n_frames) / frame_rate
    # A frame belongs to the last note that began by then, the first ones to the first note.
    onsets = np.round(melody[:, 0] * frame_rate) / frame_rate
    index = np.clip(np.searchsorted(onsets, time_s + 1e-9, side="right") - 1, 0, None)
    onset_s, offset_s, midi, velocity = (melody[index, i] for i in range(4))
    f0_hz = 440.0 * 2.0 ** ((midi - 69.0) / 12.0)
    since_s = np.maximum(time_s - onset_s, 0.0)
    gaps_s = np.append(np.inf, melody[1:, 0] - melody[:-1, 1])
    begins_db = np.where(gaps_s <= 1.5 / frame_rate, _SLURRED_DB, _ATTACK_DB)[index]
    attack_db = begins_db * np.clip(1.0 - since_s / _ATTACK_S, 0.0, 1.0)
    release_db = -_RELEASE_DB_PER_S * np.maximum(time_s - offset_s, 0.0)
    loudness_db = _levels_db(velocity, statistics) + attack_db + release_db
    held = (time_s >= onsets[index]) & (time_s < np.maximum(offset_s, onset_s + 1.0 / frame_rate))
    return Performance(f0_hz, loudness_db, gate_envelope(held, frame_rate), melody)


def _levels_db(velocity: FloatArray, statistics: Statistics | None) -> FloatArray:
    if statistics is None:
        softest, loudest = _UNKNOWN_DB
        return softest + (loudest - softest) * velocity
    levels = np.asarray(statistics.loudness_db_quantiles)
    return np.interp(velocity, np.linspace(0.0, 1.0, len(levels)), levels)
