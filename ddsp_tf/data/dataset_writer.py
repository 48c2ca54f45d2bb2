"""Writes a prepared dataset: shards, `dataset.json`, and the report."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ddsp_tf import files
from ddsp_tf.data.prepare_report import PrepareReport
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording, join_features
from ddsp_tf.data.records import PIECE_FRAMES, ShardWriter
from ddsp_tf.data.segments import Segment
from ddsp_tf.data.split import Split, split_recordings
from ddsp_tf.features import Statistics

FORMAT_VERSION = 1
SPLITS = ("train", "eval")

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
    load: Callable[[str], Recording],
    digests: Mapping[str, str],
    failed: Mapping[str, str],
    duplicates: Mapping[str, str],
    overwrite: bool,
) -> PrepareReport:
    """Writes a dataset whole or not at all.

    Args:
        output: Its folder.
        recordings: What goes in, by name; their audio may be empty.
        settings: How they were prepared and are to be split.
        load: Returns one recording with its audio; they are held one at a time.
        digests: SHA-256 of each file by name.
        failed: Why files are left out, by name.
        duplicates: Which name a left-out file repeats.
        overwrite: Whether a dataset at `output` may be replaced.

    Returns:
        The report, which the dataset holds as well.
    """
    split = split_recordings({name: rec.segments for name, rec in recordings.items()}, settings)
    report = PrepareReport(
        path=output,
        settings=settings,
        recordings=dict(recordings),
        split=split,
        failed=dict(failed),
        duplicates=dict(duplicates),
    )
    with files.atomic_directory(output, sort=DATASET, overwrite=overwrite) as folder:
        splits = _write_splits(folder, split, load, settings.features.hop_length)
        files.write_json(
            folder / "dataset.json",
            {
                "format_version": FORMAT_VERSION,
                "settings": settings.to_dict(),
                "piece_frames": PIECE_FRAMES,
                "checksum": _checksum(splits),
                "split_by": split.by,
                "splits": splits,
                "statistics": _statistics(recordings, split, settings).to_dict(),
                "sources": [_source(name, recordings[name], digests[name]) for name in recordings],
                "failed": dict(failed),
                "duplicates": dict(duplicates),
                "report": report.numbers,
                "warnings": report.warnings,
            },
        )
        files.write_text(folder / "report.txt", report.text() + "\n")
        report.save_figure(folder / "report.png")
    return report


def _write_splits(
    folder: Path, split: Split, load: Callable[[str], Recording], hop_length: int
) -> dict[str, Any]:
    sides = {"train": split.train, "eval": split.eval}
    writers = {side: ShardWriter(folder, side, hop_length=hop_length) for side in SPLITS}
    listed: dict[str, list[dict[str, Any]]] = {side: [] for side in SPLITS}
    for name in sorted(set(split.train) | set(split.eval)):
        recording = load(name)
        for side, segments in sides.items():
            for segment in segments.get(name, []):
                writers[side].add(name, recording, segment)
                listed[side].append(_segment(name, segment))
    return {side: {"shards": writers[side].close(), "segments": listed[side]} for side in SPLITS}


def _checksum(splits: dict[str, Any]) -> str:
    """One value that changes with anything that is trained on."""
    digests = [shard["sha256"] for side in SPLITS for shard in splits[side]["shards"]]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _segment(name: str, segment: Segment) -> dict[str, Any]:
    return {"name": name, "first_frame": segment[0], "n_frames": segment[1] - segment[0]}


def _statistics(
    recordings: Mapping[str, Recording], split: Split, settings: PrepareSettings
) -> Statistics:
    """Of the training side alone, so that evaluation stays unseen."""
    features = [
        join_features([recordings[name].features[first:end] for first, end in segments])
        for name, segments in split.train.items()
    ]
    return Statistics.from_features(features, frame_rate=settings.features.frame_rate)


def _source(name: str, recording: Recording, digest: str) -> dict[str, Any]:
    return {"name": name, "sha256": digest, **recording.source, **recording.measures}
