"""What a figure of an evaluation is: measured on one sound, combined over many, written out."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import numpy as np

from ddsp_tf.types import FloatArray

Sound = TypeVar("Sound")
Combine = Callable[[Sequence[Any], Sequence[float]], float]
Where = Literal["report", "comparison", "card"]
Better = Literal["lower", "higher", "near 1", "near 0", "neither"]


def mean_by_length(values: Sequence[float], seconds: Sequence[float]) -> float:
    """Averages figures of sounds, each by its length; what is NaN doesn't count.

    Example:
        >>> mean_by_length([1.0, 4.0, float("nan")], [2.0, 1.0, 9.0])
        2.0
    """
    known = [(value, weight) for value, weight in zip(values, seconds, strict=True)]
    known = [(value, weight) for value, weight in known if math.isfinite(value)]
    weights = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / weights if weights else math.nan


def total(values: Sequence[float], seconds: Sequence[float]) -> float:
    """Adds figures up."""
    del seconds
    return sum(values)


def pooled(summarise: Callable[[FloatArray], float]) -> Combine:
    """Makes one figure of all that was observed, as if the sounds were one; NaN of nothing.

    Example:
        >>> pooled(np.median)([np.array([1.0, 2.0]), np.array([9.0])], [1.0, 1.0])
        2.0
    """

    def combine(observed: Sequence[FloatArray], seconds: Sequence[float]) -> float:
        del seconds
        values = np.concatenate(list(observed))
        return float(summarise(values)) if len(values) else math.nan

    return combine


@dataclass(frozen=True)
class Metric(Generic[Sound]):
    """One figure. A new one is a function, and its entry in a table of metrics.

    Args:
        name: Its key in JSON.
        short: The head of its column in a table for the terminal.
        label: What it is called.
        measure: Observes one sound: a number, or an array or whatever else `combine` takes.
        form: How it is written, a format string.
        unit: Of the figure; empty for what has none.
        better: Which way is better.
        combine: Makes a figure of what was observed of some sounds and of their lengths in
            seconds; that of a single sound is made by it as well.
        needs: Columns without which it can't be measured.
        where: Which tables show it; JSON has it always.
        of_all_only: Whether there is only one for all sounds together.
        drawn: Whether an interval is known for it, by drawing sounds again.
    """

    name: str
    short: str
    label: str
    measure: Callable[[Sound], Any]
    form: str
    unit: str = ""
    better: Better = "lower"
    combine: Combine = mean_by_length
    needs: tuple[str, ...] = ()
    where: tuple[Where, ...] = ()
    of_all_only: bool = False
    drawn: bool = True

    @property
    def heading(self) -> str:
        """What it is called, with its unit."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    def write(self, value: float | None) -> str:
        """Writes a figure, `-` if it isn't known.

        Example:
            >>> Metric("share", "share", "share", float, "{:.0%}").write(0.5)
            '50%'
        """
        return self.form.format(value) if value is not None and math.isfinite(value) else "-"


class MetricTable(tuple[Metric[Sound], ...], Generic[Sound]):
    """All figures of a kind of evaluation, in the order in which they are shown."""

    def shown(self, where: Where) -> list[Metric[Sound]]:
        """Those that a table shows."""
        return [metric for metric in self if where in metric.where]

    def measurable(self, columns: Iterable[str]) -> "MetricTable[Sound]":
        """Those that need none but these columns."""
        known = set(columns)
        return MetricTable(metric for metric in self if known.issuperset(metric.needs))

    def observe(self, sound: Sound) -> dict[str, Any]:
        """What each observes of a sound, by name."""
        return {metric.name: metric.measure(sound) for metric in self}

    def combined(
        self, observed: Sequence[Mapping[str, Any]], seconds: Sequence[float]
    ) -> dict[str, float]:
        """The figures of sounds together, by name.

        Args:
            observed: From `observe`, one each.
            seconds: Their lengths.
        """
        return {
            metric.name: float(metric.combine([each[metric.name] for each in observed], seconds))
            for metric in self
        }

    def single(self, observed: Mapping[str, Any], seconds: float) -> dict[str, float]:
        """The figures of one sound, by name, without those that only all together have."""
        own = MetricTable(metric for metric in self if not metric.of_all_only)
        return own.combined([observed], [seconds])


def json_value(value: Any) -> Any:
    """Gives None for a number that JSON can't hold: NaN stands for what is unknown."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
