"""Notes out of pitch and loudness, so that any recording of a melody becomes a score."""

from collections.abc import Iterator, Sequence

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import BoolArray, FloatArray, IntArray

_A4_MIDI, _A4_HZ, _LOWEST_HZ = 69.0, 440.0, 8.2
_SHORTEST_S = 0.06
_SPREAD = 0.4
"""Standard deviation of a note's pitch in semitones: vibrato, glides, intonation."""
_STRAY = 0.02
"""Chance that a frame's pitch is that of any key: errors of the tracker."""
_CORRELATED_S = 0.02
"""All frames within this time tell as much as one."""
_NEW_NOTE = 5.0
_RISE_S, _RISE_DB, _PER_DB, _LEAST, _MOST = 0.024, 3.0, 1.5, -2.0, 12.0
"""What a note costs, and what a rise of the loudness at its onset adds, in log likelihood."""
_CONFIDENCE, _CONFIDENCE_SLOPE = 0.3, 6.0
_BELOW_LOUD_DB, _LEVEL_SLOPE_DB = 35.0, 3.0
_SURE = 0.8
_BLOCK = 4096
_SILENT = -1


def recognise_notes(
    f0_hz: np.ndarray, f0_confidence: np.ndarray, loudness_db: np.ndarray, *, frame_rate: float
) -> FloatArray:
    """Finds the notes of a melody: the likeliest ones under a hidden semi-Markov model.

    Its states are silence and the keys, each held for 60 ms at least. A key explains frames whose
    pitch is near it (0.4 semitones of standard deviation, counted as far as the tracker is sure);
    silence those that are unsure, or 35 dB softer than the loud ones. Each note costs as much as
    five nats, fewer where the loudness rises at its onset, so that a key that is struck again is a
    note of its own and vibrato is none. Keys are those of the scale that the recording is tuned to.

    Args:
        f0_hz: Pitch, `[n_frames]`.
        f0_confidence: How sure the tracker is, `[n_frames]`, 0 to 1.
        loudness_db: `[n_frames]`.
        frame_rate: Frames a second.

    Returns:
        `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity (the share of frames of
        notes that are no louder, 0 to 1), channel 0; one at a time, sorted. Empty for silence.

    Raises:
        ArgumentError: The arrays aren't equally long, or there is no frame.

    Example:
        >>> f0_hz = np.repeat([440.0, 494.0, 494.0], 100)
        >>> loudness_db = np.tile(np.append([-60.0] * 3, [-20.0] * 97), 3)
        >>> notes = recognise_notes(f0_hz, np.full(300, 0.9), loudness_db, frame_rate=250.0)
        >>> notes[:, 2].tolist(), abs(notes[:, 0] - [0, 0.4, 0.8]).max() < 0.02
        ([69.0, 71.0, 71.0], np.True_)

    Reference:
        Mauch et al. 2015, Computer-aided melody note transcription using the Tony software, for
        keys and silence as states of a Viterbi search over a pitch track; Rabiner 1989, A tutorial
        on hidden Markov models, section IV.D, for durations.
    """
    pitch, sure, level_db = (np.asarray(x, np.float64) for x in (f0_hz, f0_confidence, loudness_db))
    if pitch.ndim != 1 or not len(pitch) or not pitch.shape == sure.shape == level_db.shape:
        shapes = ", ".join(str(x.shape) for x in (pitch, sure, level_db))
        raise ArgumentError(
            "`f0_hz`, `f0_confidence` and `loudness_db` must be equally long, [n_frames] with a "
            f"frame at least; got shapes {shapes}."
        )
    is_sure = sure > _SURE
    if not is_sure.any():
        return np.zeros([0, 5])
    midi = _A4_MIDI + 12.0 * np.log2(np.maximum(pitch, _LOWEST_HZ) / _A4_HZ)
    midi -= _detuning(midi[is_sure])
    keys = np.arange(
        max(0, int(midi[is_sure].min()) - 1),
        min(127, int(np.ceil(midi[is_sure].max())) + 1) + 1,
        dtype=np.int32,
    )
    shortest = max(1, round(_SHORTEST_S * frame_rate))
    likelihoods = _likelihoods(midi, sure, level_db, keys, frame_rate=frame_rate)
    path = _Path(len(midi), len(keys), shortest, _onset_gains(level_db, frame_rate))
    for of_keys, of_silence in likelihoods:
        path.advance(of_keys, of_silence)
    found = path.trace()
    velocities = levels_as_velocities(level_db, [(start, end) for start, end, _ in found])
    return np.array(
        [
            (start / frame_rate, end / frame_rate, keys[key], velocity, 0)
            for (start, end, key), velocity in zip(found, velocities, strict=True)
        ],
        np.float64,
    ).reshape(-1, 5)


def _detuning(midi: FloatArray) -> float:
    """How much higher than A4 = 440 Hz the scale is, -0.5 to 0.5 semitones."""
    return float(np.angle(np.sum(np.exp(2j * np.pi * midi)))) / (2.0 * np.pi)


def _likelihoods(
    midi: FloatArray, sure: FloatArray, level_db: FloatArray, keys: IntArray, *, frame_rate: float
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Log likelihoods of each key `[n, n_keys]` and of silence `[n]`, block by block."""
    per_frame = 1.0 / (_CORRELATED_S * frame_rate)
    silent_db = np.quantile(level_db, 0.95) - _BELOW_LOUD_DB
    for start in range(0, len(midi), _BLOCK):
        part = slice(start, start + _BLOCK)
        is_note = _sigmoid(_CONFIDENCE_SLOPE * (sure[part] - _CONFIDENCE))
        is_note *= _sigmoid((level_db[part] - silent_db) / _LEVEL_SLOPE_DB)
        is_note = np.clip(is_note, 0.02, 0.98)
        away = (midi[part, np.newaxis] - keys) / _SPREAD
        density = (1.0 - _STRAY) * np.exp(-0.5 * away**2) / (_SPREAD * np.sqrt(2.0 * np.pi))
        counted = np.clip(sure[part], 0.0, 1.0)[:, np.newaxis]
        in_key = counted * np.log(density + _STRAY / len(keys))
        nowhere = -counted[:, 0] * np.log(len(keys))
        yield (
            per_frame * (np.log(is_note)[:, np.newaxis] + in_key),
            per_frame * (np.log(1.0 - is_note) + nowhere),
        )


def _onset_gains(level_db: FloatArray, frame_rate: float) -> FloatArray:
    """What an onset at each frame gains by the rise of the loudness there."""
    half = max(1, round(_RISE_S * frame_rate / 2))
    held = np.pad(level_db, half, mode="edge")
    rise_db = held[2 * half :] - held[: -2 * half]
    return np.clip(_PER_DB * (rise_db - _RISE_DB), _LEAST, _MOST)


def levels_as_velocities(level_db: np.ndarray, spans: Sequence[tuple[int, int]]) -> FloatArray:
    """Each note's loudness as its place among all frames of notes.

    Args:
        level_db: Loudness, `[n_frames]`.
        spans: First frame of each note, and the frame after its last.

    Returns:
        `[n_notes]`: the share of the frames of all notes that are no louder than the note's median,
        at least 1 / 127. A note without a frame has 1 / 127.

    Example:
        >>> levels_as_velocities(np.array([-30.0, -30.0, -20.0, -20.0]), [(0, 2), (2, 4)]).tolist()
        [0.5, 1.0]
    """
    parts = [np.asarray(level_db)[start:end] for start, end in spans]
    if not any(len(part) for part in parts):
        return np.full(len(parts), 1.0 / 127.0)
    levels = np.sort(np.concatenate(parts))
    of_notes = [float(np.median(part)) if len(part) else -np.inf for part in parts]
    places = np.searchsorted(levels, of_notes, side="right") / len(levels)
    return np.clip(places, 1.0 / 127.0, 1.0)


def _sigmoid(x: FloatArray) -> FloatArray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


class _Path:
    """The best way through silence and keys so far, and how it came there.

    Args:
        n_frames: Of the whole.
        n_keys: How many keys.
        shortest: Frames that a note has at least.
        onset_gains: `[n_frames]`.
    """

    def __init__(self, n_frames: int, n_keys: int, shortest: int, onset_gains: FloatArray) -> None:
        self._shortest = shortest
        self._gains = onset_gains
        self._t = 0
        self._key_scores = np.full(n_keys, -np.inf)
        self._silence = 0.0
        # What the last frames say of each key, and the sum of that.
        self._recent = np.zeros([shortest, n_keys])
        self._recent_sum = np.zeros(n_keys)
        # By frame: the best score before it and its state; whether a note of each key has just
        # become long enough; which key silence was reached from.
        self._best = np.zeros(n_frames + 1)
        self._state = np.full(n_frames + 1, _SILENT)
        self._begun: BoolArray = np.zeros([n_frames + 1, n_keys], bool)
        self._before_silence = np.full(n_frames + 1, _SILENT)

    def advance(self, of_keys: FloatArray, of_silence: FloatArray) -> None:
        """Takes in the next frames."""
        for row, silence in zip(of_keys, of_silence, strict=True):
            last = int(self._key_scores.argmax())
            self._t += 1
            t, place = self._t, (self._t - 1) % self._shortest
            if self._key_scores[last] > self._silence:
                self._silence = float(self._key_scores[last])
                self._before_silence[t] = last
            self._silence += silence
            self._recent_sum += row - self._recent[place]
            self._recent[place] = row
            scores = self._key_scores + row
            start = t - self._shortest
            if start >= 0:
                entered = self._best[start] + self._gains[start] - _NEW_NOTE + self._recent_sum
                self._begun[t] = entered > scores
                scores = np.maximum(entered, scores)
            self._key_scores = scores
            key = int(scores.argmax())
            if scores[key] > self._silence:
                self._best[t], self._state[t] = scores[key], key
            else:
                self._best[t] = self._silence

    def trace(self) -> list[tuple[int, int, int]]:
        """Gives the notes of the best path: first frame, frame after the last, key."""
        notes = []
        t = end = self._t
        state = int(self._state[t])
        while t > 0:
            if state == _SILENT:
                state = int(self._before_silence[t])
                t -= 1
                end = t
            elif self._begun[t, state]:
                t -= self._shortest
                notes.append((t, end, state))
                end, state = t, int(self._state[t])
            else:
                t -= 1
        return notes[::-1]
