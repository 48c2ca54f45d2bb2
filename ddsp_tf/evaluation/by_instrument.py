"""Metrics of several instruments, side by side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ddsp_tf.evaluation.evaluation import evaluate
from ddsp_tf.evaluation.evaluation_report import (
    EvaluationReport,
    RecordingMetrics,
    metrics_table,
)

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset
    from ddsp_tf.models import Instrument


@dataclass(frozen=True)
class InstrumentReports:
    """What was measured of each instrument.

    Attributes:
        reports: By name.
    """

    reports: Mapping[str, EvaluationReport]

    def table(self) -> str:
        """Returns a text table, one line an instrument."""
        first = next(iter(self.reports.values()))
        rows = [
            RecordingMetrics(name, report.overall.values) for name, report in self.reports.items()
        ]
        return metrics_table(first.metrics.shown("report"), "instrument", rows)

    def to_dict(self) -> dict[str, Any]:
        """Returns everything as JSON values."""
        first = next(iter(self.reports.values()))
        of_each = {name: report.to_dict() for name, report in self.reports.items()}
        recordings = [
            {**recording, "instrument": name}
            for name, of_one in of_each.items()
            for recording in of_one.pop("recordings")
        ]
        return {
            "format_version": 1,
            "split": first.split,
            "instruments": of_each,
            "recordings": recordings,
        }


def evaluate_instruments(
    instruments: Mapping[str, "Instrument"],
    datasets: Mapping[str, "Dataset"],
    *,
    split: str = "eval",
    keep: Callable[[str], Any] = lambda name: None,
    progress: Callable[[float], None] | None = None,
) -> InstrumentReports:
    """Measures each instrument on its own recordings; see `evaluate`.

    Args:
        instruments: By name.
        datasets: The recordings of each, by the same names.
        split: "eval" or "train".
        keep: Gives what is called with the sounds of an instrument, by its name.
        progress: Called with the share that has been done, 0 to 1.

    Raises:
        DatasetError: As for `evaluate`.
    """
    reports: dict[str, EvaluationReport] = {}
    for number, (name, instrument) in enumerate(instruments.items()):

        def tell(share: float, done: int = number) -> None:
            if progress is not None:
                progress((done + share) / len(instruments))

        reports[name] = evaluate(
            instrument,
            datasets[name],
            split=split,
            n_examples=1,
            keep=keep(name),
            progress=tell,
        )
    return InstrumentReports(reports)
