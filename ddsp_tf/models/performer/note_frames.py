"""Notes laid out in frames on the graph, as `midi.note_columns` does in NumPy."""

from typing import NamedTuple

import tensorflow as tf


class NoteFrames(NamedTuple):
    """What is known of the note of every frame; each but `index` `[batch, n_frames, 1]`.

    A frame belongs to the last note that began by then, those before the first note to it.

    Attributes:
        midi: The key; 0 where there is no note at all.
        velocity: 0 to 1.
        gate: 1 while the note is held, one frame at least; else 0.
        onset: 1 in the frame in which a note begins, else 0.
        age: Frames since the note began; negative before the first.
        left: Frames until it ends; negative after that.
        length: Of the note, in frames, >= 1.
        index: Which note it is, `[batch, n_frames]`.
    """

    midi: tf.Tensor
    velocity: tf.Tensor
    gate: tf.Tensor
    onset: tf.Tensor
    age: tf.Tensor
    left: tf.Tensor
    length: tf.Tensor
    index: tf.Tensor


def note_frames(notes: tf.Tensor, n_frames: int | tf.Tensor, *, frame_rate: float) -> NoteFrames:
    """Lays notes out in frames; an onset stands in the nearest one.

    Args:
        notes: `[batch, n_notes, 5]`, n_notes > 0, sorted by onset, padded with velocity 0: onset
            and offset in seconds, MIDI number, velocity (0 to 1), channel.
        n_frames: Frames to fill.
        frame_rate: Frames a second.

    Example:
        >>> line = tf.constant([[[0.1, 0.3, 60, 0.5, 0], [0.3, 0.4, 62, 1.0, 0]]])
        >>> frames = note_frames(line, 6, frame_rate=10.0)
        >>> frames.midi[0, :, 0].numpy().tolist(), frames.gate[0, :, 0].numpy().tolist()
        ([60.0, 60.0, 60.0, 62.0, 62.0, 62.0], [0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    """
    notes = tf.cast(notes, tf.float32)
    is_note = notes[..., 3] > 0.0
    onsets = tf.round(notes[..., 0] * frame_rate)
    ends = tf.maximum(tf.round(notes[..., 1] * frame_rate), onsets + 1.0)
    frames = tf.range(n_frames, dtype=tf.float32)
    begun = (onsets[:, tf.newaxis] <= frames[:, tf.newaxis]) & is_note[:, tf.newaxis]
    index = tf.maximum(tf.reduce_sum(tf.cast(begun, tf.int32), axis=2) - 1, 0)
    table = tf.stack(
        [notes[..., 2], notes[..., 3], onsets, ends, tf.cast(is_note, tf.float32)], axis=-1
    )
    midi, velocity, onset, end, there = tf.split(tf.gather(table, index, batch_dims=1), 5, axis=-1)
    frames = frames[tf.newaxis, :, tf.newaxis]
    age, left = frames - onset, end - frames
    return NoteFrames(
        midi=midi * there,
        velocity=velocity,
        gate=there * tf.cast((age >= 0.0) & (left > 0.0), tf.float32),
        onset=there * tf.cast(age == 0.0, tf.float32),
        age=age,
        left=left,
        length=tf.maximum(end - onset, 1.0),
        index=index,
    )
