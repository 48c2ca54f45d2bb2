"""Notes brought into the range of an instrument."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.types import BoolArray, FloatArray

_OCTAVE = 12.0
_MOST_BY_THEMSELVES = 1.0 / 3.0


@dataclass(frozen=True)
class KeyRange:
    """The keys that an instrument plays, both ends included.

    Attributes:
        lowest_midi: The lowest.
        highest_midi: The highest.
    """

    lowest_midi: float
    highest_midi: float

    def holds(self, midi: FloatArray) -> BoolArray:
        """Whether each key lies in the range, to half a semitone."""
        return (midi >= self.lowest_midi - 0.5) & (midi <= self.highest_midi + 0.5)

    def fit(self, notes: np.ndarray) -> FloatArray:
        """Moves notes into the range by octaves.

        If more than a third are outside, all go together by the octaves that leave fewest there, so
        that the melody stays one; what is outside then goes by itself, to the nearest octave
        inside. A range smaller than an octave may have none: then a note goes as near as it can.

        Args:
            notes: `[n_notes, 5]`.

        Returns:
            `[n_notes, 5]`, in the same order.

        Example:
            >>> rows = np.array([[0, 1, 48, 1, 0], [1, 2, 52, 1, 0], [2, 3, 90, 1, 0]])
            >>> KeyRange(60, 72).fit(rows)[:, 2].tolist()
            [60.0, 64.0, 66.0]
        """
        moved = np.array(notes, np.float64)
        if np.mean(~self.holds(moved[:, 2])) > _MOST_BY_THEMSELVES:
            shifts = sorted(range(-10, 11), key=lambda octaves: (abs(octaves), octaves))
            outside = [int(np.sum(~self.holds(moved[:, 2] + _OCTAVE * n))) for n in shifts]
            moved[:, 2] += _OCTAVE * shifts[int(np.argmin(outside))]
        below = np.ceil(np.maximum(self.lowest_midi - 0.5 - moved[:, 2], 0.0) / _OCTAVE)
        above = np.ceil(np.maximum(moved[:, 2] - self.highest_midi - 0.5, 0.0) / _OCTAVE)
        moved[:, 2] += _OCTAVE * (below - above)
        return moved
