"""Examples from several generators."""

from collections.abc import Mapping, Sequence

import numpy as np

from ddsp_tf.data.generated import Generator
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.types import Signal


class Mixture:
    """Generates each example by one of several generators, chosen by chance; they make the same.

    Args:
        generators: Of the same columns.
        shares: How often each is chosen, relative to each other; None: equally.

    Raises:
        ArgumentError: No generator, other shares than generators, or other columns.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> settings = FeatureSettings(columns=())
        >>> def low(random, n_frames, settings):
        ...     return {"audio": np.zeros(n_frames * settings.hop_length)}
        >>> def high(random, n_frames, settings):
        ...     return {"audio": np.ones(n_frames * settings.hop_length)}
        >>> chance = np.random.default_rng(0)
        >>> mixture = Mixture([low, high], [1, 3])
        >>> made = [mixture(chance, 1, settings)["audio"][0] for _ in range(100)]
        >>> bool(60 < np.sum(made) < 90)
        True
    """

    def __init__(
        self, generators: Sequence[Generator], shares: Sequence[float] | None = None
    ) -> None:
        shares = [1.0] * len(generators) if shares is None else list(shares)
        if not generators or len(shares) != len(generators) or min(shares) <= 0:
            raise ArgumentError(
                "`generators` should hold one at least, and `shares` a number above 0 for each. "
                f"Received {len(generators)} generators and {shares}."
            )
        made = [getattr(generator, "signals", {}) for generator in generators]
        if any(signals != made[0] for signals in made):
            raise ArgumentError(
                "`generators` should make the same columns. Received "
                f"{'; '.join(', '.join(signals) or 'undeclared' for signals in made)}."
            )
        self.generators = list(generators)
        self.signals: Mapping[str, Signal] = made[0]
        self._chances = np.array(shares) / np.sum(shares)

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Mapping[str, np.ndarray]:
        """Makes one example; see `data.Generator`."""
        chosen = int(random.choice(len(self.generators), p=self._chances))
        return self.generators[chosen](random, n_frames, settings)
