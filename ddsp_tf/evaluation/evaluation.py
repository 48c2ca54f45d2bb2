"""Measures an instrument against recordings that it has not been trained on."""

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.evaluation.evaluation_report import (
    EvaluationExample,
    EvaluationReport,
    RecordingMetrics,
    overall,
)
from ddsp_tf.evaluation.mel_metrics import log_mel_l1, mel_cepstral_distortion_db
from ddsp_tf.evaluation.metrics import (
    VOICED_CONFIDENCE,
    cents,
    delay_frames,
    log_mel_distance_db,
    loudness_distance_db,
    pitch_errors,
    spectral_distance,
)
from ddsp_tf.evaluation.onsets import onset_sharpness
from ddsp_tf.evaluation.rendering import Renderer
from ddsp_tf.evaluation.timbre import Timbre

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset
    from ddsp_tf.features import Features, FeatureSettings
    from ddsp_tf.models import Instrument

Player = Callable[[str, np.ndarray, "Features"], np.ndarray | None]
"""Gives its version of a recording from the recording's key, audio and features; None: has none."""

Keep = Callable[[str, np.ndarray], None]

_MAX_DELAY_S = 0.1
_EXAMPLE_S = 8.0


def evaluate(
    instrument: "Instrument",
    dataset: "Dataset",
    *,
    split: str = "eval",
    n_examples: int = 3,
    keep: Keep | None = None,
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
        keep: Called with the key and the sound of every output, e.g. to write it.
        progress: Called with the share that has been done, 0 to 1.

    Raises:
        DatasetError: The dataset's features differ from the model's, or the split is empty.

    Example:
        >>> from ddsp_tf import Dataset, Instrument
        >>> report = evaluate(Instrument.load("runs/violin"), Dataset.open("dataset/"))
        >>> report.overall.pitch.median_cents < 20
        True
    """
    instrument.features.check_matches(dataset.features, what="the dataset")
    render = Renderer(instrument.model)
    return measure(
        lambda key, audio, features: render(features, audio),
        dataset,
        split=split,
        n_examples=n_examples,
        keep=keep,
        progress=progress,
    )


def measure(
    play: Player,
    dataset: "Dataset",
    *,
    split: str = "eval",
    n_examples: int = 0,
    reference: Timbre | None = None,
    keep: Keep | None = None,
    progress: Callable[[float], None] | None = None,
) -> EvaluationReport:
    """Measures whatever plays the recordings of a split as `evaluate` measures an instrument.

    Args:
        play: Called with a recording's key (see `held_out`), its audio and its features.
        dataset: Where the recordings are.
        split: "eval" or "train".
        n_examples: How many outputs to keep for `EvaluationReport.figures`.
        reference: The timbre to compare with; that of the training split if None.
        keep: Called with the key and the sound of every output.
        progress: Called with the share that has been done, 0 to 1.

    Raises:
        DatasetError: The split is empty, or `play` has none of its recordings.

    Example:
        >>> from ddsp_tf import Dataset
        >>> report = measure(lambda key, audio, features: audio, Dataset.open("dataset/"))
        >>> report.overall.spectral_distance
        0.0
    """
    settings = dataset.features
    total_s = dataset.seconds(split)
    if reference is None:
        reference = training_timbre(dataset)
    measured: list[RecordingMetrics] = []
    errors: list[np.ndarray] = []
    timbres: list[Timbre] = []
    examples: list[EvaluationExample] = []
    done_s = 0.0
    for key, name, audio, features in held_out(dataset, split):
        output = play(key, audio, features)
        if output is not None:
            if keep is not None:
                keep(key, output[: len(audio)])
            metrics, frame_errors, tracked = compare(
                name, audio, output, features, settings=settings
            )
            measured.append(metrics)
            errors.append(frame_errors)
            timbres.append(Timbre.of(output[: len(audio)], sample_rate=settings.sample_rate))
            if len(examples) < n_examples:
                examples.append(_example(name, audio, output, features, tracked, settings))
        done_s += len(audio) / settings.sample_rate
        if progress is not None:
            progress(min(1.0, done_s / max(total_s, 1e-9)))
    if not measured and done_s > 0:
        raise DatasetError("There is no sound for any of the held-out recordings.")
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
        errors_cents=tuple(errors),
        timbres=tuple(timbres),
        reference=reference,
    )


def held_out(
    dataset: "Dataset", split: str = "eval"
) -> Iterator[tuple[str, str, np.ndarray, "Features"]]:
    """Yields the recordings of a split with keys that are unique and can be file names.

    Yields:
        `(key, name, audio, features)`: the key is the name without suffix, then `_2`, `_3`, ...
        for further passages of the same recording.
    """
    seen: dict[str, int] = {}
    for name, audio, features in dataset.recordings(split):
        stem = PurePath(name).with_suffix("").as_posix()
        seen[stem] = seen.get(stem, 0) + 1
        yield stem if seen[stem] == 1 else f"{stem}_{seen[stem]}", name, audio, features


def training_timbre(dataset: "Dataset") -> Timbre:
    """Describes the sound of the training split: what an instrument should sound like."""
    timbre = Timbre.empty()
    for _, audio, _ in dataset.recordings("train"):
        timbre += Timbre.of(audio, sample_rate=dataset.features.sample_rate)
    return timbre


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
    rate = settings.sample_rate
    delay = delay_frames(
        features.loudness_db,
        tracked.loudness_db,
        max_frames=round(_MAX_DELAY_S * settings.frame_rate),
    )
    metrics = RecordingMetrics(
        name=name,
        seconds=len(target) / rate,
        spectral_distance=distance["total"],
        magnitude_distance=distance["magnitude"],
        log_magnitude_distance=distance["log_magnitude"],
        log_mel_db=log_mel_distance_db(target, audio, sample_rate=rate),
        log_mel_l1=log_mel_l1(target, audio, sample_rate=rate),
        mel_cepstral_db=mel_cepstral_distortion_db(target, audio, sample_rate=rate),
        onset_sharpness=onset_sharpness(target, audio, sample_rate=rate),
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
