"""Repeated measurements of one thing, and how they are taken in turns."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """The same measurement several times over, in seconds or in megabytes.

    Example:
        >>> Series((3.0, 1.0, 2.0)).median
        2.0
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("A series needs at least one value.")

    @property
    def median(self) -> float:
        """Half of the values are at most this."""
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the values lie below the first, a quarter above the second."""
        if len(self.values) == 1:
            return self.values[0], self.values[0]
        lower, _, upper = statistics.quantiles(self.values, n=4, method="inclusive")
        return lower, upper


def alternate(
    measures: Mapping[str, Callable[[], float]],
    runs: int,
    report: Callable[[str], None] = lambda text: None,
) -> dict[str, Series]:
    """Measures several things in turns, so that what slows the machine down slows them all.

    Args:
        measures: By name, what takes one measurement.
        runs: Measurements of each.
        report: Is told what was measured.

    Returns:
        A series for each name.
    """
    values: dict[str, list[float]] = {name: [] for name in measures}
    for index in range(runs):
        for name, measure in measures.items():
            values[name].append(measure())
            report(f"{name} {index + 1}/{runs}: {values[name][-1]:.3g}")
    return {name: Series(tuple(series)) for name, series in values.items()}


def best_rate(work: Mapping[str, float], series: Mapping[str, Series]) -> float:
    """The highest rate of several workloads, by their median times.

    Args:
        work: Operations of each.
        series: Seconds of each.

    Returns:
        Operations a second.
    """
    return max(work[name] / series[name].median for name in work)


def ratio(numerator: Series, denominator: Series) -> float:
    """Gives the ratio of the medians."""
    return numerator.median / denominator.median
