"""Which voice of a polyphonic instrument plays which note, frame by frame."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Float32Array

VOICE_COLUMNS = ("midi", "velocity", "gate")
"""Columns of frames, as wide as a polyphonic model has voices: what it is told of each."""


@dataclass(frozen=True)
class VoiceFrames:
    """Notes shared out among voices.

    Attributes:
        midi: The key that a voice plays, `[n_frames, n_voices]`: from the onset of a note to that
            of the voice's next; before its first note the key of that note, and that of the lowest
            note in a voice that never plays.
        velocity: 0 to 1 in the frame of an onset, else 0, `[n_frames, n_voices]`.
        gate: 1 from a note's onset until its key is released, else 0, `[n_frames, n_voices]`.
        n_stolen: How many notes were cut short, as more were held than there are voices.
    """

    midi: Float32Array
    velocity: Float32Array
    gate: Float32Array
    n_stolen: int

    def columns(self) -> dict[str, Float32Array]:
        """Gives the three arrays by the names of `VOICE_COLUMNS`."""
        return {"midi": self.midi, "velocity": self.velocity, "gate": self.gate}


def allocate_voices(
    notes: np.ndarray, *, n_voices: int, frame_rate: float, n_frames: int
) -> VoiceFrames:
    """Shares notes out among voices, the last note first.

    A note takes the voice that holds its own key, or rang with it last (a re-trigger); else one
    that has not played yet; else the one that was released longest ago; else, as all are held, the
    one whose note began first, which is cut short. An onset stands in the nearest frame, and a note
    is held for one frame at least.

    Args:
        notes: `[n_notes, 5]`: onset and offset in seconds, MIDI number, velocity, channel.
        n_voices: Notes that sound at once, >= 1.
        frame_rate: Frames a second.
        n_frames: Frames to fill; later notes are left out.

    Returns:
        What each voice is told.

    Raises:
        ArgumentError: There is no voice, or no note.

    Example:
        >>> chord = np.array([[0.0, 0.02, 60, 0.5, 0], [0.01, 0.03, 64, 1.0, 0]])
        >>> voices = allocate_voices(chord, n_voices=2, frame_rate=100.0, n_frames=4)
        >>> voices.midi[0].tolist(), voices.gate.T.tolist()
        ([60.0, 64.0], [[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 1.0, 0.0]])
        >>> voices.velocity.T.tolist()
        [[0.5, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]

    Reference:
        Renault, Mignot and Roebel 2022, section 2.1 (16 voices there).
    """
    if n_voices < 1:
        raise ArgumentError(f"`n_voices` should be at least 1. Received {n_voices}.")
    if not len(notes):
        raise ArgumentError("`notes` should hold a note at least. Received none.")
    voices = [_Voice() for _ in range(n_voices)]
    n_stolen = 0
    order = np.lexsort((notes[:, 2], notes[:, 0]))
    for onset_s, offset_s, key, velocity, _ in np.asarray(notes, np.float64)[order].tolist():
        onset = round(onset_s * frame_rate)
        if onset >= n_frames:
            continue
        voice = _choose(voices, key, onset)
        n_stolen += voice.is_held(onset) and voice.key != key
        voice.play(onset, max(onset + 1, round(offset_s * frame_rate)), key, velocity)
    frames = np.zeros((3, n_frames, n_voices), np.float32)
    frames[0] = np.min(notes[:, 2])
    for index, voice in enumerate(voices):
        for onset, offset, key, velocity in voice.notes:
            frames[0, 0 if onset == voice.notes[0][0] else onset :, index] = key
            frames[1, onset, index] = velocity
            frames[2, onset:offset, index] = 1.0
    return VoiceFrames(frames[0], frames[1], frames[2], n_stolen)


class _Voice:
    """The notes of one voice: onset, offset, key, velocity; one after the other."""

    def __init__(self) -> None:
        self.notes: list[tuple[int, int, float, float]] = []

    @property
    def key(self) -> float:
        return self.notes[-1][2] if self.notes else -1.0

    @property
    def onset(self) -> int:
        return self.notes[-1][0] if self.notes else -1

    @property
    def offset(self) -> int:
        return self.notes[-1][1] if self.notes else -1

    def is_held(self, frame: int) -> bool:
        return self.offset > frame

    def play(self, onset: int, offset: int, key: float, velocity: float) -> None:
        if self.is_held(onset):
            start, _, before, loud = self.notes.pop()
            if onset > start:
                self.notes.append((start, onset, before, loud))
        self.notes.append((onset, offset, key, velocity))


def _choose(voices: list[_Voice], key: float, frame: int) -> _Voice:
    own = [voice for voice in voices if voice.key == key]
    if own:
        return max(own, key=lambda voice: voice.onset)
    free = [voice for voice in voices if not voice.is_held(frame)]
    if free:
        return min(free, key=lambda voice: voice.offset)
    return min(voices, key=lambda voice: voice.onset)
