"""Writes a prepared dataset: shards, `dataset.json`, and the report."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ddsp_tf import files
from ddsp_tf.data.events import segment_events, write_events
from ddsp_tf.data.prepare_report import PrepareReport
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.records import PIECE_FRAMES, ShardWriter, file_sha256
from ddsp_tf.data.segments import Segment
from ddsp_tf.data.split import Split, split_recordings
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Column, ColumnStatistics, Features, Statistics, join_features
from ddsp_tf.features.settings import DEFAULT_COLUMNS

FORMAT_VERSION = 2
SPLITS = ("train", "eval")
EVENTS_FILE = "{split}-events.tfrecord"
"""Notes and values, one record a segment; only there when a column is of them."""

DATASET = files.FolderSort(
    "a dataset",
    "dataset.json",
    keys={"format_version": None, "splits": None},
    files=("*.tfrecord", "report.txt", "report.png"),
)


def write_dataset(
    output: Path,
    recordings: Mapping[str, Recording],
    *,
    settings: PrepareSettings,
    columns: Mapping[str, Column],
    load: Callable[[str], Recording],
    digests: Mapping[str, str],
    failed: Mapping[str, str],
    duplicates: Mapping[str, str],
    overwrite: bool,
    labels: Mapping[str, Sequence[str]] = MappingProxyType({}),
    groups: Mapping[str, str] = MappingProxyType({}),
    remarks: Sequence[str] = (),
    skipped: Sequence[str] = (),
) -> PrepareReport:
    """Writes a dataset whole or not at all.

    Args:
        output: Its folder.
        recordings: What goes in, by name; their audio may be empty.
        settings: How they were prepared and are to be split.
        columns: What it is to hold, by name.
        load: Returns one recording with its audio; they are held one at a time.
        digests: SHA-256 of each file by name.
        failed: Why files are left out, by name.
        duplicates: Which name a left-out file repeats.
        overwrite: Whether a dataset at `output` may be replaced.
        labels: Of the columns that are labels, what their values count, or nothing.
        groups: Which recordings are held out together, by name.
        remarks: What else the report is to say, a sentence each.
        skipped: What was found and is no audio file, a sentence each.

    Returns:
        The report, which the dataset holds as well.
    """
    segments = {name: rec.segments for name, rec in recordings.items()}
    split = split_recordings(segments, settings, groups)
    of_train = _train_features(recordings, split)
    statistics = _statistics(of_train, settings)
    report = PrepareReport(
        path=output,
        settings=settings,
        recordings=dict(recordings),
        split=split,
        failed=dict(failed),
        duplicates=dict(duplicates),
        columns=tuple(columns),
        has_notes=statistics is not None,
        remarks=tuple(remarks),
        skipped=tuple(skipped),
    )
    with files.atomic_directory(output, sort=DATASET, overwrite=overwrite) as folder:
        splits = _write_splits(folder, split, load, columns, settings)
        files.write_json(
            folder / "dataset.json",
            {
                "format_version": FORMAT_VERSION,
                "settings": settings.to_dict(),
                "columns": [column.to_dict() for column in columns.values()],
                **({"labels": {key: list(x) for key, x in labels.items()}} if labels else {}),
                "piece_frames": PIECE_FRAMES,
                "checksum": _checksum(splits),
                "split_by": split.by,
                "splits": splits,
                "statistics": None if statistics is None else statistics.to_dict(),
                "column_statistics": _column_statistics(of_train),
                "sources": [_source(name, recordings[name], digests[name]) for name in recordings],
                "failed": dict(failed),
                "duplicates": dict(duplicates),
                "skipped": list(skipped),
                "report": report.numbers,
                "warnings": report.warnings,
            },
        )
        files.write_text(folder / "report.txt", report.text() + "\n")
        report.save_figure(folder / "report.png")
    return report


def _write_splits(
    folder: Path,
    split: Split,
    load: Callable[[str], Recording],
    columns: Mapping[str, Column],
    settings: PrepareSettings,
) -> dict[str, Any]:
    sides = {"train": split.train, "eval": split.eval}
    in_time = {name: column for name, column in columns.items() if column.in_time}
    of_events = {name: column for name, column in columns.items() if not column.in_time}
    hop_length, frame_rate = settings.features.hop_length, settings.features.frame_rate
    writers = {side: ShardWriter(folder, side, in_time, hop_length=hop_length) for side in SPLITS}
    listed: dict[str, list[dict[str, Any]]] = {side: [] for side in SPLITS}
    events: dict[str, list[dict[str, Any]]] = {side: [] for side in SPLITS}
    for name in sorted(set(split.train) | set(split.eval)):
        recording = load(name)
        for side, segments in sides.items():
            for segment in segments.get(name, []):
                writers[side].add(name, recording, segment)
                listed[side].append(_segment(name, segment))
                start_s, end_s = (frame / frame_rate for frame in segment)
                events[side].append(segment_events(recording, of_events, start_s, end_s))
    splits: dict[str, Any] = {
        side: {"shards": writers[side].close(), "segments": listed[side]} for side in SPLITS
    }
    if of_events:
        for side in SPLITS:
            path = folder / EVENTS_FILE.format(split=side)
            write_events(path, events[side])
            splits[side]["events"] = {"file": path.name, "sha256": file_sha256(path)}
    return splits


def _checksum(splits: dict[str, Any]) -> str:
    """One value that changes with anything that is trained on."""
    of_files = [
        [*splits[side]["shards"], *([splits[side]["events"]] if "events" in splits[side] else [])]
        for side in SPLITS
    ]
    digests = [file["sha256"] for side in of_files for file in side]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _segment(name: str, segment: Segment) -> dict[str, Any]:
    return {"name": name, "first_frame": segment[0], "n_frames": segment[1] - segment[0]}


def _train_features(recordings: Mapping[str, Recording], split: Split) -> list[Features]:
    """Of the training side alone, so that evaluation stays unseen."""
    return [
        join_features([recordings[name].features[first:end] for first, end in segments])
        for name, segments in split.train.items()
    ]


def _statistics(features: list[Features], settings: PrepareSettings) -> Statistics | None:
    """None when no pitch was asked for, or nothing has one."""
    if not features or not features[0].has(*DEFAULT_COLUMNS):
        return None
    try:
        return Statistics.from_features(features, frame_rate=settings.features.frame_rate)
    except DatasetError:
        return None


def _column_statistics(features: list[Features]) -> dict[str, Any]:
    if not features:
        return {}
    everything = join_features(features)
    return {
        name: ColumnStatistics.from_values(values).to_dict() for name, values in everything.items()
    }


def _source(name: str, recording: Recording, digest: str) -> dict[str, Any]:
    return {"name": name, "sha256": digest, **recording.source, **recording.measures}
