"""Random access to the frames of a split, piece by piece from its shards."""

import bisect
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.data.records import Piece, read_piece_at, read_pieces
from ddsp_tf.errors import DatasetError

_CACHED_PIECES = 64


class ShardFrames:
    """All frames of a split laid end to end, read when asked for.

    Args:
        folder: The dataset.
        info: One split of `dataset.json`: its shards with the offsets of their records, and
            its segments.
        piece_frames: Frames a record; the last one of a segment may be shorter.
        hop_length: Samples a frame.
    """

    def __init__(
        self, folder: Path, info: dict[str, Any], *, piece_frames: int, hop_length: int
    ) -> None:
        self._folder = folder
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
        self._cache: OrderedDict[int, tuple[np.ndarray, np.ndarray]] = OrderedDict()
        if len(self._places) != len(lengths):
            raise DatasetError(
                f"`{folder}` lists {len(self._places)} records where {len(lengths)} are needed. "
                "Copy or prepare the dataset again."
            )

    @property
    def n_bytes(self) -> int:
        """Memory that all frames take."""
        return self.n_frames * (2 * self._hop_length + 12)

    def read(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Reads a range of frames.

        Returns:
            `(pcm, features)`: int16 `[n, hop_length]`, and float32 `[n, 3]` of f0 in Hz,
            confidence, and loudness in dB.

        Raises:
            DatasetError: A shard is missing or damaged.
        """
        index = bisect.bisect_right(self._starts, first) - 1
        parts = []
        while index < len(self._places) and self._starts[index] < end:
            pcm, features = self._piece(index)
            inside = slice(max(first - self._starts[index], 0), end - self._starts[index])
            parts.append((pcm[inside], features[inside]))
            index += 1
        return _join(parts, self._hop_length)

    def read_all(self) -> tuple[np.ndarray, np.ndarray]:
        """Reads every frame in one go, with the records' checksums verified."""
        pieces = read_pieces(self._shards, hop_length=self._hop_length) if self._shards else ()
        pcm, features = _join([self._arrays(piece) for piece in pieces], self._hop_length)
        if len(pcm) != self.n_frames:
            raise DatasetError(
                f"The shards of `{self._folder}` hold {len(pcm)} frames where {self.n_frames} are "
                "listed. Copy or prepare the dataset again."
            )
        return pcm, features

    def _piece(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        with self._lock:
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
        path, offset = self._places[index]
        arrays = self._arrays(read_piece_at(path, offset, hop_length=self._hop_length))
        with self._lock:
            self._cache[index] = arrays
            if len(self._cache) > _CACHED_PIECES:
                self._cache.popitem(last=False)
        return arrays

    def _arrays(self, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        of = piece.features
        columns = np.stack([of.f0_hz, of.f0_confidence, of.loudness_db], axis=1)
        return piece.pcm.reshape(-1, self._hop_length), columns


def _join(
    parts: list[tuple[np.ndarray, np.ndarray]], hop_length: int
) -> tuple[np.ndarray, np.ndarray]:
    if not parts:
        return np.zeros([0, hop_length], np.int16), np.zeros([0, 3], np.float32)
    return np.concatenate([pcm for pcm, _ in parts]), np.concatenate([of for _, of in parts])
