"""The result of an evaluation: numbers per recording, and pictures."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.cells import cell_len

from ddsp_tf.evaluation.bootstrap import CONFIDENCE, bootstrap_intervals
from ddsp_tf.evaluation.metrics import PitchErrors, pitch_errors
from ddsp_tf.evaluation.timbre import Timbre

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ddsp_tf.features import Features

_COLUMNS = (
    ("s", "seconds", "{:.1f}"),
    ("spectral", "spectral_distance", "{:.2f}"),
    ("mel dB", "log_mel_db", "{:.1f}"),
    ("mel L1", "log_mel_l1", "{:.2f}"),
    ("MCD dB", "mel_cepstral_db", "{:.1f}"),
    ("loudness dB", "loudness_db", "{:.2f}"),
    ("delay ms", "delay_ms", "{:+.1f}"),
    ("voiced s", "voiced_s", "{:.1f}"),
    ("f0 mean ct", "mean_cents", "{:.1f}"),
    ("f0 median ct", "median_cents", "{:.1f}"),
    ("RPA", "raw_pitch_accuracy", "{:.1%}"),
    ("octave", "octave_error_share", "{:.1%}"),
    ("onsets", "onset_sharpness", "{:.2f}"),
)
_NOT_DRAWN = {"name", "seconds", "voiced_s", "n_frames"}


@dataclass(frozen=True)
class RecordingMetrics:
    """What was measured on one recording, or over all of them.

    Attributes:
        name: The recording.
        seconds: Its length.
        spectral_distance: Multi-scale spectral distance.
        magnitude_distance: Its linear part.
        log_magnitude_distance: Its logarithmic part.
        log_mel_db: Mean difference of the mel spectrograms in dB.
        log_mel_l1: Mean difference of the natural logarithms of librosa's mel powers.
        mel_cepstral_db: Mel-cepstral distortion in dB.
        onset_sharpness: Of the output against the recording, 1 the same; NaN without onsets.
        loudness_db: Mean difference of the loudness in dB.
        delay_ms: Lag of the output's loudness; NaN if unknown.
        voiced_s: Seconds on which pitch was compared.
        pitch: Pitch errors on these.
    """

    name: str
    seconds: float
    spectral_distance: float
    magnitude_distance: float
    log_magnitude_distance: float
    log_mel_db: float
    log_mel_l1: float
    mel_cepstral_db: float
    onset_sharpness: float
    loudness_db: float
    delay_ms: float
    voiced_s: float
    pitch: PitchErrors

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON values; what is unknown is None."""
        values = asdict(self)
        flat = {**values, **values.pop("pitch")}
        flat.pop("pitch", None)
        return {name: json_value(value) for name, value in flat.items()}


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
        overall: Weighted by length; pitch over all voiced frames together.
        sample_rate: Of the examples, in Hz.
        frame_rate: Of their features.
        examples: A few outputs, for `figures`.
        errors_cents: Signed pitch errors on the voiced frames of each recording.
        timbres: Of each output.
        reference: The timbre of the instrument.
    """

    split: str
    recordings: tuple[RecordingMetrics, ...]
    overall: RecordingMetrics
    sample_rate: int
    frame_rate: float
    examples: tuple[EvaluationExample, ...] = field(default=(), repr=False)
    errors_cents: tuple[np.ndarray, ...] = field(default=(), repr=False, compare=False)
    timbres: tuple[Timbre, ...] = field(default=(), repr=False)
    reference: Timbre = field(default_factory=Timbre.empty, repr=False)

    @property
    def timbre_db(self) -> float:
        """Distance of all outputs together from the timbre of the training split, in dB."""
        return sum(self.timbres, Timbre.empty()).distance_db(self.reference)

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95% confidence intervals of the overall figures, by bootstrap over the recordings.

        The timbre's distance has none: with fewer different recordings it is always larger.
        """
        names = [name for name in self.overall.to_dict() if name not in _NOT_DRAWN]

        def figures(chosen: Sequence[int]) -> list[float]:
            drawn = overall(
                [self.recordings[i] for i in chosen], [self.errors_cents[i] for i in chosen]
            ).to_dict()
            return [float("nan") if drawn[name] is None else drawn[name] for name in names]

        groups = [metrics.name for metrics in self.recordings]
        return dict(zip(names, bootstrap_intervals(figures, groups), strict=True))

    def table(self) -> str:
        """Returns the metrics as a text table, one line a recording, the last one for all."""
        heads = ["recording", *(head for head, _, _ in _COLUMNS)]
        rows = [_cells(metrics) for metrics in (*self.recordings, self.overall)]
        widths = [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        body = [_line(row, widths) for row in rows]
        return "\n".join([_line(heads, widths), rule, *body[:-1], rule, body[-1]])

    def to_dict(self) -> dict[str, Any]:
        """Returns everything but the examples as JSON values."""
        return {
            "format_version": 1,
            "split": self.split,
            "overall": {**self.overall.to_dict(), "timbre_db": json_value(self.timbre_db)},
            "confidence": CONFIDENCE,
            "intervals": {
                name: [json_value(end) for end in ends] for name, ends in self.intervals.items()
            },
            "recordings": [metrics.to_dict() for metrics in self.recordings],
        }

    def figures(self) -> dict[str, "Figure"]:
        """Draws the examples: spectrograms, and pitch and loudness, by name."""
        from ddsp_tf.plotting import f0_and_loudness, spectrogram_pair

        titles = ("Recording", "Model")
        figures = {}
        for index, example in enumerate(self.examples):
            figures[f"spectrogram-{index}"] = spectrogram_pair(
                example.target, example.audio, self.sample_rate, titles=titles, title=example.name
            )
            figures[f"f0-and-loudness-{index}"] = f0_and_loudness(
                example.features.f0_hz,
                example.features.loudness_db,
                frame_rate=self.frame_rate,
                output_f0_hz=example.tracked.f0_hz,
                output_loudness_db=example.tracked.loudness_db,
                voiced=example.features.f0_confidence > 0.5,
                labels=titles,
                title=example.name,
            )
        return figures


def overall(
    recordings: Sequence[RecordingMetrics], errors_cents: Sequence[np.ndarray]
) -> RecordingMetrics:
    """Combines recordings: means weighted by length, pitch over all voiced frames together.

    Args:
        recordings: At least one.
        errors_cents: Their signed pitch errors on voiced frames.
    """
    return RecordingMetrics(
        name="all",
        seconds=sum(metrics.seconds for metrics in recordings),
        spectral_distance=_mean(recordings, "spectral_distance"),
        magnitude_distance=_mean(recordings, "magnitude_distance"),
        log_magnitude_distance=_mean(recordings, "log_magnitude_distance"),
        log_mel_db=_mean(recordings, "log_mel_db"),
        log_mel_l1=_mean(recordings, "log_mel_l1"),
        mel_cepstral_db=_mean(recordings, "mel_cepstral_db"),
        onset_sharpness=_mean(recordings, "onset_sharpness"),
        loudness_db=_mean(recordings, "loudness_db"),
        delay_ms=_mean(recordings, "delay_ms"),
        voiced_s=sum(metrics.voiced_s for metrics in recordings),
        pitch=pitch_errors(np.concatenate(list(errors_cents))),
    )


def _mean(recordings: Sequence[RecordingMetrics], name: str) -> float:
    known = [(getattr(m, name), m.seconds) for m in recordings if math.isfinite(getattr(m, name))]
    if not known:
        return float("nan")
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known)


def _cells(metrics: RecordingMetrics) -> list[str]:
    values = metrics.to_dict()
    return [
        metrics.name,
        *("-" if values[key] is None else text.format(values[key]) for _, key, text in _COLUMNS),
    ]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Pads by what a terminal shows: a Chinese letter takes two places, an accent may take none."""
    gaps = [" " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    numbers = (gap + cell for gap, cell in zip(gaps[1:], cells[1:], strict=True))
    return "  ".join([cells[0] + gaps[0], *numbers])


def json_value(value: Any) -> Any:
    """Gives None for a number that JSON can't hold: NaN stands for what is unknown."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
