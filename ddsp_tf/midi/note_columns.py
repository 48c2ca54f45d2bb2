"""Notes as columns of frames: what a performer knows at every moment."""

from dataclasses import asdict, dataclass

import numpy as np

from ddsp_tf.midi.score import values_at
from ddsp_tf.types import Float32Array, FloatArray, IntArray


@dataclass(frozen=True)
class NoteColumns:
    """A line of notes, frame by frame; each `[n_frames]`.

    A frame belongs to the last note that began by then, those before the first note to it.

    Attributes:
        midi: The key.
        velocity: 0 to 1.
        onset: 1 in the frame in which a note begins, else 0.
        offset: 1 in the first frame after a note that is left, else 0.
        age_s: Seconds since the note began; 0 before the first.
        gate: 1 while the note is held, one frame at least; else 0.
        pedal: How far the sustain pedal is down, 0 to 1.
        index: Which note it is.
    """

    midi: Float32Array
    velocity: Float32Array
    onset: Float32Array
    offset: Float32Array
    age_s: Float32Array
    gate: Float32Array
    pedal: Float32Array
    index: IntArray

    def columns(self) -> dict[str, Float32Array]:
        """Gives all but `index` by name, each `[n_frames, 1]`."""
        return {key: x[:, np.newaxis] for key, x in asdict(self).items() if key != "index"}


def note_columns(
    notes: np.ndarray,
    *,
    frame_rate: float,
    n_frames: int,
    pedal: FloatArray | None = None,
) -> NoteColumns:
    """Lays a line of notes out in frames; an onset stands in the nearest one.

    Args:
        notes: `[n_notes, 5]`, n_notes > 0, one at a time, sorted: onset and offset in seconds, MIDI
            number, velocity, channel.
        frame_rate: Frames a second.
        n_frames: Frames to fill.
        pedal: `[n, 2]`: seconds, and how far it is down from 0 to 1.

    Example:
        >>> line = np.array([[0.1, 0.3, 60, 0.5, 0], [0.3, 0.4, 62, 1.0, 0]])
        >>> columns = note_columns(line, frame_rate=10.0, n_frames=6)
        >>> columns.midi.tolist(), columns.onset.tolist()
        ([60.0, 60.0, 60.0, 62.0, 62.0, 62.0], [0.0, 1.0, 0.0, 1.0, 0.0, 0.0])
        >>> columns.gate.tolist(), columns.offset.tolist()
        ([0.0, 1.0, 1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    """
    rows = np.asarray(notes, np.float64)
    frames = np.arange(n_frames)
    onsets = np.round(rows[:, 0] * frame_rate)
    index = np.clip(np.searchsorted(onsets, frames, side="right") - 1, 0, None)
    ends = np.maximum(np.round(rows[:, 1] * frame_rate), onsets + 1)
    held = (frames >= onsets[index]) & (frames < ends[index])
    left = held[:-1] & ~held[1:]
    return NoteColumns(
        midi=rows[index, 2].astype(np.float32),
        velocity=rows[index, 3].astype(np.float32),
        onset=(frames == onsets[index]).astype(np.float32),
        offset=np.append(False, left).astype(np.float32)[:n_frames],
        age_s=np.maximum(frames / frame_rate - rows[index, 0], 0.0).astype(np.float32),
        gate=held.astype(np.float32),
        pedal=values_at(pedal, frames / frame_rate).astype(np.float32),
        index=index.astype(np.int32),
    )
