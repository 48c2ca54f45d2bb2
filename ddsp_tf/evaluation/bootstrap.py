"""How far a figure would have come out otherwise with other recordings."""

from collections.abc import Callable, Sequence

import numpy as np

CONFIDENCE = 0.95
_N_RESAMPLES = 1000


def bootstrap_intervals(
    statistics: Callable[[Sequence[int]], Sequence[float]],
    groups: Sequence[str],
    *,
    confidence: float = CONFIDENCE,
    n_resamples: int = _N_RESAMPLES,
    seed: int = 0,
) -> list[tuple[float, float]]:
    """Computes percentile bootstrap intervals by drawing whole groups with replacement.

    Few groups make intervals that are too narrow; with five, take them as a rough guide.

    Args:
        statistics: Gives the figures for some of the items, listed by index, repeats included.
        groups: What each item belongs to, e.g. the file that a passage is from: passages of a file
            are alike, so they are drawn together.
        confidence: Share of the resamples within an interval, 0 to 1.
        n_resamples: How many times to draw.
        seed: Of the draws.

    Returns:
        The lower and upper end for each figure; NaN with a single group, or where a figure isn't
        known.

    Example:
        >>> values = np.arange(100.0)
        >>> mean = lambda chosen: [values[list(chosen)].mean()]
        >>> [(low, high)] = bootstrap_intervals(mean, [str(v) for v in values])
        >>> 42 < low < 46 and 53 < high < 57
        True

    Reference:
        Efron and Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13.
    """
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    names = list(members)
    if len(names) < 2:
        return [(float("nan"), float("nan")) for _ in statistics(range(len(groups)))]
    rng = np.random.default_rng(seed)
    draws = rng.integers(0, len(names), [n_resamples, len(names)])
    resampled = np.array(
        [statistics([i for draw in row for i in members[names[draw]]]) for row in draws], float
    )
    tail = (1.0 - confidence) / 2.0
    return [_interval(figure, tail) for figure in resampled.T]


def _interval(values: np.ndarray, tail: float) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if len(known) < len(values) // 2 or not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [tail, 1.0 - tail])
    return float(low), float(high)
