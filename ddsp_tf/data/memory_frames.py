"""Frames of a split that are in memory to begin with."""

from collections.abc import Sequence

import numpy as np

from ddsp_tf.features import Features


class MemoryFrames:
    """Segments laid end to end in memory.

    Args:
        pcm: int16 `[n_frames * hop_length]` of each segment.
        features: Their features.
        hop_length: Samples a frame.
    """

    n_bytes = 0
    """What they take beyond what they have already."""

    def __init__(
        self, pcm: Sequence[np.ndarray], features: Sequence[Features], *, hop_length: int
    ) -> None:
        columns = [np.stack([f.f0_hz, f.f0_confidence, f.loudness_db], axis=1) for f in features]
        self._pcm = np.concatenate([np.zeros(0, np.int16), *pcm]).reshape(-1, hop_length)
        self._features = np.concatenate([np.zeros([0, 3], np.float32), *columns])
        self.n_frames = len(self._pcm)

    def read(self, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns a range as int16 `[n, hop_length]` and float32 `[n, 3]`."""
        return self._pcm[first:end], self._features[first:end]

    def read_all(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns all of them."""
        return self._pcm, self._features
