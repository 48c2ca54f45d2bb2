"""Measures an instrument against recordings that it has not been trained on."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.evaluation.evaluation_report import (
    EvaluationExample,
    EvaluationReport,
    RecordingMetrics,
)
from ddsp_tf.evaluation.metric import MetricTable
from ddsp_tf.evaluation.reconstruction import RECONSTRUCTION, Imitation
from ddsp_tf.evaluation.rendering import Renderer
from ddsp_tf.evaluation.timbre import Timbre

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset
    from ddsp_tf.features import Features, FeatureSettings
    from ddsp_tf.models import Instrument, Model

Performer = Callable[[str, np.ndarray, "Features"], np.ndarray | None]
"""Gives its version of a recording from the recording's key, audio and features; None: has none."""

Keep = Callable[[str, np.ndarray], None]

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
    loudness definition of the dataset, not taken from the model's controls. A model that knows the
    room of a recording plays in it, and else in its main one.

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
    renderers: dict[str | None, Renderer] = {}

    def play(key: str, audio: np.ndarray, features: "Features") -> np.ndarray:
        room = _room(instrument.model, key)
        if room not in renderers:
            model = instrument.model
            renderers[room] = Renderer(model if room is None else model.in_room(room))
        return renderers[room](features, audio)

    return measure(
        play,
        dataset,
        split=split,
        n_examples=n_examples,
        keep=keep,
        progress=progress,
    )


def _room(model: "Model", key: str) -> str | None:
    """The room that a recording was made in, by its key, if the model knows it."""
    names = () if model.rooms is None else model.rooms.names
    made_in = [x for x in names if key == x or re.fullmatch(rf"{re.escape(x)}_\d+", key)]
    return max(made_in, key=len, default=None)


def measure(
    play: Performer,
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
    table = RECONSTRUCTION.measurable(settings.columns)
    measured: list[RecordingMetrics] = []
    observed: list[Mapping[str, Any]] = []
    examples: list[EvaluationExample] = []
    done_s = 0.0
    for key, name, audio, features in held_out(dataset, split):
        output = play(key, audio, features)
        if output is not None:
            if keep is not None:
                keep(key, output[: len(audio)])
            pair = _imitation(audio, output, features, settings, reference)
            observed.append(table.observe(pair))
            measured.append(RecordingMetrics(name, table.single(observed[-1], pair.seconds)))
            if len(examples) < n_examples:
                examples.append(_example(name, pair))
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
        overall=RecordingMetrics(
            "all", table.combined(observed, [metrics.seconds for metrics in measured])
        ),
        sample_rate=settings.sample_rate,
        frame_rate=settings.frame_rate,
        examples=tuple(examples),
        observed=tuple(observed),
        reference=reference,
        left_out=_left_out(table, settings.columns),
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
        The metrics that these features allow; the signed pitch error of each voiced frame in
        cents; the features tracked on `audio`.

    Raises:
        ArgumentError: `audio` is shorter than the recording.
    """
    pair = _imitation(target, audio, features, settings, Timbre.empty())
    table = RECONSTRUCTION.measurable(settings.columns)
    metrics = RecordingMetrics(name, table.single(table.observe(pair), pair.seconds))
    has_pitch = features.has("f0_hz", "f0_confidence")
    return metrics, pair.errors_cents if has_pitch else np.zeros(0), pair.tracked


def _imitation(
    target: np.ndarray,
    audio: np.ndarray,
    features: "Features",
    settings: "FeatureSettings",
    reference: Timbre,
) -> Imitation:
    from ddsp_tf.features import extract_features

    if len(audio) < len(target):
        raise ArgumentError(
            f"`audio` has {len(audio)} samples, fewer than the recording's {len(target)}."
        )
    audio = audio[: len(target)]
    tracked = extract_features(audio, settings)
    n_frames = min(features.n_frames, tracked.n_frames)
    return Imitation(target, audio, features[:n_frames], tracked[:n_frames], settings, reference)


def _left_out(table: MetricTable[Imitation], columns: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The columns that are missing for each figure that can't be measured."""
    known, measured = set(columns), {metric.name for metric in table}
    return {
        metric.name: tuple(column for column in metric.needs if column not in known)
        for metric in RECONSTRUCTION
        if metric.name not in measured
    }


def _example(name: str, pair: Imitation) -> EvaluationExample:
    frames = slice(round(_EXAMPLE_S * pair.settings.frame_rate))
    samples = slice(round(_EXAMPLE_S * pair.settings.frame_rate) * pair.settings.hop_length)
    return EvaluationExample(
        name, pair.target[samples], pair.audio[samples], pair.features[frames], pair.tracked[frames]
    )
