"""Frames in a row: runs of equal values, and medians of neighbours."""

import numpy as np
import numpy.typing as npt

from ddsp_tf.types import FloatArray

_BLOCK_FRAMES = 1 << 15


def moving_median(values: FloatArray, length: int) -> FloatArray:
    """Gives the median of the `length` values around each one; the ends are held.

    Example:
        >>> moving_median(np.array([1.0, 1.0, 9.0, 1.0, 1.0]), 3).tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0]
    """
    length = max(1, length) | 1
    padded = np.pad(values, length // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)
    blocks = range(0, len(windows), _BLOCK_FRAMES)
    return np.concatenate([np.median(windows[i : i + _BLOCK_FRAMES], axis=1) for i in blocks])


def runs(values: npt.NDArray[np.generic]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Finds the runs of equal values.

    Returns:
        Starts and ends (exclusive) of the runs, each `[n_runs]`.

    Example:
        >>> [edges.tolist() for edges in runs(np.array([1, 1, 0, 2]))]
        [[0, 2, 3], [2, 3, 4]]
    """
    if values.size == 0:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    edges = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.concatenate([[0], edges]), np.concatenate([edges, [values.size]])
