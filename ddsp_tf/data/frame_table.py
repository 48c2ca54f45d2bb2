"""The segments of one split, and clips cut from them."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import tensorflow as tf

from ddsp_tf.data.recording import PCM_SCALE
from ddsp_tf.data.records import Piece
from ddsp_tf.features import Features

Batch = dict[str, tf.Tensor]

SILENT_DB = -80.0
"""Loudness of the silence that follows a segment shorter than a clip."""

MEMORY_BYTES = 2 << 30
"""A split larger than this is read from disk clip by clip; three hours at 16 kHz fit."""


class Frames(Protocol):
    """Frames laid end to end, wherever they are."""

    n_frames: int

    @property
    def n_bytes(self) -> int:
        """Memory that all of them take."""

    def read(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns a range as int16 `[n, hop_length]` and float32 `[n, 3]`."""

    def read_all(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all of them."""


class FrameTable:
    """Segments laid end to end.

    Args:
        names: The source of each segment.
        segment_lengths: Frames of each.
        frames: Where the frames are.
        hop_length: Samples a frame.
        memory_bytes: The most that may be kept in memory.
    """

    def __init__(
        self,
        names: Sequence[str],
        segment_lengths: Sequence[int],
        frames: Frames,
        *,
        hop_length: int,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.names = list(names)
        self.segment_lengths = np.asarray(segment_lengths, np.int64)
        self.n_frames = int(self.segment_lengths.sum())
        self._starts = np.cumsum(self.segment_lengths) - self.segment_lengths
        self._frames = frames
        self._hop_length = hop_length
        self._in_memory = frames.n_bytes <= memory_bytes

    def segment(self, index: int) -> Piece:
        """One whole segment."""
        start = int(self._starts[index])
        pcm, features = self._read(start, start + int(self.segment_lengths[index]))
        return Piece(pcm.reshape(-1), Features(*features.T))

    def reader(self, clip_frames: int) -> Callable[[tf.Tensor], Batch]:
        """Returns a function from `[batch, 2]` (segment, first frame) to a batch of clips."""
        gather = self._gather_from_memory() if self._in_memory else self._gather_from_disk
        starts, lengths = self._starts, self.segment_lengths

        def read(clips: tf.Tensor) -> Batch:
            segment, offset = clips[:, :1], clips[:, 1:]
            frame = offset + tf.range(clip_frames, dtype=tf.int64)
            last = tf.gather(lengths, segment) - 1
            index = tf.gather(starts, segment) + tf.minimum(frame, last)
            pcm, features = gather(index)
            return _batch(pcm, features, frame <= last)

        return read

    @cached_property
    def _everything(self) -> tuple[np.ndarray, np.ndarray]:
        return self._frames.read_all()

    def _read(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        if self._in_memory:
            pcm, features = self._everything
            return pcm[first:end], features[first:end]
        return self._frames.read(first, end)

    def _gather_from_memory(self) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
        pcm, features = (tf.constant(array) for array in self._everything)
        return lambda index: (tf.gather(pcm, index), tf.gather(features, index))

    def _gather_from_disk(self, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pcm, features = tf.numpy_function(
            self._gather_with_numpy, [index], [tf.int16, tf.float32], stateful=False
        )
        shape = index.shape.as_list()
        return tf.ensure_shape(pcm, [*shape, self._hop_length]), tf.ensure_shape(
            features, [*shape, 3]
        )

    def _gather_with_numpy(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [self._read(int(clip[0]), int(clip[-1]) + 1) for clip in index]
        # Beyond a segment's end the last frame is repeated.
        within = [clip - clip[0] for clip in index]
        pcm = [part[0][frames] for part, frames in zip(parts, within, strict=True)]
        features = [part[1][frames] for part, frames in zip(parts, within, strict=True)]
        return np.stack(pcm), np.stack(features)


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
