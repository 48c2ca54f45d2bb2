"""Columns side by side, one matrix a dtype: a clip is one gather a matrix, not one a column."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from ddsp_tf.features import Column


class Packing:
    """Which column lies where in the matrices.

    Args:
        columns: Those with values for every frame, by name.
        hop_length: Samples a frame.
    """

    def __init__(self, columns: Mapping[str, Column], hop_length: int) -> None:
        self._names: dict[str, list[str]] = {}
        self._sizes: dict[str, list[int]] = {}
        for name, column in columns.items():
            self._names.setdefault(column.stored, []).append(name)
            self._sizes.setdefault(column.stored, []).append(column.values_per_frame(hop_length))

    @property
    def dtypes(self) -> list[tf.DType]:
        """Of each matrix."""
        return [tf.as_dtype(stored) for stored in self._names]

    @property
    def widths(self) -> list[int]:
        """Numbers a frame of each matrix."""
        return [sum(sizes) for sizes in self._sizes.values()]

    @property
    def bytes_per_frame(self) -> int:
        """Of all columns."""
        return sum(w * t.size for w, t in zip(self.widths, self.dtypes, strict=True))

    def pack(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Puts `[n_frames, values_per_frame]` of each column side by side."""
        return [_side_by_side([arrays[name] for name in names]) for names in self._names.values()]

    def unpack(self, matrices: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        """The columns of matrices `[..., width]`."""
        found: dict[str, tf.Tensor] = {}
        for stored, matrix in zip(self._names, matrices, strict=True):
            names, sizes = self._names[stored], self._sizes[stored]
            parts = [matrix] if len(names) == 1 else tf.split(matrix, sizes, axis=-1)
            found.update(zip(names, parts, strict=True))
        return found


def _side_by_side(arrays: list[np.ndarray]) -> np.ndarray:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays, axis=1)
