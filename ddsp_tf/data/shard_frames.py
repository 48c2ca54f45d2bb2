"""Random access to the frames of a split, piece by piece from its shards."""

import bisect
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.data.packing import Packing
from ddsp_tf.data.records import (
    Arrays,
    empty_arrays,
    join_arrays,
    read_piece_at,
    read_pieces,
)
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Column

_CACHED_PIECES = 64


class ShardFrames:
    """All frames of a split laid end to end, read when asked for.

    Args:
        folder: The dataset.
        info: One split of `dataset.json`: its shards with the offsets of their records, and
            its segments.
        columns: Those with values for every frame, by name.
        piece_frames: Frames a record; the last one of a segment may be shorter.
        hop_length: Samples a frame.
    """

    def __init__(
        self,
        folder: Path,
        info: dict[str, Any],
        columns: Mapping[str, Column],
        *,
        piece_frames: int,
        hop_length: int,
    ) -> None:
        self._folder = folder
        self._columns = columns
        self._hop_length = hop_length
        self._shards = [folder / shard["file"] for shard in info["shards"]]
        self._places = [
            (folder / shard["file"], offset)
            for shard in info["shards"]
            for offset in shard["offsets"]
        ]
        lengths = [
            min(piece_frames, segment["n_frames"] - first)
            for segment in info["segments"]
            for first in range(0, segment["n_frames"], piece_frames)
        ]
        self._starts = [0, *np.cumsum(lengths).tolist()]
        self.n_frames = int(self._starts[-1])
        # tf.data reads several batches at once.
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, Arrays] = OrderedDict()
        if len(self._places) != len(lengths):
            raise DatasetError(
                f"`{folder}` lists {len(self._places)} records where {len(lengths)} are needed. "
                "Copy or prepare the dataset again."
            )

    @property
    def n_bytes(self) -> int:
        """Memory that all frames take."""
        return self.n_frames * Packing(self._columns, self._hop_length).bytes_per_frame

    def read(self, first: int, end: int) -> Arrays:
        """Reads a range of frames.

        Returns:
            `[n, values_per_frame]` of each column, as stored.

        Raises:
            DatasetError: A shard is missing or damaged.
        """
        index = bisect.bisect_right(self._starts, first) - 1
        parts = []
        while index < len(self._places) and self._starts[index] < end:
            inside = slice(max(first - self._starts[index], 0), end - self._starts[index])
            piece = self._piece(index)
            parts.append({name: values[inside] for name, values in piece.items()})
            index += 1
        return self._join(parts)

    def read_all(self) -> Arrays:
        """Reads every frame in one go, with the records' checksums verified."""
        pieces = (
            read_pieces(self._shards, self._columns, hop_length=self._hop_length)
            if self._shards
            else ()
        )
        arrays = self._join(list(pieces))
        n_read = len(next(iter(arrays.values())))
        if n_read != self.n_frames:
            raise DatasetError(
                f"The shards of `{self._folder}` hold {n_read} frames where {self.n_frames} are "
                "listed. Copy or prepare the dataset again."
            )
        return arrays

    def _piece(self, index: int) -> Arrays:
        with self._lock:
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
        path, offset = self._places[index]
        arrays = read_piece_at(path, offset, self._columns, hop_length=self._hop_length)
        with self._lock:
            self._cache[index] = arrays
            if len(self._cache) > _CACHED_PIECES:
                self._cache.popitem(last=False)
        return arrays

    def _join(self, parts: list[Arrays]) -> Arrays:
        return join_arrays(parts) if parts else empty_arrays(self._columns, self._hop_length)
