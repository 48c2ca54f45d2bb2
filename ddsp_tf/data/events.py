"""What a segment has once and not for every frame: notes, and single values."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from ddsp_tf.data.notes import cut_notes
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.records import bytes_feature, read_records
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Column

Events = dict[str, np.ndarray]
"""`[n_notes, 5]` of a column of notes, `[width]` of one of values."""


def segment_events(
    recording: Recording, columns: Mapping[str, Column], start_s: float, end_s: float
) -> Events:
    """The notes that sound in a stretch of a recording, with times from its start; and values."""
    return {
        name: cut_notes(recording.events[name], start_s, end_s)
        if column.signal.kind == "notes"
        else np.asarray(recording.events[name], np.float32)
        for name, column in columns.items()
    }


def write_events(path: Path, events: Sequence[Events]) -> None:
    """Writes one record a segment."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for of_segment in events:
            content = {
                name: bytes_feature(values.astype("<f4").tobytes())
                for name, values in of_segment.items()
            }
            example = tf.train.Example(features=tf.train.Features(feature=content))
            writer.write(example.SerializeToString(deterministic=True))


def read_events(path: Path, columns: Mapping[str, Column], *, n_segments: int) -> list[Events]:
    """Reads what `write_events` wrote.

    Raises:
        DatasetError: The file is missing, damaged, or of another dataset.
    """
    found = [_parse(record, columns, path) for record in read_records([path])]
    if len(found) != n_segments:
        raise DatasetError(
            f"`{path}` holds {len(found)} segments where {n_segments} are listed. "
            "Copy or prepare the dataset again."
        )
    return found


def _parse(record: bytes, columns: Mapping[str, Column], path: Path) -> Events:
    try:
        stored = tf.train.Example.FromString(record).features.feature
        values = {name: np.frombuffer(stored[name].bytes_list.value[0], "<f4") for name in columns}
        return {
            name: value.reshape(-1, columns[name].width)
            if columns[name].signal.kind == "notes"
            else value.reshape(columns[name].width)
            for name, value in values.items()
        }
    except (DecodeError, IndexError, ValueError) as error:
        raise DatasetError(
            f"`{path}` doesn't hold {sorted(columns)}. Copy or prepare the dataset again."
        ) from error
