"""Frames of a split that are in memory to begin with."""

from collections.abc import Mapping, Sequence

from ddsp_tf.data.recording import Recording
from ddsp_tf.data.records import Arrays, empty_arrays, frame_arrays, join_arrays
from ddsp_tf.features import Column


class MemoryFrames:
    """Whole recordings laid end to end in memory.

    Args:
        recordings: What they are.
        columns: Those with values for every frame, by name.
        hop_length: Samples a frame.
    """

    n_bytes = 0
    """What they take beyond what they have already."""

    def __init__(
        self, recordings: Sequence[Recording], columns: Mapping[str, Column], *, hop_length: int
    ) -> None:
        parts = [
            frame_arrays(recording, slice(0, recording.n_frames), columns, hop_length)
            for recording in recordings
        ]
        self._arrays = join_arrays(parts) if parts else empty_arrays(columns, hop_length)
        self.n_frames = sum(recording.n_frames for recording in recordings)

    def read(self, first: int, end: int) -> Arrays:
        """Returns a range of each column, `[n, values_per_frame]`."""
        return {name: array[first:end] for name, array in self._arrays.items()}

    def read_all(self) -> Arrays:
        """Returns all of them."""
        return self._arrays
