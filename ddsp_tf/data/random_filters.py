"""Magnitude responses of random filters, for networks that design filters."""

from collections.abc import Mapping, Sequence

import numpy as np

from ddsp_tf.dsp.filter_families import FILTER_FAMILIES, random_filters, sections_magnitude_db
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.types import Signal


class RandomFilters:
    """Makes `magnitude_db`: each frame is the response of another random filter.

    A `Generator` for `Generated`. The frames of an example are shared out evenly among the
    families; what is left over goes to families drawn at random.

    Args:
        families: Names, see `dsp.random_filters`.
        order: Poles of each filter, and zeros; even.
        n_points: Frequencies, evenly from 0 to half the sample rate, both included.

    Raises:
        ArgumentError: A family is unknown, or a number is out of range.

    Example:
        >>> from ddsp_tf.data import Generated
        >>> from ddsp_tf.features import FeatureSettings
        >>> settings = FeatureSettings(columns=())
        >>> source = Generated(RandomFilters(n_points=64), features=settings)
        >>> batch = next(iter(source.batches(batch_size=2, clip_s=0.04)))
        >>> batch["magnitude_db"].shape
        TensorShape([2, 10, 64])

    Reference:
        See `dsp.random_filters`.
    """

    def __init__(
        self, families: Sequence[str] = FILTER_FAMILIES, *, order: int = 16, n_points: int = 512
    ) -> None:
        self.families = tuple(families)
        if not self.families or n_points < 2:
            raise ArgumentError(
                "`families` should name one at least, and `n_points` be 2 or more. Received "
                f"{list(families)} and {n_points}."
            )
        for family in self.families:
            random_filters(np.random.default_rng(0), family, 0, order=order)
        self.order = order
        self.n_points = n_points
        self.signals = {"magnitude_db": Signal("frames", width=n_points, unit="dB")}

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Mapping[str, np.ndarray]:
        """Makes an example: the responses of `n_frames` filters, `[n_frames, n_points]`."""
        del settings
        counts = np.full(len(self.families), n_frames // len(self.families))
        left_over = n_frames - int(counts.sum())
        counts[random.permutation(len(counts))[:left_over]] += 1
        sections = [
            random_filters(random, family, int(count), order=self.order)
            for family, count in zip(self.families, counts, strict=True)
        ]
        drawn = random.permutation(np.concatenate(sections))
        return {"magnitude_db": sections_magnitude_db(drawn, n_points=self.n_points)}
