"""Several players side by side: one Markdown table for what they imitate, one for melodies."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ddsp_tf.evaluation.evaluation_report import EvaluationReport
from ddsp_tf.evaluation.metric import Metric
from ddsp_tf.evaluation.reconstruction import RECONSTRUCTION
from ddsp_tf.evaluation.transfer_quality import TRANSFER, TransferQuality


@dataclass(frozen=True)
class Comparison:
    """What was measured of each player.

    Attributes:
        reconstruction: Their versions of the held-out recordings, by the player's name.
        transfer: Their versions of melodies.
    """

    reconstruction: Mapping[str, EvaluationReport]
    transfer: Mapping[str, TransferQuality] = field(default_factory=dict)

    def markdown(self) -> str:
        """Writes the tables: figures with their 95% intervals, one line a player."""
        played = [
            (name, len(report.recordings), report.overall.values, report.intervals)
            for name, report in self.reconstruction.items()
        ]
        transferred = [
            (name, len(quality.melodies), quality.figures, quality.intervals)
            for name, quality in self.transfer.items()
        ]
        parts = [
            _section("Reconstruction", "recordings", self._reconstruction(), played),
            _section("Transfer", "melodies", TRANSFER.shown("comparison"), transferred),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _reconstruction(self) -> list[Metric[Any]]:
        """What at least one of the players was measured by."""
        return [
            metric
            for metric in RECONSTRUCTION.shown("comparison")
            if any(metric.name in report.overall.values for report in self.reconstruction.values())
        ]

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as JSON values."""
        return {
            "reconstruction": {name: r.to_dict() for name, r in self.reconstruction.items()},
            "transfer": {name: q.to_dict() for name, q in self.transfer.items()},
        }


def _section(
    title: str,
    counted: str,
    metrics: Sequence[Metric[Any]],
    rows: Sequence[tuple[str, int, Mapping[str, Any], Mapping[str, tuple[float, float]]]],
) -> str:
    if not rows:
        return ""
    lines = [
        f"### {title}",
        "",
        f"| | {counted} | {' | '.join(metric.heading for metric in metrics)} |",
        f"|---|---|{'---|' * len(metrics)}",
    ]
    for name, n_items, values, intervals in rows:
        cells = [_cell(metric, values, intervals) for metric in metrics]
        lines.append(f"| {name} | {n_items} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(
    metric: Metric[Any],
    values: Mapping[str, Any],
    intervals: Mapping[str, tuple[float, float]],
) -> str:
    """The figure and its interval, e.g. `6.75 (6.1 to 7.3)`."""
    text = metric.write(values.get(metric.name))
    ends = intervals.get(metric.name, ())
    if text == "-" or not ends or not all(math.isfinite(end) for end in ends):
        return text
    low, high = map(metric.write, ends)
    return text if low == high else f"{text} ({low} to {high})"
