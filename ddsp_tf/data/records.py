"""Shards of stored pieces: contiguous frames of all columns, every sample stored once."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from ddsp_tf.data.recording import Recording
from ddsp_tf.data.segments import Segment
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Column

Arrays = dict[str, np.ndarray]
"""`[n_frames, values_per_frame]` of each column, as stored."""

PIECE_FRAMES = 2500
"""Frames a record: long enough to be read fast, short enough to be read alone."""

_SHARD_BYTES = 64 << 20
_FRAMING_BYTES = 16  # What a TFRecord adds to each record: length, and two checksums.
_FIRST_FORMAT_NAMES = {"audio": "pcm"}
"""What 0.1.0 called a column in its records."""


class ShardWriter:
    """Writes one split's segments into as many shards as they need.

    Args:
        folder: An existing folder.
        split: `"train"` or `"eval"`; shards are called `train-00000.tfrecord` and so on.
        columns: Those with values for every frame, by name.
        hop_length: Samples a frame.
    """

    def __init__(
        self, folder: Path, split: str, columns: Mapping[str, Column], *, hop_length: int
    ) -> None:
        self._folder = folder
        self._split = split
        self._columns = columns
        self._hop_length = hop_length
        self._shards: list[dict[str, Any]] = []
        self._writer: tf.io.TFRecordWriter | None = None
        self._n_bytes = 0

    def add(self, name: str, recording: Recording, segment: Segment) -> None:
        """Appends a segment of a recording, in pieces."""
        for first in range(*segment, PIECE_FRAMES):
            frames = slice(first, min(first + PIECE_FRAMES, segment[1]))
            self._write(_serialise(name, recording, frames, self._columns, self._hop_length))

    def close(self) -> list[dict[str, Any]]:
        """Ends the last shard and returns a description of all: name, offsets, SHA-256."""
        self._end_shard()
        return self._shards

    def _write(self, record: bytes) -> None:
        if self._writer is None or self._n_bytes + len(record) > _SHARD_BYTES:
            self._end_shard()
            name = f"{self._split}-{len(self._shards):05d}.tfrecord"
            self._writer = tf.io.TFRecordWriter(str(self._folder / name))
            self._shards.append({"file": name, "offsets": []})
            self._n_bytes = 0
        self._shards[-1]["offsets"].append(self._n_bytes)
        self._writer.write(record)
        self._n_bytes += len(record) + _FRAMING_BYTES

    def _end_shard(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        shard = self._shards[-1]
        shard["sha256"] = file_sha256(self._folder / shard["file"])
        shard["bytes"] = self._n_bytes


def file_sha256(path: Path) -> str:
    """SHA-256 of a file that was just written."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def frame_arrays(
    recording: Recording, frames: slice, columns: Mapping[str, Column], hop_length: int
) -> Arrays:
    """Some frames of a recording as they are stored."""
    arrays = {}
    for name, column in columns.items():
        values = recording.samples if column.signal.kind == "samples" else recording.features
        by_frame = values[name].reshape(recording.n_frames, column.values_per_frame(hop_length))
        arrays[name] = by_frame[frames].astype(column.stored_dtype, copy=False)
    return arrays


def empty_arrays(columns: Mapping[str, Column], hop_length: int) -> Arrays:
    """No frame at all."""
    return {
        name: np.zeros([0, column.values_per_frame(hop_length)], column.stored_dtype)
        for name, column in columns.items()
    }


def join_arrays(parts: Sequence[Arrays]) -> Arrays:
    """Puts stretches of the same columns, at least one, end to end."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def read_pieces(
    paths: list[Path], columns: Mapping[str, Column], *, hop_length: int
) -> Iterator[Arrays]:
    """Reads every record of some shards in order, with its checksum verified.

    Raises:
        DatasetError: A shard is missing or damaged.
    """
    for record in read_records(paths):
        yield parse_piece(record, columns, hop_length=hop_length)


def read_records(paths: list[Path]) -> Iterator[bytes]:
    """Reads the records of some TFRecord files in order, with their checksums verified.

    Raises:
        DatasetError: A file is missing or damaged.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise DatasetError(f"Shards of the dataset are missing: {missing}. Copy it again.")
    for path in paths:
        offset = 0
        try:
            for record in tf.data.TFRecordDataset(str(path)):
                content = record.numpy()
                yield content
                offset += _FRAMING_BYTES + len(content)
        except tf.errors.DataLossError as error:
            raise DatasetError(
                f"`{path}` is damaged: the record at byte {offset:,} is cut short, or its checksum "
                "differs. Copy or prepare the dataset again."
            ) from error


def read_piece_at(
    path: Path, offset: int, columns: Mapping[str, Column], *, hop_length: int
) -> Arrays:
    """Reads the one record of a shard that starts at a byte offset.

    Raises:
        DatasetError: The shard is missing, shorter than that, or damaged there.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            length = int.from_bytes(file.read(8), "little")
            file.seek(4, 1)
            # No more memory than there is file, whatever the length says.
            record = file.read(min(length, path.stat().st_size))
    except OSError as error:
        raise DatasetError(f"`{path}` cannot be read: {error.strerror}.") from error
    if not record or len(record) < length:
        raise DatasetError(f"`{path}` is cut short. Copy or prepare the dataset again.")
    try:
        return parse_piece(record, columns, hop_length=hop_length)
    except DatasetError as error:
        raise DatasetError(f"`{path}` is damaged at byte {offset}: {error}") from error


def parse_piece(record: bytes, columns: Mapping[str, Column], *, hop_length: int) -> Arrays:
    """Reads one serialised record, of this version or of 0.1.0.

    Raises:
        DatasetError: It is another kind of record.
    """
    try:
        stored = tf.train.Example.FromString(record).features.feature
    except DecodeError as error:
        raise DatasetError(f"A record is no `tf.train.Example` ({error}).") from error
    keys = {name: _stored_name(name, stored) for name in columns}
    missing = [key for key in keys.values() if key not in stored]
    if missing:
        raise DatasetError(f"A record lacks {missing}: the shards are not of this dataset.")
    values = {name: _values(stored[keys[name]], column) for name, column in columns.items()}
    sizes = {name: column.values_per_frame(hop_length) for name, column in columns.items()}
    n_frames = {len(value) / sizes[name] for name, value in values.items()}
    if len(n_frames) > 1 or not all(count.is_integer() for count in n_frames):
        held = ", ".join(f"{len(value)} of `{name}`" for name, value in values.items())
        raise DatasetError(
            f"A record holds {held} for frames of {hop_length} samples: "
            "the shards are not of this dataset."
        )
    return {name: value.reshape(-1, sizes[name]) for name, value in values.items()}


def _stored_name(name: str, stored: Mapping[str, Any]) -> str:
    older = _FIRST_FORMAT_NAMES.get(name, name)
    return older if name not in stored and older in stored else name


def _values(feature: tf.train.Feature, column: Column) -> np.ndarray:
    if feature.HasField("float_list"):  # As 0.1.0 stored them.
        return np.asarray(feature.float_list.value, np.float32)
    if not feature.bytes_list.value:
        raise DatasetError("A record has a column without values: the shards are damaged.")
    content = feature.bytes_list.value[0]
    dtype = np.dtype(column.stored_dtype)
    return np.frombuffer(content[: len(content) // dtype.itemsize * dtype.itemsize], dtype)


def _serialise(
    name: str,
    recording: Recording,
    frames: slice,
    columns: Mapping[str, Column],
    hop_length: int,
) -> bytes:
    arrays = frame_arrays(recording, frames, columns, hop_length)
    content = {
        "name": bytes_feature(name.encode()),
        "first_frame": tf.train.Feature(int64_list=tf.train.Int64List(value=[frames.start])),
        **{column: bytes_feature(values.tobytes()) for column, values in arrays.items()},
    }
    return tf.train.Example(features=tf.train.Features(feature=content)).SerializeToString(
        deterministic=True
    )


def bytes_feature(value: bytes) -> tf.train.Feature:
    """A feature of one string of bytes."""
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
