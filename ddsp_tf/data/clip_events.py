"""Notes and values of clips, cut from those of their segments."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ddsp_tf.data.events import Events
from ddsp_tf.data.notes import cut_notes, most_notes_within, pad_notes
from ddsp_tf.features import Column
from ddsp_tf.types import Float32Array


def event_reader(
    events: Sequence[Events],
    columns: Mapping[str, Column],
    *,
    clip_frames: int,
    frame_rate: float,
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns a function from `[batch, 2]` (segment, first frame) to the columns of the clips.

    Notes are `[batch, n_notes, 5]`, where n_notes is the most that sound in any clip of this
    length, so that all batches have one shape; values are `[batch, width]`.
    """
    readers = {
        name: _note_reader([of[name] for of in events], clip_frames, frame_rate)
        if column.signal.kind == "notes"
        else _value_reader([of[name] for of in events])
        for name, column in columns.items()
    }

    def read(clips: tf.Tensor) -> dict[str, tf.Tensor]:
        return {name: reader(clips) for name, reader in readers.items()}

    return read


def _value_reader(values: list[np.ndarray]) -> Callable[[tf.Tensor], tf.Tensor]:
    table = tf.constant(np.stack(values), tf.float32)
    return lambda clips: tf.gather(table, clips[:, 0])


def _note_reader(
    notes: list[np.ndarray], clip_frames: int, frame_rate: float
) -> Callable[[tf.Tensor], tf.Tensor]:
    clip_s = clip_frames / frame_rate
    n_notes = max(1, *(most_notes_within(of_segment, clip_s) for of_segment in notes))

    def cut(clips: np.ndarray) -> Float32Array:
        parts = []
        for segment, frame in clips:
            start_s = float(frame) / frame_rate
            parts.append(pad_notes(cut_notes(notes[segment], start_s, start_s + clip_s), n_notes))
        return np.stack(parts)

    def read(clips: tf.Tensor) -> tf.Tensor:
        found = tf.numpy_function(cut, [clips], tf.float32, stateful=False)
        return tf.ensure_shape(found, [clips.shape[0], n_notes, notes[0].shape[1]])

    return read
