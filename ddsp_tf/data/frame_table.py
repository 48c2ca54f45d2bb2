"""The stored frames of one split, in memory or read from its shards."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.data.recording import PCM_SCALE
from ddsp_tf.data.records import Piece, read_pieces
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Features

Batch = dict[str, tf.Tensor]

SILENT_DB = -80.0
_MEMORY_BYTES = 2 << 30


class FrameTable:
    """Segments laid end to end: audio `[n_frames, hop_length]` and features `[n_frames, 3]`.

    Args:
        names: The source of each segment.
        segment_lengths: Frames of each segment.
        load: Returns all frames, as `(pcm, features)` arrays; called once, when first needed.
        hop_length: Samples a frame.
    """

    def __init__(
        self,
        names: list[str],
        segment_lengths: list[int],
        load: Callable[[], tuple[np.ndarray, np.ndarray]],
        *,
        hop_length: int,
    ) -> None:
        self.names = names
        self.segment_lengths = np.asarray(segment_lengths, np.int64)
        self.n_frames = int(self.segment_lengths.sum())
        self.hop_length = hop_length
        self._starts = np.cumsum(self.segment_lengths) - self.segment_lengths
        self._load = lru_cache(maxsize=1)(load)

    @classmethod
    def from_info(cls, path: Path, info: dict[str, Any], *, hop_length: int) -> "FrameTable":
        """Describes one split of `dataset.json`; reads no audio."""
        shards = [path / shard["file"] for shard in info["shards"]]
        segments = info["segments"]

        def load() -> tuple[np.ndarray, np.ndarray]:
            pcm, features = _join(list(read_pieces(shards, hop_length=hop_length)), hop_length)
            n_frames = sum(segment["n_frames"] for segment in segments)
            if len(pcm) != n_frames:
                raise DatasetError(
                    f"The shards of `{path}` hold {len(pcm)} frames where {n_frames} are listed. "
                    "Copy or prepare the dataset again."
                )
            return pcm, features

        return cls(
            [segment["name"] for segment in segments],
            [segment["n_frames"] for segment in segments],
            load,
            hop_length=hop_length,
        )

    def segment(self, index: int) -> Piece:
        """One whole segment."""
        pcm, features = self._load()
        start = int(self._starts[index])
        frames = slice(start, start + int(self.segment_lengths[index]))
        return Piece(pcm[frames].reshape(-1), Features(*features[frames].T))

    def reader(self, clip_frames: int) -> Callable[[tf.Tensor], Batch]:
        """Returns a function from `[batch, 2]` (segment, first frame) to a batch of clips."""
        pcm, features = (tf.constant(array) for array in self._load())
        starts, lengths = self._starts, self.segment_lengths

        def read(clips: tf.Tensor) -> Batch:
            segment, offset = clips[:, :1], clips[:, 1:]
            frame = offset + tf.range(clip_frames, dtype=tf.int64)
            length = tf.gather(lengths, segment)
            inside = frame < length
            index = tf.gather(starts, segment) + tf.minimum(frame, length - 1)
            return _batch(tf.gather(pcm, index), tf.gather(features, index), inside)

        return read


def _batch(pcm: tf.Tensor, features: tf.Tensor, inside: tf.Tensor) -> Batch:
    """Scales stored values; beyond a segment's end there is silence at the last f0."""
    mask = inside[:, :, tf.newaxis]
    audio = tf.where(mask, tf.cast(pcm, tf.float32) / PCM_SCALE, 0.0)
    n_samples = audio.shape[1] * audio.shape[2]
    f0_hz, f0_confidence, loudness_db = tf.split(features, 3, axis=-1)
    return {
        "audio": tf.reshape(audio, [-1, n_samples]),
        "f0_hz": f0_hz,
        "f0_confidence": tf.where(mask, f0_confidence, 0.0),
        "loudness_db": tf.where(mask, loudness_db, SILENT_DB),
    }


def _join(pieces: list[Piece], hop_length: int) -> tuple[np.ndarray, np.ndarray]:
    if not pieces:
        return np.zeros([0, hop_length], np.int16), np.zeros([0, 3], np.float32)
    pcm = np.concatenate([piece.pcm for piece in pieces]).reshape(-1, hop_length)
    columns = [
        np.stack([p.features.f0_hz, p.features.f0_confidence, p.features.loudness_db], axis=1)
        for p in pieces
    ]
    return pcm, np.concatenate(columns)
