"""What `ddsp-tf inspect` finds in each kind of thing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddsp_tf.cli.export_inspections import (
    MODEL_SUFFIXES,
    PLUGIN_SUFFIX,
    TORCH_SUFFIXES,
    inspect_export,
    inspect_model_file,
    inspect_plugin_file,
    inspect_torch_file,
    is_export,
    no_drawing,
)
from ddsp_tf.cli.instruments import describe_keys, describe_metrics, describe_range
from ddsp_tf.cli.score_inspections import inspect_score
from ddsp_tf.cli.terminal import Advance, duration
from ddsp_tf.errors import ArgumentError, ModelError, TrainingError
from ddsp_tf.midi.score_file import SUFFIXES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MODEL_FILES = ("metadata.json", "model.json")


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        kind: What it is, in a few words.
        facts: What there is to know, for a person, by name.
        values: The same as JSON values.
        draw: Draws it.
        warnings: What is doubtful about it.
    """

    kind: str
    facts: dict[str, str]
    values: dict[str, Any]
    draw: Callable[[], "Figure"]
    warnings: list[str] = field(default_factory=list)


def inspect_path(name: str, advance: Advance) -> Inspection:
    """Finds out what a path is, and looks into it.

    Args:
        name: A path, or the name of a shipped instrument.
        advance: Is told how far it is.

    Raises:
        ArgumentError: It is none of the known kinds.
        DdspError: It is one, but damaged.
    """
    path = Path(name)
    if path.is_file() and path.suffix.lower() in MODEL_SUFFIXES:
        kind, facts, values, warnings = inspect_model_file(path)
        return Inspection(kind, facts, values, no_drawing, warnings)
    if path.is_file() and path.suffix.lower() == PLUGIN_SUFFIX:
        kind, facts, values, warnings = inspect_plugin_file(path)
        return Inspection(kind, facts, values, no_drawing, warnings)
    if path.is_file() and path.suffix.lower() in TORCH_SUFFIXES:
        kind, facts, values, warnings = inspect_torch_file(path)
        return Inspection(kind, facts, values, no_drawing, warnings)
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return Inspection("score", *inspect_score(path), no_drawing)
    if path.is_file():
        return _audio(path, advance)
    if (path / "dataset.json").exists():
        return _dataset(path)
    if (path / "settings.json").exists() or (path / "metrics.jsonl").exists():
        return _run(path)
    if path.is_dir() and not any((path / file).exists() for file in MODEL_FILES):
        raise ArgumentError(
            f"`{path}` is neither a dataset, nor a run, nor a model. To look at recordings, name "
            "one of them; `ddsp-tf prepare` reports on a whole folder."
        )
    if not path.exists():
        _check_shipped(name)
    if is_export(path):
        kind, facts, values, warnings = inspect_export(path)
        return Inspection(kind, facts, values, no_drawing, warnings)
    return _instrument(name)


def _check_shipped(name: str) -> None:
    from ddsp_tf.models.instrument import shipped_models, suggest_instruments

    if name not in shipped_models():
        raise ModelError(
            f"`{name}` does not exist. Give a recording, a dataset, a run, a model, an export, or "
            f"the name of a shipped instrument. {suggest_instruments(name)}"
        )


def _audio(path: Path, advance: Advance) -> Inspection:
    import numpy as np

    from ddsp_tf.audio import check_usable, read_sound
    from ddsp_tf.features import FeatureSettings, extract_features
    from ddsp_tf.features.voicing import note_mask
    from ddsp_tf.note_names import note_name
    from ddsp_tf.plotting import f0_and_loudness

    settings = FeatureSettings()
    sound = read_sound(path, sample_rate=settings.sample_rate)
    audio, info = sound.audio, sound.info
    check_usable(audio, n_samples=settings.hop_length, name=path)
    features = extract_features(audio, settings, progress=advance)
    notes = note_mask(features, frame_rate=settings.frame_rate)
    peak_db = 20.0 * float(np.log10(np.max(np.abs(audio))))
    facts = {
        "length": duration(info.seconds),
        "format": f"{info.format}, {info.sample_rate} Hz, {info.n_channels} channel(s)",
        "peak": f"{peak_db:.1f} dBFS",
        "notes": f"{notes.mean():.0%} of the time",
    }
    values: dict[str, Any] = {
        "seconds": info.seconds,
        "sample_rate": info.sample_rate,
        "n_channels": info.n_channels,
        "format": info.format,
        "peak_db": peak_db,
        "note_share": float(notes.mean()),
    }
    warnings = [f"It {remark}" for remark in sound.remarks]
    if notes.any():
        midi = 69.0 + 12.0 * np.log2(features.f0_hz[notes] / 440.0)
        pitch = np.percentile(midi, [1.0, 50.0, 99.0])
        level = np.percentile(features.loudness_db[notes], [1.0, 50.0, 99.0])
        lowest, middle, highest = (note_name(value) for value in pitch)
        facts["pitch"] = f"{lowest} to {highest}, median {middle}"
        facts["loudness"] = f"{level[0]:.0f} to {level[2]:.0f} dB, median {level[1]:.0f} dB"
        values |= {"f0_midi_percentiles": pitch.tolist(), "loudness_db_percentiles": level.tolist()}
    else:
        warnings.append("No note was found in it: it is noise, speech, chords, or too soft.")

    def draw() -> "Figure":
        return f0_and_loudness(
            features.f0_hz,
            features.loudness_db,
            frame_rate=settings.frame_rate,
            voiced=notes,
            title=path.name,
        )

    return Inspection("audio file", facts, values, draw, warnings)


def _dataset(path: Path) -> Inspection:
    import numpy as np

    from ddsp_tf.data import Dataset
    from ddsp_tf.plotting import f0_and_loudness, spectrogram

    dataset = Dataset.open(path)
    features, statistics = dataset.features, dataset.statistics
    seconds = {split: dataset.seconds(split) for split in ("train", "eval")}
    facts = {
        "training": f"{duration(seconds['train'])}, {dataset.n_examples('train')} clips of 4 s",
        "held out": duration(seconds["eval"]),
        "features": f"{features.sample_rate} Hz, {features.frame_rate:g} frames a second, "
        f"{features.f0_tracker}, {features.loudness} loudness",
        "columns": ", ".join(dataset.columns),
    }
    if statistics is not None:
        facts["notes"] = f"{statistics.voiced_share:.0%} of the time"
        facts["pitch"], facts["loudness"] = describe_range(statistics.to_dict())
    values = {
        "seconds": seconds,
        "features": features.to_dict(),
        "columns": [column.to_dict() for column in dataset.columns.values()],
        "statistics": None if statistics is None else statistics.to_dict(),
    }
    if (path / "report.txt").is_file():
        facts["report"] = f"{path / 'report.txt'} and {path / 'report.png'}"

    def draw() -> "Figure":
        name, audio, found = next(iter(dataset.recordings("train")))
        part = slice(0, round(60.0 * features.frame_rate))
        if not found.has("f0_hz", "loudness_db"):
            heard = audio[: part.stop * features.hop_length]
            mono = heard if heard.ndim == 1 else heard.mean(axis=1)
            return spectrogram(mono, features.sample_rate, title=f"{name}, up to its first minute")
        return f0_and_loudness(
            np.asarray(found.f0_hz)[part],
            np.asarray(found.loudness_db)[part],
            frame_rate=features.frame_rate,
            title=f"{name}, up to its first minute",
        )

    return Inspection("dataset", facts, values, draw)


def _run(path: Path) -> Inspection:
    from ddsp_tf.plotting import training_curves
    from ddsp_tf.training import RunDirectory

    run = RunDirectory(path)
    rows = run.read_metrics()
    if not rows:
        raise TrainingError(f"The run in `{path}` has not logged anything yet.")
    losses = [row for row in rows if "loss" in row]
    validated = [row for row in rows if "validation_loss" in row]
    facts = {"steps": str(rows[-1]["step"])}
    if losses:
        facts["loss"] = f"{losses[-1]['loss']:.3f}"
    if validated:
        best = min(validated, key=lambda row: row["validation_loss"])
        facts["best"] = f"validation loss {best['validation_loss']:.3f} at step {best['step']}"
    has_model = (run.model / "metadata.json").is_file()
    facts["model"] = str(run.model) if has_model else "none yet: no validation was reached"
    facts["checkpoints"] = ", ".join(sorted(p.name for p in run.checkpoints.glob("step-*"))) or "-"
    values = {"step": rows[-1]["step"], "last": rows[-1], "has_model": has_model}
    return Inspection("training run", facts, values, lambda: training_curves(rows, title=str(path)))


def _instrument(name: str) -> Inspection:
    from ddsp_tf.inference.score_inputs import is_played_by_notes
    from ddsp_tf.models import Instrument, read_instrument_metadata

    instrument = Instrument.load(name)
    metadata = read_instrument_metadata(name)
    model, features = instrument.model, instrument.features
    group = getattr(model, "processor_group", None)
    facts = {
        "parameters": f"{model.count_params():,}",
        "processors": ", ".join(x.name for x in group.processors) if group is not None else "-",
        "features": f"{features.sample_rate} Hz, {features.frame_rate:g} frames a second, "
        f"{features.f0_tracker}, {features.loudness} loudness",
        "streaming": "needs the whole sound" if model.why_not_live else "causal",
    }
    if model.rooms is not None:
        others = [name for name in model.rooms.names if name != model.rooms.main]
        facts["room"] = f"{model.rooms.main}; others: {', '.join(others) or 'none'}"
    if instrument.statistics is not None:
        facts["pitch"], facts["loudness"] = describe_range(instrument.statistics.to_dict())
    if "key_range" in metadata:
        facts["keys"] = describe_keys(metadata["key_range"])
    for key in ("training_data", "licence"):
        if key in metadata:
            facts[key.replace("_", " ")] = str(metadata[key])
    if "metrics" in metadata:
        facts["measured"] = describe_metrics(metadata["metrics"])
    values = {
        "n_parameters": model.count_params(),
        "features": features.to_dict(),
        "metadata": {key: value for key, value in metadata.items() if key != "sha256"},
    }
    draw = _scale if is_played_by_notes(model) else _glide
    return Inspection("instrument", facts, values, lambda: draw(instrument, name))


def _scale(instrument: Any, name: str) -> "Figure":
    """The spectrogram of eight notes over the keys of the instrument."""
    import numpy as np

    from ddsp_tf.inference import Render
    from ddsp_tf.plotting import spectrogram

    lowest, highest = instrument.metadata.get("key_range", (48, 84))
    keys = np.linspace(lowest, highest, 8).round()
    onsets = 0.5 * np.arange(8)
    columns = [onsets, onsets + 0.5, keys, np.full(8, 0.7), np.zeros(8)]
    audio, _ = Render(instrument, tail_s=0.5)(np.stack(columns, axis=1))
    rate = instrument.features.sample_rate
    return spectrogram(audio, rate, title=f"{name}: notes over its range")


def _glide(instrument: Any, name: str) -> "Figure":
    """The spectrogram of the instrument gliding through its range in four seconds."""
    import numpy as np

    from ddsp_tf.plotting import spectrogram

    features, statistics = instrument.features, instrument.statistics
    n_frames = round(4.0 * features.frame_rate)
    low, high = (220.0, 880.0) if statistics is None else statistics.f0_hz_range
    level = -20.0 if statistics is None else statistics.loudness_db_quantiles[50]
    f0_hz = np.geomspace(low, high, n_frames, dtype=np.float32)
    loudness_db = np.full(n_frames, level, np.float32)
    audio = np.zeros([1, n_frames * features.hop_length], np.float32)
    outputs = instrument.model(
        {
            "f0_hz": f0_hz[None, :, None],
            "loudness_db": loudness_db[None, :, None],
            "audio": audio,
        }
    )
    return spectrogram(
        np.asarray(outputs["audio"][0]),
        features.sample_rate,
        f0_hz=f0_hz,
        frame_rate=features.frame_rate,
        title=f"{name}: a glide through its range",
    )
