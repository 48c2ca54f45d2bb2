"""Measures an instrument against recordings that it has not been trained on."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.training.evaluation_report import (
    EvaluationExample,
    EvaluationReport,
    RecordingMetrics,
    overall,
)
from ddsp_tf.training.metrics import (
    VOICED_CONFIDENCE,
    cents,
    delay_frames,
    log_mel_distance_db,
    loudness_distance_db,
    pitch_errors,
    spectral_distance,
)
from ddsp_tf.training.rendering import Renderer

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset
    from ddsp_tf.features import Features, FeatureSettings
    from ddsp_tf.models import Instrument

_MAX_DELAY_S = 0.1
_EXAMPLE_S = 8.0


def evaluate(
    instrument: "Instrument",
    dataset: "Dataset",
    *,
    split: str = "eval",
    n_examples: int = 3,
    progress: Callable[[float], None] | None = None,
) -> EvaluationReport:
    """Plays every recording of a split from its features and compares sound with sound.

    Pitch and loudness of the output are measured on its audio, by the tracker and the
    loudness definition of the dataset, not taken from the model's controls.

    Args:
        instrument: The model; its features must be the dataset's.
        dataset: Where the recordings are.
        split: "eval", or "train" to see how much better it does on what it knows.
        n_examples: How many outputs to keep for `EvaluationReport.figures`.
        progress: Called with the share that has been done, 0 to 1.

    Raises:
        DatasetError: The dataset's features differ from the model's, or the split is empty.

    Example:
        >>> report = evaluate(Instrument.load("violin"), Dataset.open("dataset"))  # doctest: +SKIP
        >>> report.overall.pitch.median_cents  # doctest: +SKIP
        3.2
    """
    settings = dataset.features
    instrument.features.check_matches(settings, what="the dataset")
    total_s = dataset.seconds(split)
    measured: list[RecordingMetrics] = []
    errors: list[np.ndarray] = []
    examples: list[EvaluationExample] = []
    done_s = 0.0
    render = Renderer(instrument.model)
    for name, audio, features in dataset.recordings(split):
        output = render(features, audio)
        metrics, frame_errors, tracked = compare(name, audio, output, features, settings=settings)
        measured.append(metrics)
        errors.append(frame_errors)
        if len(examples) < n_examples:
            examples.append(_example(name, audio, output, features, tracked, settings))
        done_s += metrics.seconds
        if progress is not None:
            progress(min(1.0, done_s / max(total_s, 1e-9)))
    if not measured:
        raise DatasetError(
            f"The dataset holds nothing in its {split!r} split. Prepare it again from more or "
            "longer recordings."
        )
    return EvaluationReport(
        split=split,
        recordings=tuple(measured),
        overall=overall(measured, errors),
        sample_rate=settings.sample_rate,
        frame_rate=settings.frame_rate,
        examples=tuple(examples),
    )


def compare(
    name: str,
    target: np.ndarray,
    audio: np.ndarray,
    features: "Features",
    *,
    settings: "FeatureSettings",
) -> tuple[RecordingMetrics, np.ndarray, "Features"]:
    """Compares a sound with the recording it imitates.

    Args:
        name: Of the recording.
        target: The recording, `[n_samples]`.
        audio: The imitation, at least as long.
        features: Of the recording.
        settings: What the features are.

    Returns:
        The metrics; the signed pitch error of each voiced frame in cents; the features
        tracked on `audio`.

    Raises:
        ArgumentError: `audio` is shorter than the recording.
    """
    from ddsp_tf.features import extract_features

    if len(audio) < len(target):
        raise ArgumentError(
            f"`audio` has {len(audio)} samples, fewer than the recording's {len(target)}."
        )
    audio = audio[: len(target)]
    tracked = extract_features(audio, settings)
    n_frames = min(features.n_frames, tracked.n_frames)
    features, tracked = features[:n_frames], tracked[:n_frames]
    voiced = features.f0_confidence > VOICED_CONFIDENCE
    frame_errors = cents(features.f0_hz[voiced], tracked.f0_hz[voiced])
    distance = spectral_distance(target, audio)
    delay = delay_frames(
        features.loudness_db,
        tracked.loudness_db,
        max_frames=round(_MAX_DELAY_S * settings.frame_rate),
    )
    metrics = RecordingMetrics(
        name=name,
        seconds=len(target) / settings.sample_rate,
        spectral_distance=distance["total"],
        magnitude_distance=distance["magnitude"],
        log_magnitude_distance=distance["log_magnitude"],
        log_mel_db=log_mel_distance_db(target, audio, sample_rate=settings.sample_rate),
        loudness_db=loudness_distance_db(features.loudness_db, tracked.loudness_db),
        delay_ms=1000.0 * delay / settings.frame_rate,
        voiced_s=float(voiced.sum()) / settings.frame_rate,
        pitch=pitch_errors(frame_errors),
    )
    return metrics, frame_errors, tracked


def _example(
    name: str,
    target: np.ndarray,
    audio: np.ndarray,
    features: "Features",
    tracked: "Features",
    settings: "FeatureSettings",
) -> EvaluationExample:
    n_frames = min(features.n_frames, round(_EXAMPLE_S * settings.frame_rate))
    n_samples = n_frames * settings.hop_length
    return EvaluationExample(
        name, target[:n_samples], audio[:n_samples], features[:n_frames], tracked[:n_frames]
    )
