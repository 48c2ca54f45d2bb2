"""The decided part of a Viterbi path while the recursion still goes on."""

import numpy as np

from ddsp_tf.features.crepe.viterbi import N_BINS, best_origin, best_origins, last_bin
from ddsp_tf.types import Float32Array, IntArray


class SurvivorPath:
    """Hands out the frames whose bin no later frame can change.

    The paths that lead to the bins of the newest frame soon merge when followed back. Before the
    merger the path is final, so those frames need not be kept: the result is exactly that of
    backtracking through the whole recording, in bounded memory.
    """

    def __init__(self) -> None:
        self._salience = np.empty([0, N_BINS], np.float32)
        self._beliefs = np.empty([0, N_BINS], np.float32)

    def add(self, salience: Float32Array, beliefs: Float32Array) -> tuple[Float32Array, IntArray]:
        """Adds frames and returns those that became final.

        Args:
            salience: `[n_frames, 360]`, kept until its frame is final.
            beliefs: From `viterbi_forward`, `[n_frames, 360]`.

        Returns:
            The salience `[n_final, 360]` and the path `[n_final]` of the newly final frames.
        """
        self._salience = np.concatenate([self._salience, salience])
        self._beliefs = np.concatenate([self._beliefs, beliefs])
        bins = np.arange(N_BINS)
        for frame in range(len(self._beliefs) - 2, -1, -1):
            bins = np.unique(best_origins(self._beliefs[frame], bins))
            if len(bins) == 1:
                return self._settle(frame, int(bins[0]))
        return self._settle(-1, 0)

    def finish(self) -> tuple[Float32Array, IntArray]:
        """Returns the remaining frames; at least one must have been added."""
        return self._settle(len(self._beliefs) - 1, last_bin(self._beliefs[-1]))

    def _settle(self, last: int, bin_number: int) -> tuple[Float32Array, IntArray]:
        """Removes frames 0 to `last` of the path that is in `bin_number` at `last`."""
        path = np.full(last + 1, bin_number, np.int32)
        for frame in range(last - 1, -1, -1):
            path[frame] = best_origin(self._beliefs[frame], int(path[frame + 1]))
        salience = self._salience[: last + 1]
        self._salience = self._salience[last + 1 :]
        self._beliefs = self._beliefs[last + 1 :]
        return salience, path
