"""How much of a melody is left when another instrument plays it, and how much it sounds like it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.evaluation.bootstrap import CONFIDENCE, bootstrap_intervals
from ddsp_tf.evaluation.evaluation_report import json_value
from ddsp_tf.evaluation.metrics import VOICED_CONFIDENCE, PitchErrors, cents, pitch_errors
from ddsp_tf.evaluation.timbre import Timbre

if TYPE_CHECKING:
    from ddsp_tf.features import Features, FeatureSettings

_KEPT = ("median_cents", "mean_cents", "raw_pitch_accuracy", "octave_error_share")


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
        timbre = sum((melody.timbre for melody in self.melodies), Timbre.empty())
        return {**_kept(self.melodies), "timbre_db": timbre.distance_db(self.reference)}

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95% confidence intervals of `figures` but the timbre, by bootstrap over the melodies."""

        def figures(chosen: Sequence[int]) -> list[float]:
            return list(_kept([self.melodies[i] for i in chosen]).values())

        groups = [melody.name for melody in self.melodies]
        names = _kept(self.melodies)
        return dict(zip(names, bootstrap_intervals(figures, groups), strict=True))

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


def _kept(melodies: Sequence[TransferredMelody]) -> dict[str, float]:
    pitch = asdict(pitch_errors(np.concatenate([melody.errors_cents for melody in melodies])))
    shape = np.abs(np.concatenate([melody.loudness_errors_db for melody in melodies]))
    known = [m for m in melodies if np.isfinite(m.loudness_correlation)]
    weights = [len(melody.errors_cents) for melody in known]
    return {
        **{name: pitch[name] for name in _KEPT},
        "loudness_shape_db": float(shape.mean()) if len(shape) else float("nan"),
        "loudness_correlation": float(
            np.average([melody.loudness_correlation for melody in known], weights=weights)
        )
        if sum(weights)
        else float("nan"),
    }


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) < 2 or min(np.ptp(first), np.ptp(second)) < 1e-3:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
