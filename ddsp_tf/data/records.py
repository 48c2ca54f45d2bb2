"""Shards of stored pieces: contiguous audio with its features, every sample stored once."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.data.recording import Recording
from ddsp_tf.data.segments import Segment
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Features

PIECE_FRAMES = 2500
"""Frames a record: long enough to be read fast, short enough to be read alone."""

_SHARD_BYTES = 64 << 20
_FRAMING_BYTES = 16  # What a TFRecord adds to each record: length, and two checksums.


@dataclass(frozen=True)
class Piece:
    """A stretch of one segment, as stored.

    Attributes:
        pcm: int16 `[n_frames * hop_length]`.
        features: One value a frame.
    """

    pcm: np.ndarray
    features: Features


class ShardWriter:
    """Writes one split's segments into as many shards as they need.

    Args:
        folder: An existing folder.
        split: `"train"` or `"eval"`; shards are called `train-00000.tfrecord` and so on.
        hop_length: Samples a frame.
    """

    def __init__(self, folder: Path, split: str, *, hop_length: int) -> None:
        self._folder = folder
        self._split = split
        self._hop_length = hop_length
        self._shards: list[dict[str, Any]] = []
        self._writer: tf.io.TFRecordWriter | None = None
        self._n_bytes = 0

    def add(self, name: str, recording: Recording, segment: Segment) -> None:
        """Appends a segment of a recording, in pieces."""
        for first in range(*segment, PIECE_FRAMES):
            frames = slice(first, min(first + PIECE_FRAMES, segment[1]))
            self._write(_serialise(name, recording, frames, self._hop_length))

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
        with (self._folder / shard["file"]).open("rb") as file:
            shard["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
        shard["bytes"] = self._n_bytes


def read_pieces(paths: list[Path], *, hop_length: int) -> Iterator[Piece]:
    """Reads every record of some shards in order, with its checksum verified.

    Raises:
        DatasetError: A shard is missing or damaged.
    """
    try:
        for record in tf.data.TFRecordDataset([str(path) for path in paths]):
            yield parse_piece(record.numpy(), hop_length=hop_length)
    except tf.errors.NotFoundError as error:
        missing = [str(path) for path in paths if not path.exists()]
        raise DatasetError(
            f"Shards of the dataset are missing: {missing}. Copy it again."
        ) from error
    except tf.errors.DataLossError as error:
        raise DatasetError(
            f"A shard beside `{paths[0]}` is damaged. Copy or prepare the dataset again."
        ) from error


def read_piece_at(path: Path, offset: int, *, hop_length: int) -> Piece:
    """Reads the one record of a shard that starts at a byte offset.

    Raises:
        DatasetError: The shard is missing or shorter than that.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            length = int.from_bytes(file.read(8), "little")
            file.seek(4, 1)
            record = file.read(length)
    except OSError as error:
        raise DatasetError(f"`{path}` cannot be read: {error.strerror}.") from error
    if not record or len(record) < length:
        raise DatasetError(f"`{path}` is cut short. Copy or prepare the dataset again.")
    return parse_piece(record, hop_length=hop_length)


def parse_piece(record: bytes, *, hop_length: int) -> Piece:
    """Reads one serialised record.

    Raises:
        DatasetError: It is another kind of record.
    """
    example = tf.train.Example.FromString(record).features.feature
    missing = [
        key for key in ("pcm", "f0_hz", "f0_confidence", "loudness_db") if key not in example
    ]
    if missing:
        raise DatasetError(f"A record lacks {missing}: the shards are not of this dataset.")
    features = Features(
        **{
            key: np.asarray(example[key].float_list.value, np.float32)
            for key in ("f0_hz", "f0_confidence", "loudness_db")
        }
    )
    pcm = np.frombuffer(example["pcm"].bytes_list.value[0], "<i2")
    if len(pcm) != len(features.f0_hz) * hop_length:
        raise DatasetError(
            f"A record has {len(pcm)} samples for {len(features.f0_hz)} frames of {hop_length}: "
            "the shards are not of this dataset."
        )
    return Piece(pcm, features)


def _serialise(name: str, recording: Recording, frames: slice, hop_length: int) -> bytes:
    pcm = recording.pcm[frames.start * hop_length : frames.stop * hop_length]
    features = recording.features
    content = {
        "name": _bytes(name.encode()),
        "first_frame": tf.train.Feature(int64_list=tf.train.Int64List(value=[frames.start])),
        "pcm": _bytes(pcm.astype("<i2").tobytes()),
        "f0_hz": _floats(features.f0_hz[frames]),
        "f0_confidence": _floats(features.f0_confidence[frames]),
        "loudness_db": _floats(features.loudness_db[frames]),
    }
    return tf.train.Example(features=tf.train.Features(feature=content)).SerializeToString()


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _floats(values: np.ndarray) -> tf.train.Feature:
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))
