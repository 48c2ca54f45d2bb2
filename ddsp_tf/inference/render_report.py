"""What a rendering played, in numbers and in words."""

from dataclasses import asdict, dataclass
from typing import Any

from ddsp_tf.audio.output import level_lines


@dataclass(frozen=True)
class RenderReport:
    """What of a score was played, and how.

    Attributes:
        seconds: Length of the sound.
        n_notes: Notes of the score, of the tracks and channels that were asked for.
        n_played: Those that are heard, if only for a part.
        n_voices: How many at once.
        lowest_midi: Their lowest key, transposed.
        highest_midi: Their highest key.
        gain_db: Gain that kept the output from clipping; 0 if none was needed.
        limited_db: By how much the limiter turned down the highest peak; 0 without one.
        warnings: What the user should know.
    """

    seconds: float
    n_notes: int
    n_played: int
    n_voices: int
    lowest_midi: float
    highest_midi: float
    gain_db: float = 0.0
    limited_db: float = 0.0
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON can hold it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """What was played, one short line each."""
        voices = "one at a time" if self.n_voices == 1 else f"up to {self.n_voices} at a time"
        lines = [f"notes: {self.n_played} of {self.n_notes}, {voices}"]
        return lines + level_lines(self.gain_db, self.limited_db)
