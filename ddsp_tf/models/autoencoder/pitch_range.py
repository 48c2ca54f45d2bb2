"""The pitches an instrument knows, and what its network reads in place of those it doesn't."""

from dataclasses import dataclass
from typing import Self

import tensorflow as tf

from ddsp_tf.dsp.scaling import MIDI_RANGE
from ddsp_tf.features import Statistics

MARGIN_SEMITONES = 3.0


@dataclass(frozen=True)
class PitchRange:
    """The pitches that an instrument knows.

    The oscillators play every pitch exactly; the network that says how loud each harmonic is has
    learned only those of its training, and far from them it would have to guess.

    Args:
        lowest_midi: The lowest, as a MIDI number.
        highest_midi: The highest, as a MIDI number.

    Example:
        >>> from ddsp_tf import dsp
        >>> known = PitchRange(60.0, 69.0)
        >>> heard = known.soften(dsp.scale_f0_hz(tf.constant([440.0, 880.0, 1760.0])))
        >>> dsp.unscale_f0_hz(heard).numpy().round().tolist()
        [440.0, 522.0, 523.0]
    """

    lowest_midi: float
    highest_midi: float

    @classmethod
    def from_statistics(cls, statistics: Statistics) -> Self:
        """Gives the range of all but the outermost percent of the training notes at either end.

        That percent holds the octave errors of the tracker.
        """
        return cls(statistics.f0_midi_quantiles[1], statistics.f0_midi_quantiles[-2])

    def soften(self, f0_scaled: tf.Tensor) -> tf.Tensor:
        """Gives the pitch that the network reads.

        Inside the range it is the pitch itself, to the last bit. Beyond an end it comes ever nearer
        to 3 semitones past that end, on a curve without a kink, so that a glide out of the range is
        smooth: notes out there have the colour of the outermost notes.

        Args:
            f0_scaled: MIDI note / 127, of any shape.

        Returns:
            MIDI note / 127, of the same shape; differentiable.
        """
        known = tf.clip_by_value(
            f0_scaled, self.lowest_midi / MIDI_RANGE, self.highest_midi / MIDI_RANGE
        )
        margin = MARGIN_SEMITONES / MIDI_RANGE
        beyond = (f0_scaled - known) / margin
        # Each exponential is exactly 1 on its side of the range. Exports know these operations.
        below, above = tf.exp(tf.minimum(beyond, 0.0)), tf.exp(tf.minimum(-beyond, 0.0))
        return known + margin * (below - above)
