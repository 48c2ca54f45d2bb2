"""Notes that sound together, shared out among players of one note at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import FloatArray

_CHORD_S = 0.03
"""Onsets that are this near belong to one chord."""
_SLUR_S = 0.06
"""A note that is held for so long into the next is slurred to it: no chord, no gap."""
_NEW_VOICE = 7.0
_GAP_PER_S, _LONGEST_GAP_S = 4.0, 2.0
_OTHER_CHANNEL = 24.0
"""What it costs, in semitones: a voice that hasn't played, a rest, a note of another channel."""


@dataclass(frozen=True)
class VoiceLines:
    """Notes shared out among voices that play one at a time.

    Attributes:
        lines: Each voice's notes, `[n, 5]`, n > 0, sorted, none longer than to the next one's
            onset; the voices in the order of their first notes.
        n_stolen: How many notes were cut short, as more were held than there are voices.
        n_left_out: How many aren't heard at all, as more began at once.
    """

    lines: tuple[FloatArray, ...]
    n_stolen: int
    n_left_out: int

    @property
    def notes(self) -> FloatArray:
        """All notes that are played, `[n, 5]`, sorted by onset."""
        notes = np.concatenate(self.lines)
        return notes[np.lexsort((notes[:, 2], notes[:, 0]))]


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
    for note in _sorted(notes):
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


def most_together(notes: np.ndarray) -> int:
    """How many notes sound together at most; for less than 60 ms they don't, being slurred.

    Example:
        >>> most_together(np.array([[0, 1.05, 60, 1, 0], [1, 2, 62, 1, 0]]))
        1
    """
    rows = _sorted(notes)
    # A slurred note ends where the next begins, but a short note of a chord is no slur.
    ends = np.sort(np.maximum(rows[:, 1] - _SLUR_S, np.minimum(rows[:, 0] + _CHORD_S, rows[:, 1])))
    begins = np.sort(rows[:, 0])
    begun = np.arange(1, len(begins) + 1)
    return int((begun - np.searchsorted(ends, begins, side="right")).max(initial=0))


def split_voices(notes: np.ndarray, *, n_voices: int) -> VoiceLines:
    """Shares notes out among voices, each of which goes to the notes nearest to its last.

    The notes of a chord, those that begin within 30 ms, take the free voices without crossing
    them, so that the sum of all steps is smallest; a rest makes a step larger, and a voice that has
    not played yet is as far as a fifth. A key that is struck again while it is held takes its own
    voice. Where all voices are held, the one whose note began first is cut short. With one voice it
    is the top line.

    Args:
        notes: `[n_notes, 5]`, n_notes > 0: onset and offset in seconds, MIDI number, velocity,
            channel.
        n_voices: Notes that sound at once, >= 1.

    Raises:
        ArgumentError: There is no voice, or no note.

    Example:
        >>> parts = [[0, 1, 60, 1, 0], [0, 1, 67, 1, 0], [1, 2, 59, 1, 0], [1, 2, 69, 1, 0]]
        >>> [line[:, 2].tolist() for line in split_voices(np.array(parts), n_voices=2).lines]
        [[60.0, 59.0], [67.0, 69.0]]
    """
    if n_voices < 1:
        raise ArgumentError(f"`n_voices` should be at least 1. Received {n_voices}.")
    if not len(notes):
        raise ArgumentError("`notes` should hold a note at least. Received none.")
    if n_voices == 1:
        line = top_line(notes)
        return VoiceLines((line,), 0, len(notes) - len(line))
    voices: list[list[np.ndarray]] = []
    n_stolen = n_left_out = 0
    for chord in _chords(_sorted(notes)):
        n_left_out += max(0, len(chord) - n_voices)
        kept = sorted(chord, key=lambda note: -note[2])[:n_voices]
        n_stolen += _take(voices, sorted(kept, key=lambda note: note[2]), n_voices)
    return VoiceLines(tuple(np.array(voice) for voice in voices), n_stolen, n_left_out)


def _sorted(notes: np.ndarray) -> FloatArray:
    rows = np.asarray(notes, np.float64)
    return rows[np.lexsort((rows[:, 2], rows[:, 0]))]


def _chords(rows: FloatArray) -> Iterator[list[np.ndarray]]:
    """Notes that begin together, each one a copy."""
    chord: list[np.ndarray] = []
    for note in rows:
        if chord and note[0] - chord[0][0] > _CHORD_S:
            yield chord
            chord = []
        chord.append(note.copy())
    yield chord


def _take(voices: list[list[np.ndarray]], chord: list[np.ndarray], n_voices: int) -> int:
    """Gives each note of a chord a voice; returns how many held notes that cut short."""
    taken: set[int] = set()
    rest = []
    for note in chord:
        own = next(
            (
                i
                for i, voice in enumerate(voices)
                if i not in taken and _is_held(voice, note) and _is_same_key(voice[-1], note)
            ),
            None,
        )
        if own is None:
            rest.append(note)
        else:
            taken.add(own)
            _play(voices[own], note)
    free = [
        i
        for i, voice in enumerate(voices)
        if i not in taken and not any(_is_held(voice, note) for note in rest)
    ]
    n_new = n_voices - len(voices)
    lacking = len(rest) - len(free) - n_new
    held = sorted(
        (i for i in range(len(voices)) if i not in taken and i not in free),
        key=lambda i: float(voices[i][-1][0]),
    )
    stolen = held[: max(0, lacking)]
    candidates = sorted(free + stolen, key=lambda i: float(voices[i][-1][2]))
    steps = [[_step(voices[i][-1], note) for i in candidates] for note in rest]
    for note, place in zip(rest, _match(steps, n_new=n_new), strict=True):
        if place is None:
            voices.append([note])
        else:
            _play(voices[candidates[place]], note)
    return len(stolen)


def _is_held(voice: list[np.ndarray], note: np.ndarray) -> bool:
    """Whether a voice still sounds when a note begins, and isn't slurred to it."""
    last = voice[-1]
    if note[0] - last[0] <= _CHORD_S:
        return bool(last[1] > note[0])
    return bool(last[1] - note[0] > _SLUR_S)


def _is_same_key(last: np.ndarray, note: np.ndarray) -> bool:
    return bool(last[2] == note[2] and last[4] == note[4])


def _step(last: np.ndarray, note: np.ndarray) -> float:
    gap_s = min(max(float(note[0] - last[1]), 0.0), _LONGEST_GAP_S)
    other = _OTHER_CHANNEL * float(last[4] != note[4])
    return abs(float(note[2] - last[2])) + _GAP_PER_S * gap_s + other


def _play(voice: list[np.ndarray], note: np.ndarray) -> None:
    last = voice[-1]
    last[1] = min(last[1], note[0])
    if last[1] <= last[0]:
        voice.pop()
    voice.append(note)


def _match(steps: Sequence[Sequence[float]], *, n_new: int) -> list[int | None]:
    """Which voice each note takes, None for a new one: the cheapest choice without crossings.

    Args:
        steps: What it costs a voice to play a note, a row a note; both from low to high.
        n_new: Voices that haven't played, at `_NEW_VOICE` each.
    """
    n_notes, n_old = len(steps), len(steps[0]) if steps else 0
    # Cost and choice of the first notes with the first voices, by the number of new ones used.
    best: dict[tuple[int, int, int], tuple[float, tuple[int | None, ...]]] = {(0, 0, 0): (0.0, ())}
    for voice in range(n_old + 1):
        for note in range(n_notes + 1):
            for new in range(min(n_new, note) + 1):
                options = []
                if voice and (note, voice - 1, new) in best:
                    options.append(best[note, voice - 1, new])
                if note and new and (note - 1, voice, new - 1) in best:
                    cost, chosen = best[note - 1, voice, new - 1]
                    options.append((cost + _NEW_VOICE, (*chosen, None)))
                if note and voice and (note - 1, voice - 1, new) in best:
                    cost, chosen = best[note - 1, voice - 1, new]
                    step = steps[note - 1][voice - 1]
                    options.append((cost + step, (*chosen, voice - 1)))
                if options:
                    best[note, voice, new] = min(options, key=lambda option: option[0])
    complete = [
        best[n_notes, n_old, new] for new in range(n_new + 1) if (n_notes, n_old, new) in best
    ]
    return list(min(complete, key=lambda option: option[0])[1])
