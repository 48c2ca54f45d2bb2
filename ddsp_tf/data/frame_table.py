"""The segments of one split, and clips cut from them."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import tensorflow as tf

from ddsp_tf.data.clip_events import event_reader
from ddsp_tf.data.events import Events
from ddsp_tf.data.packing import Packing
from ddsp_tf.data.recording import PCM_SCALE
from ddsp_tf.data.records import Arrays
from ddsp_tf.features import Column

Batch = dict[str, tf.Tensor]

MEMORY_BYTES = 2 << 30
"""A split larger than this is read from disk clip by clip; three hours at 16 kHz fit."""


class Frames(Protocol):
    """Frames laid end to end, wherever they are."""

    n_frames: int

    @property
    def n_bytes(self) -> int:
        """Memory that all of them take."""

    def read(self, first: int, end: int) -> Arrays:
        """Returns a range of each column, `[n, values_per_frame]`, as stored."""

    def read_all(self) -> Arrays:
        """Returns all of them."""


class FrameTable:
    """Segments laid end to end.

    Args:
        names: The source of each segment.
        segment_lengths: Frames of each.
        frames: Where the frames are.
        columns: What they hold, by name.
        hop_length: Samples a frame.
        frame_rate: Frames a second.
        events: Gives the notes and values of each segment; None where no column is of them.
        memory_bytes: The most that may be kept in memory.
    """

    def __init__(
        self,
        names: Sequence[str],
        segment_lengths: Sequence[int],
        frames: Frames,
        columns: Mapping[str, Column],
        *,
        hop_length: int,
        frame_rate: float,
        events: Callable[[], Sequence[Events]] | None = None,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.names = list(names)
        self.segment_lengths = np.asarray(segment_lengths, np.int64)
        self.n_frames = int(self.segment_lengths.sum())
        self._starts = np.cumsum(self.segment_lengths) - self.segment_lengths
        self._frames = frames
        self._columns = columns
        self._in_time = {name: column for name, column in columns.items() if column.in_time}
        self._of_events = {name: column for name, column in columns.items() if not column.in_time}
        self._packing = Packing(self._in_time, hop_length)
        self._hop_length = hop_length
        self._frame_rate = frame_rate
        self._load_events = events
        self._in_memory = frames.n_bytes <= memory_bytes

    def segment(self, index: int) -> Arrays:
        """The columns of one whole segment that have values for every frame, as stored."""
        start = int(self._starts[index])
        return self._read(start, start + int(self.segment_lengths[index]))

    def segment_events(self, index: int) -> Events:
        """The notes and values of one segment."""
        return self._events[index] if self._of_events else {}

    def only(self, wanted: Callable[[Events], bool]) -> "FrameTable":
        """Gives a table of the segments whose notes and values are wanted."""
        kept = [index for index, events in enumerate(self._events) if wanted(events)]
        table = copy.copy(self)
        table.names = [self.names[index] for index in kept]
        table.segment_lengths = self.segment_lengths[kept]
        table.n_frames = int(table.segment_lengths.sum())
        table._starts = self._starts[kept]
        table.__dict__["_events"] = [self._events[index] for index in kept]
        if self._in_memory:
            table.__dict__["_everything"] = self._everything
        return table

    def with_values(self, column: Column, values: Sequence[float]) -> "FrameTable":
        """Gives a table whose segments have one more value each.

        Args:
            column: Of one value.
            values: One for each segment.
        """
        table = copy.copy(self)
        table._columns = {**self._columns, column.name: column}
        table._of_events = {**self._of_events, column.name: column}
        before = self._events if self._of_events else [{}] * len(self.names)
        table.__dict__["_events"] = [
            {**events, column.name: np.array([value], np.float32)}
            for events, value in zip(before, values, strict=True)
        ]
        return table

    def reader(self, clip_frames: int) -> Callable[[tf.Tensor], Batch]:
        """Returns a function from `[batch, 2]` (segment, first frame) to a batch of clips."""
        gather = self._gather_from_memory() if self._in_memory else self._gather_from_disk
        starts, lengths = self._starts, self.segment_lengths
        read_events = self._event_reader(clip_frames)

        def read(clips: tf.Tensor) -> Batch:
            segment, offset = clips[:, :1], clips[:, 1:]
            frame = offset + tf.range(clip_frames, dtype=tf.int64)
            last = tf.gather(lengths, segment) - 1
            index = tf.gather(starts, segment) + tf.minimum(frame, last)
            found = self._packing.unpack(gather(index))
            batch = {
                name: self._finish(column, found[name], frame <= last)
                for name, column in self._in_time.items()
            }
            batch.update(read_events(clips))
            return {name: batch[name] for name in self._columns}

        return read

    def _finish(self, column: Column, stored: tf.Tensor, inside: tf.Tensor) -> tf.Tensor:
        """Scales stored values; beyond a segment's end comes what the column says."""
        values = stored
        if column.stored == "int16":
            values = tf.cast(stored, tf.float32) / PCM_SCALE
        if column.silence is not None:
            values = tf.where(inside[:, :, tf.newaxis], values, column.silence)
        n_rows = values.shape[1] * column.rows_per_frame(self._hop_length)
        shape = [-1, n_rows] if column.flat else [-1, n_rows, column.width]
        return tf.reshape(values, shape)

    def _event_reader(self, clip_frames: int) -> Callable[[tf.Tensor], Batch]:
        if not self._of_events:
            return lambda clips: {}
        return event_reader(
            self._events, self._of_events, clip_frames=clip_frames, frame_rate=self._frame_rate
        )

    @cached_property
    def _events(self) -> Sequence[Events]:
        return self._load_events() if self._load_events is not None else []

    @cached_property
    def _everything(self) -> Arrays:
        return self._frames.read_all()

    def _read(self, first: int, end: int) -> Arrays:
        if self._in_memory:
            return {name: values[first:end] for name, values in self._everything.items()}
        return self._frames.read(first, end)

    def _gather_from_memory(self) -> Callable[[tf.Tensor], list[tf.Tensor]]:
        matrices = [tf.constant(matrix) for matrix in self._packing.pack(self._everything)]
        return lambda index: [tf.gather(matrix, index) for matrix in matrices]

    def _gather_from_disk(self, index: tf.Tensor) -> list[tf.Tensor]:
        matrices = tf.numpy_function(
            self._gather_with_numpy, [index], self._packing.dtypes, stateful=False
        )
        shape = index.shape.as_list()
        return [
            tf.ensure_shape(matrix, [*shape, width])
            for matrix, width in zip(matrices, self._packing.widths, strict=True)
        ]

    def _gather_with_numpy(self, index: np.ndarray) -> list[np.ndarray]:
        parts = [
            # Beyond a segment's end the last frame is repeated.
            [matrix[clip - clip[0]] for matrix in self._packing.pack(self._read_clip(clip))]
            for clip in index
        ]
        return [np.stack(matrices) for matrices in zip(*parts, strict=True)]

    def _read_clip(self, clip: np.ndarray) -> Arrays:
        return self._read(int(clip[0]), int(clip[-1]) + 1)
