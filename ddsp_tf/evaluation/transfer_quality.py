"""How much of a melody is left when another instrument plays it, and how much it sounds like it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.evaluation.bootstrap import CONFIDENCE, bootstrap_intervals
from ddsp_tf.evaluation.metric import Metric, MetricTable, json_value, pooled
from ddsp_tf.evaluation.metrics import (
    VOICED_CONFIDENCE,
    PitchErrors,
    cents,
    mean_size,
    median_size,
    octave_error_share,
    pitch_errors,
    raw_pitch_accuracy,
)
from ddsp_tf.evaluation.timbre import Timbre

if TYPE_CHECKING:
    from ddsp_tf.features import Features, FeatureSettings


@dataclass(frozen=True, eq=False)
class TransferredMelody:
    """What one melody has become.

    Attributes:
        name: The melody.
        seconds: Its length.
        octaves: By how many octaves it was moved as a whole.
        errors_cents: Signed pitch errors besides, on the melody's confident frames.
        loudness_errors_db: Differences of loudness besides the median one, on the same frames.
        loudness_correlation: Of the two loudness curves on them; NaN where one never changes.
        timbre: Of the output.
    """

    name: str
    seconds: float
    octaves: int
    errors_cents: np.ndarray
    loudness_errors_db: np.ndarray
    loudness_correlation: float
    timbre: Timbre

    @classmethod
    def compare(
        cls,
        name: str,
        features: "Features",
        audio: np.ndarray,
        *,
        settings: "FeatureSettings",
    ) -> "TransferredMelody":
        """Compares the pitch and loudness of an output with those of the melody.

        Args:
            name: Of the melody.
            features: Of the melody.
            audio: The output, `[n_samples]`.
            settings: What the features are.
        """
        from ddsp_tf.features import extract_features

        tracked = extract_features(audio, settings)
        n_frames = min(features.n_frames, tracked.n_frames)
        features, tracked = features[:n_frames], tracked[:n_frames]
        sung = features.f0_confidence > VOICED_CONFIDENCE
        errors = cents(features.f0_hz[sung], tracked.f0_hz[sung])
        octaves = round(float(np.median(errors)) / 1200.0) if len(errors) else 0
        before, after = features.loudness_db[sung], tracked.loudness_db[sung]
        change = after - before
        return cls(
            name=name,
            seconds=len(audio) / settings.sample_rate,
            octaves=octaves,
            errors_cents=errors - 1200.0 * octaves,
            loudness_errors_db=change - np.median(change) if len(change) else change,
            loudness_correlation=_correlation(before, after),
            timbre=Timbre.of(audio, sample_rate=settings.sample_rate),
        )


def _weighted_by_frames(observed: Sequence[tuple[float, int]], seconds: Sequence[float]) -> float:
    del seconds
    known = [(value, n_frames) for value, n_frames in observed if np.isfinite(value)]
    n_frames = sum(count for _, count in known)
    return sum(value * count for value, count in known) / n_frames if n_frames else float("nan")


def _timbres_together(observed: Sequence[tuple[Timbre, Timbre]], seconds: Sequence[float]) -> float:
    del seconds
    timbres = [timbre for timbre, _ in observed]
    return sum(timbres, Timbre.empty()).distance_db(observed[0][1])


_Judged = tuple[TransferredMelody, Timbre]
"""A melody, and the timbre that it should have."""

TRANSFER: MetricTable[_Judged] = MetricTable(
    (
        Metric(
            "mean_cents", "f0 mean ct", "f0 mean", lambda x: x[0].errors_cents, "{:.1f}", "cents",
            combine=pooled(mean_size), where=("comparison",),
        ),
        Metric(
            "median_cents", "f0 median ct", "f0 median", lambda x: x[0].errors_cents,
            "{:.1f}", "cents", combine=pooled(median_size), where=("comparison",),
        ),
        Metric(
            "raw_pitch_accuracy", "RPA", "raw pitch accuracy", lambda x: x[0].errors_cents,
            "{:.1%}", better="higher", combine=pooled(raw_pitch_accuracy), where=("comparison",),
        ),
        Metric(
            "octave_error_share", "octave", "octave errors", lambda x: x[0].errors_cents, "{:.2%}",
            combine=pooled(octave_error_share), where=("comparison",),
        ),
        Metric(
            "loudness_shape_db", "shape dB", "loudness shape", lambda x: x[0].loudness_errors_db,
            "{:.1f}", "dB", combine=pooled(mean_size), where=("comparison",),
        ),
        Metric(
            "loudness_correlation", "correlation", "loudness correlation",
            lambda x: (x[0].loudness_correlation, len(x[0].errors_cents)), "{:.2f}",
            better="higher", combine=_weighted_by_frames, where=("comparison",),
        ),
        Metric(
            "timbre_db", "timbre dB", "timbre", lambda x: (x[0].timbre, x[1]), "{:.2f}", "dB",
            combine=_timbres_together, where=("comparison",), of_all_only=True, drawn=False,
        ),
    )
)  # fmt: skip
"""Figures of what is left of melodies."""


@dataclass(frozen=True, eq=False)
class TransferQuality:
    """Melodies that an instrument, or something else, has played.

    Attributes:
        melodies: At least one.
        reference: The timbre of the instrument that they should sound like.
    """

    melodies: tuple[TransferredMelody, ...]
    reference: Timbre = field(repr=False)

    @property
    def pitch(self) -> PitchErrors:
        """Pitch errors over all melodies together, moves by whole octaves forgiven."""
        return pitch_errors(np.concatenate([melody.errors_cents for melody in self.melodies]))

    @property
    def figures(self) -> dict[str, float]:
        """What is left of pitch and loudness, and the distance from the instrument's timbre."""
        return TRANSFER.combined(self._observed, self._seconds)

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95% confidence intervals of `figures` but the timbre, by bootstrap over the melodies."""
        drawn = MetricTable(metric for metric in TRANSFER if metric.drawn)
        observed, seconds = self._observed, self._seconds

        def figures(chosen: Sequence[int]) -> list[float]:
            together = [observed[i] for i in chosen], [seconds[i] for i in chosen]
            return list(drawn.combined(*together).values())

        groups = [melody.name for melody in self.melodies]
        names = [metric.name for metric in drawn]
        return dict(zip(names, bootstrap_intervals(figures, groups), strict=True))

    @property
    def _observed(self) -> list[dict[str, Any]]:
        return [TRANSFER.observe((melody, self.reference)) for melody in self.melodies]

    @property
    def _seconds(self) -> list[float]:
        return [melody.seconds for melody in self.melodies]

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON values; what is unknown is None."""
        return {
            **{name: json_value(value) for name, value in self.figures.items()},
            "seconds": sum(melody.seconds for melody in self.melodies),
            "confidence": CONFIDENCE,
            "intervals": {
                name: [json_value(end) for end in ends] for name, ends in self.intervals.items()
            },
            "melodies": {melody.name: {"octaves": melody.octaves} for melody in self.melodies},
        }


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 2 or min(np.ptp(first), np.ptp(second)) < 1e-3:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
