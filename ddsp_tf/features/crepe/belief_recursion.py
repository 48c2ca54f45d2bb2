"""The forward recursion of `viterbi_forward` for a file, one frame at a time."""

import numpy as np

from ddsp_tf.features.crepe.viterbi import BAND, LEAP_WEIGHT, N_BINS, log_band, log_row_sums
from ddsp_tf.types import Float32Array


class BeliefRecursion:
    """Runs `viterbi_forward` over block after block, in less time than a TensorFlow loop.

    A frame is a few thousand operations, which is less than a loop's steps cost in a graph.
    """

    def __init__(self) -> None:
        # Beyond both ends of the range there are bins that no path comes from.
        self._padded = np.full(N_BINS + 2 * (BAND - 1), -np.inf, np.float32)
        self._belief = self._padded[BAND - 1 : BAND - 1 + N_BINS]
        self._belief[:] = 0.0
        self._glides = np.lib.stride_tricks.sliding_window_view(self._padded, N_BINS)
        self._scores = np.empty([2 * BAND - 1, N_BINS], np.float32)
        self._weights = log_band()[:, np.newaxis]
        self._leap = np.float32(np.log(LEAP_WEIGHT))

    def advance(self, log_emission: Float32Array) -> Float32Array:
        """Runs over some frames; see `viterbi_forward`.

        Args:
            log_emission: `[n_frames, 360]`.

        Returns:
            The beliefs, `[n_frames, 360]`.
        """
        emission = log_emission - log_row_sums()
        beliefs = np.empty_like(emission)
        for frame, belief in zip(emission, beliefs, strict=True):
            np.add(self._glides, self._weights, out=self._scores)
            self._scores.max(axis=0, out=belief)
            np.maximum(belief, self._leap, out=belief)
            belief += frame
            belief -= belief.max()
            self._belief[:] = belief
        return beliefs
