"""The result of an evaluation: numbers per recording, and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.cells import cell_len

from ddsp_tf.evaluation.bootstrap import CONFIDENCE, bootstrap_intervals
from ddsp_tf.evaluation.metric import Metric, MetricTable, json_value
from ddsp_tf.evaluation.metrics import PitchErrors
from ddsp_tf.evaluation.reconstruction import RECONSTRUCTION, Imitation
from ddsp_tf.evaluation.timbre import Timbre

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ddsp_tf.features import Features

_VOICED_CONFIDENCE = 0.5


@dataclass(frozen=True)
class RecordingMetrics:
    """What was measured on one recording, or over all of them.

    Every figure of `RECONSTRUCTION` that could be measured is an attribute too.

    Attributes:
        name: The recording.
        values: The figures by name; NaN is unknown.

    Example:
        >>> RecordingMetrics("take.wav", {"loudness_db": 1.5}).loudness_db
        1.5
    """

    name: str
    values: Mapping[str, float]

    def __getattr__(self, name: str) -> float:
        # Unpickling asks before there are values.
        values = self.__dict__.get("values", {})
        if name in values:
            return float(values[name])
        raise AttributeError(f"There is no figure `{name}`; there are: {', '.join(values)}.")

    @property
    def pitch(self) -> PitchErrors:
        """The pitch errors; NaN where pitch wasn't measured."""
        unknown = float("nan")
        return PitchErrors(
            n_frames=int(self.values.get("n_frames", 0)),
            mean_cents=self.values.get("mean_cents", unknown),
            median_cents=self.values.get("median_cents", unknown),
            bias_cents=self.values.get("bias_cents", unknown),
            raw_pitch_accuracy=self.values.get("raw_pitch_accuracy", unknown),
            raw_chroma_accuracy=self.values.get("raw_chroma_accuracy", unknown),
            octave_error_share=self.values.get("octave_error_share", unknown),
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON values; what is unknown is None."""
        figures = {name: json_value(value) for name, value in self.values.items()}
        return {"name": self.name, **figures}


@dataclass(frozen=True)
class EvaluationExample:
    """A recording and the model's version of it, to look at.

    Attributes:
        name: The recording.
        target: Its samples, `[n_samples]`.
        audio: The model's samples, `[n_samples]`.
        features: Of the recording.
        tracked: Of the model's audio.
    """

    name: str
    target: np.ndarray
    audio: np.ndarray
    features: "Features"
    tracked: "Features"


@dataclass(frozen=True)
class EvaluationReport:
    """Metrics of every held-out recording and of all together.

    Attributes:
        split: Which part of the dataset was used.
        recordings: One entry each.
        overall: All together, each figure combined as `RECONSTRUCTION` says.
        sample_rate: Of the examples, in Hz.
        frame_rate: Of their features.
        examples: A few outputs, for `figures`.
        observed: What each figure observed of each recording, by its name.
        reference: The timbre of the instrument.
        left_out: Which columns are missing for the figures that weren't measured, by their names.
    """

    split: str
    recordings: tuple[RecordingMetrics, ...]
    overall: RecordingMetrics
    sample_rate: int
    frame_rate: float
    examples: tuple[EvaluationExample, ...] = field(default=(), repr=False)
    observed: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)
    reference: Timbre = field(default_factory=Timbre.empty, repr=False)
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def metrics(self) -> MetricTable[Imitation]:
        """What was measured."""
        return MetricTable(metric for metric in RECONSTRUCTION if metric.name not in self.left_out)

    @property
    def timbre_db(self) -> float:
        """Distance of all outputs together from the timbre of the training split, in dB."""
        return self.overall.timbre_db

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95% confidence intervals of the overall figures, by bootstrap over the recordings."""
        drawn = MetricTable(metric for metric in self.metrics if metric.drawn)

        def figures(chosen: Sequence[int]) -> list[float]:
            observed = [self.observed[i] for i in chosen]
            seconds = [self.recordings[i].seconds for i in chosen]
            return list(drawn.combined(observed, seconds).values())

        groups = [metrics.name for metrics in self.recordings]
        names = [metric.name for metric in drawn]
        return dict(zip(names, bootstrap_intervals(figures, groups), strict=True))

    def table(self) -> str:
        """Returns the metrics as a text table, one line a recording, the last one for all."""
        shown = self.metrics.shown("report")
        said = [f"Not measured: {self.describe_left_out()}"] if self.left_out else []
        table = metrics_table(shown, "recording", self.recordings, last=self.overall)
        return "\n".join([table, *said])

    def describe_left_out(self) -> str:
        """Says what wasn't measured and which columns it would need; empty if nothing is."""
        labels = {metric.name: metric.label for metric in RECONSTRUCTION}
        by_columns: dict[tuple[str, ...], list[str]] = {}
        for name, columns in self.left_out.items():
            by_columns.setdefault(columns, []).append(labels[name])
        return "; ".join(
            f"{', '.join(names)} (the dataset has no {', '.join(columns)})"
            for columns, names in by_columns.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns everything but the examples as JSON values."""
        return {
            "format_version": 1,
            "split": self.split,
            "overall": self.overall.to_dict(),
            "confidence": CONFIDENCE,
            "intervals": {
                name: [json_value(end) for end in ends] for name, ends in self.intervals.items()
            },
            "recordings": [metrics.to_dict() for metrics in self.recordings],
            "left_out": {name: list(columns) for name, columns in self.left_out.items()},
        }

    def figures(self) -> dict[str, "Figure"]:
        """Draws the examples: spectrograms, and pitch and loudness if there are, by name."""
        from ddsp_tf.plotting import f0_and_loudness, spectrogram_pair

        titles = ("Recording", "Model")
        figures = {}
        for index, example in enumerate(self.examples):
            figures[f"spectrogram-{index}"] = spectrogram_pair(
                example.target, example.audio, self.sample_rate, titles=titles, title=example.name
            )
            if not example.features.has("f0_hz", "f0_confidence", "loudness_db"):
                continue
            figures[f"f0-and-loudness-{index}"] = f0_and_loudness(
                example.features.f0_hz,
                example.features.loudness_db,
                frame_rate=self.frame_rate,
                output_f0_hz=example.tracked.f0_hz,
                output_loudness_db=example.tracked.loudness_db,
                voiced=example.features.f0_confidence > _VOICED_CONFIDENCE,
                labels=titles,
                title=example.name,
            )
        return figures


def metrics_table(
    shown: Sequence[Metric[Imitation]],
    head: str,
    rows: Sequence[RecordingMetrics],
    *,
    last: RecordingMetrics | None = None,
) -> str:
    """Writes figures as a text table.

    Args:
        shown: The columns.
        head: What the names of the rows are.
        rows: A line each.
        last: A line below another rule.
    """
    heads = [head, *(metric.short for metric in shown)]
    of_all = [*rows, *([] if last is None else [last])]
    cells = [
        [of.name, *(metric.write(of.values.get(metric.name)) for metric in shown)] for of in of_all
    ]
    widths = [max(map(cell_len, column)) for column in zip(heads, *cells, strict=True)]
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    body = [_line(row, widths) for row in cells]
    if last is not None:
        body.insert(-1, rule)
    return "\n".join([_line(heads, widths), rule, *body])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Pads by what a terminal shows: a Chinese letter takes two places, an accent may take none."""
    gaps = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    numbers = (gap + cell for gap, cell in zip(gaps[1:], cells[1:], strict=True))
    return "  ".join([cells[0] + gaps[0], *numbers])
