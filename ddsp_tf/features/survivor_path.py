"""The decided part of a Viterbi path while the recursion still goes on."""

import numpy as np
import numpy.typing as npt

from ddsp_tf.features.features import FloatArray

PointerArray = npt.NDArray[np.int16]
PathArray = npt.NDArray[np.int32]


class SurvivorPath:
    """Hands out the frames whose bin no later frame can change.

    The paths that lead to the bins of the newest frame soon merge when followed back. Before the
    merger the path is final, so those frames need not be kept: the result is exactly that of
    backtracking through the whole recording, in bounded memory.
    """

    def __init__(self) -> None:
        self._salience: list[FloatArray] = []
        self._pointers: list[PointerArray] = []

    def add(self, salience: FloatArray, pointers: PointerArray) -> tuple[FloatArray, PathArray]:
        """Adds frames and returns those that became final.

        Args:
            salience: `[n_frames, 360]`, kept until its frame is final.
            pointers: Best preceding bin of each bin, `[n_frames, 360]`.

        Returns:
            The salience `[n_final, 360]` and the path `[n_final]` of the newly final frames.
        """
        self._salience.extend(salience)
        self._pointers.extend(pointers)
        states = np.arange(salience.shape[1], dtype=np.int32)
        for frame in range(len(self._pointers) - 1, 0, -1):
            states = np.unique(self._pointers[frame][states]).astype(np.int32)
            if len(states) == 1:
                return self._settle(frame - 1, int(states[0]))
        return self._settle(-1, 0)

    def finish(self, last_bin: int) -> tuple[FloatArray, PathArray]:
        """Returns the remaining frames of the path that ends in `last_bin`."""
        return self._settle(len(self._pointers) - 1, last_bin)

    def _settle(self, last: int, state: int) -> tuple[FloatArray, PathArray]:
        """Removes frames 0..`last`, on a path that is in `state` at `last`."""
        path = np.empty(last + 1, np.int32)
        for frame in range(last, -1, -1):
            path[frame] = state
            state = int(self._pointers[frame][state])
        width = self._salience[0].shape[0] if self._salience else 0
        salience = np.reshape(np.asarray(self._salience[: last + 1], np.float32), [-1, width])
        del self._salience[: last + 1], self._pointers[: last + 1]
        return salience, path
