"""The loudness an instrument knows, and what becomes of what is softer or louder."""

from dataclasses import dataclass
from typing import Self

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features import Statistics

_FADING_DB, _FADING_SLOPE = 20.0, 2.5


@dataclass(frozen=True)
class LoudnessRange:
    """The loudness that an instrument knows.

    A network asked for less than it has ever played may play anything, a whistle in a pause
    among it. So it reads the softest note it knows, and what it gives is turned down by the rest.

    Args:
        softest_db: The softest, in dB.
        loudest_db: The loudest, in dB.

    Example:
        >>> from ddsp_tf import dsp
        >>> known = LoudnessRange(-50.0, -10.0)
        >>> read, beyond_db = known.split(dsp.scale_loudness_db(tf.constant([-58.0, -20.0, -4.0])))
        >>> dsp.unscale_loudness_db(read).numpy().round().tolist()
        [-50.0, -20.0, -10.0]
        >>> beyond_db.numpy().round().tolist()
        [-8.0, 0.0, 6.0]
    """

    softest_db: float
    loudest_db: float

    @classmethod
    def from_statistics(cls, statistics: Statistics) -> Self:
        """Gives the range of all but the outermost percent of the training notes at either end."""
        return cls(statistics.loudness_db_quantiles[1], statistics.loudness_db_quantiles[-2])

    def split(self, loudness_scaled: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Gives the loudness that the network reads, and how much it is to be corrected.

        Args:
            loudness_scaled: dB / 80 + 1, of any shape.

        Returns:
            dB / 80 + 1 within the range, and dB: 0 there, below 0 where it is softer, above 0 where
            it is louder; of the same shape, differentiable. Loudness ends at -80 dB, which is also
            what digital silence has: over the last 20 dB the sound fades by 70.
        """
        softest, loudest = (db / dsp.DB_RANGE + 1.0 for db in (self.softest_db, self.loudest_db))
        read = tf.clip_by_value(loudness_scaled, softest, loudest)
        nothing = tf.minimum(loudness_scaled - _FADING_DB / dsp.DB_RANGE, 0.0)
        return read, (loudness_scaled - read + _FADING_SLOPE * nothing) * dsp.DB_RANGE
