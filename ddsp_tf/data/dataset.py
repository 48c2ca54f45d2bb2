"""A prepared dataset, and the batches that training reads from it."""

import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.data.batch_arguments import check_batches, clip_frames_of
from ddsp_tf.data.clip_order import clip_starts
from ddsp_tf.data.dataset_writer import EVENTS_FILE, FORMAT_VERSION, SPLITS
from ddsp_tf.data.events import read_events
from ddsp_tf.data.fixed_pipeline import without_tuning
from ddsp_tf.data.frame_table import FrameTable
from ddsp_tf.data.magenta_records import read_magenta
from ddsp_tf.data.recording import from_pcm
from ddsp_tf.data.rooms import OTHERS, room_of
from ddsp_tf.data.shard_frames import ShardFrames
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import (
    Column,
    ColumnStatistics,
    Features,
    FeatureSettings,
    Statistics,
    columns_of,
    samples_column,
)
from ddsp_tf.files import read_json
from ddsp_tf.types import Signal


class Dataset:
    """Named columns of sounds, ready to train on; see `Dataset.open`.

    Args:
        features: Rates, columns, tracker and loudness definition of everything in it.
        statistics: Of the notes of the training side, or None: it has none.
        columns: What every batch holds, by name.
        tables: The stored segments of each split.
        info: Everything that is known about it.
    """

    def __init__(
        self,
        features: FeatureSettings,
        statistics: Statistics | None,
        columns: dict[str, Column],
        tables: dict[str, FrameTable],
        info: dict[str, Any],
    ) -> None:
        self.features = features
        self.statistics = statistics
        self.columns = columns
        self.info = info
        self._tables = tables

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> "Dataset":
        """Opens a folder that `prepare` wrote. Audio is read when it is first needed.

        Raises:
            DatasetError: It is missing, damaged, not a dataset, or a newer version wrote it.

        Example:
            >>> dataset = Dataset.open("dataset/")
            >>> dataset.seconds("train")
            4.0
        """
        path = Path(path)
        if not path.is_dir():
            raise DatasetError(
                f"There is no dataset at `{path}`. Make one: ddsp-tf prepare RECORDINGS {path}"
            )
        if not (path / "dataset.json").exists():
            raise DatasetError(
                f"`{path}` is not a dataset: it has no `dataset.json`. "
                "Make one: ddsp-tf prepare RECORDINGS DATASET"
            )
        info = read_json(path / "dataset.json", error=DatasetError)
        try:
            return cls._from_info(path, info)
        except (KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"`{path / 'dataset.json'}` is damaged ({error!r}). Prepare the dataset again."
            ) from error

    @classmethod
    def _from_info(cls, path: Path, info: dict[str, Any]) -> "Dataset":
        if info["format_version"] > FORMAT_VERSION:
            raise DatasetError(
                f"`{path}` has format {info['format_version']}; this version of ddsp_tf reads up "
                f"to {FORMAT_VERSION}. Upgrade ddsp_tf."
            )
        features = FeatureSettings.from_dict(info["settings"]["features"])
        columns = _columns(info, features)
        tables = {split: _table(path, split, info, columns, features) for split in SPLITS}
        info = {"name": path.resolve().name, **info}
        stored = info["statistics"]
        statistics = None if stored is None else Statistics.from_dict(stored)
        return cls(features, statistics, columns, tables, info)

    @classmethod
    def open_magenta(
        cls,
        train: str | os.PathLike[str],
        eval: str | os.PathLike[str] | None = None,
        *,
        sample_rate: int | None = None,
        loudness: str = "a_weighted",
        realign: bool = True,
    ) -> "Dataset":
        """Opens TFRecords that magenta's `ddsp_prepare_tfrecord` wrote, in memory.

        Rates and framing are found from the records' lengths. f0 is taken as it is, and moved to
        where it was heard when the records were not centred (it leads by 32 ms there).
        Loudness is measured anew, since the stored one is un-normalised and placed differently.

        Args:
            train: Pattern of the training files, e.g. `"data/violin-train*"`.
            eval: Pattern of the evaluation files; None leaves that split empty. Windows of one
                recording overlap, so they can't be split here without a leak.
            sample_rate: Of `audio`, for old records without `audio_16k`; 16000 if None.
            loudness: The definition to measure by; see `FeatureSettings`.
            realign: Whether to move the f0 of records that are not centred.

        Raises:
            DatasetError: No file matches, or they hold something else.

        Example:
            >>> dataset = Dataset.open_magenta("data/violin-train*", "data/violin-eval*")
            >>> dataset.seconds("train")
            8.0
        """
        layout, columns, tables, of_train = read_magenta(
            {"train": train, "eval": eval},
            sample_rate=sample_rate,
            loudness=loudness,
            realign=realign,
        )
        statistics = Statistics.from_features(of_train, frame_rate=layout.settings.frame_rate)
        return cls(layout.settings, statistics, columns, tables, layout.to_dict())

    def seconds(self, split: str = "train") -> float:
        """Seconds of sound in a split."""
        return self._table(split).n_frames / self.features.frame_rate

    def n_examples(self, split: str = "train", *, clip_s: float = 4.0) -> int:
        """How many clips it takes to hear a split once: its length over that of a clip."""
        return -(-self._table(split).n_frames // clip_frames_of(clip_s, self.features))

    def batches(
        self,
        split: str = "train",
        *,
        batch_size: int,
        clip_s: float = 4.0,
        seed: int = 0,
        start_step: int = 0,
        repeat: bool = True,
    ) -> tf.data.Dataset:
        """Random clips, shuffled, the same for the same seed.

        Each pass through the split hears every part of it once, at places drawn anew. Clips
        start at frames and don't reach across cuts; a segment shorter than the clip is
        followed by silence, as each column describes it (f0 held, loudness at its floor,
        confidence 0).

        Args:
            split: `"train"` or `"eval"`.
            batch_size: Clips a batch. A split with fewer clips is repeated to fill it.
            clip_s: Seconds a clip, rounded to whole frames.
            seed: Chooses order and places.
            start_step: The batch to begin with: batch i of the result is batch
                `start_step + i` of a run from 0, bit for bit, without reading the earlier ones.
            repeat: True goes on for ever; false ends after one pass, whose last batch may be
                smaller.

        Returns:
            Dictionaries of all `columns`, float32: samples `[batch_size, n_samples]`, or
            `[batch_size, n_samples, n_channels]` of several channels; frames
            `[batch_size, n_frames, width]`; notes `[batch_size, n_notes, 5]`, padded with
            velocity 0, with onsets from the clip's start; values `[batch_size, width]`.

        Raises:
            ArgumentError: An argument is out of range, or there is no such split.
            DatasetError: The split is empty or its shards are damaged.

        Example:
            >>> batch = next(iter(Dataset.open("dataset/").batches(batch_size=8)))
            >>> batch["audio"].shape
            TensorShape([8, 64000])
        """
        check_batches(batch_size, start_step)
        table = self._table(split)
        clip_frames = clip_frames_of(clip_s, self.features)
        if table.n_frames == 0:
            raise DatasetError(
                f"The {split} split of the dataset is empty. Prepare it again with more "
                "recordings, or with another `eval_fraction`."
            )
        starts = clip_starts(
            table.segment_lengths,
            clip_frames=clip_frames,
            seed=seed,
            start=start_step * batch_size,
            repeat=repeat,
        )
        return without_tuning(
            starts.batch(batch_size, drop_remainder=repeat)
            .map(table.reader(clip_frames), num_parallel_calls=2, deterministic=True)
            .prefetch(2)
        )

    def recordings(self, split: str = "eval") -> Iterator[tuple[str, np.ndarray, Features]]:
        """Yields the whole segments of a split, for evaluation.

        Yields:
            `(name, audio, features)`: the source's name, float32 `[n_samples]`, and features of
            `n_samples / hop_length` frames.
        """
        for name in ("audio", *self.features.columns):
            if name not in self.columns:
                raise DatasetError(
                    f"The dataset has no column `{name}`; it has {', '.join(self.columns)}."
                )
        for name, arrays in self.segments(split):
            frames = {key: arrays[key][0] for key in self.features.columns}
            flat = {key: v[:, 0] if v.shape[1] == 1 else v for key, v in frames.items()}
            yield name, arrays["audio"][0], Features.from_columns(flat, rows=self._rows)

    def segments(self, split: str = "eval") -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """Yields the whole segments of a split with all their columns, each as a batch of one.

        Yields:
            `(name, batch)`: the source's name, and the columns as in `batches`, as NumPy arrays.
        """
        table = self._table(split)
        for index, name in enumerate(table.names):
            arrays = {**table.segment(index), **table.segment_events(index)}
            yield name, {key: _batch_of_one(arrays[key], of) for key, of in self.columns.items()}

    @cached_property
    def column_statistics(self) -> dict[str, ColumnStatistics]:
        """The range of each frame column over the training side; empty for older datasets."""
        stored = self.info.get("column_statistics", {})
        return {name: ColumnStatistics.from_dict(values) for name, values in stored.items()}

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Columns that are labels, and what their values count; nothing if they are numbers."""
        return {key: tuple(x) for key, x in self.info.get("labels", {}).items()}

    def only(self, label: str, value: str) -> "Dataset":
        """Gives the recordings that have one label, for evaluation.

        Args:
            label: Such as `instrument`.
            value: One of what it counts.

        Raises:
            DatasetError: There is no such label, or it never has that value.
        """
        known = self.labels.get(label, ())
        if value not in known:
            raise DatasetError(
                f"The dataset has no `{label}` {value!r}; it has {', '.join(known) or 'none'}."
            )
        tables = {
            split: table.only(lambda events: round(float(events[label][0])) == known.index(value))
            for split, table in self._tables.items()
        }
        return Dataset(self.features, self.statistics, self.columns, tables, self.info)

    def with_rooms(self, names: Sequence[str], *, main: str) -> "Dataset":
        """Gives the same with a column `room`: the number of the room of each recording.

        Args:
            names: Of the rooms, as `room_names` gives them.
            main: That of a recording which has none of its own: held-out ones. Of those that are
                trained on it is `others`, if that is one.
        """
        column = Column("room", Signal("value"))
        tables = {}
        for split, table in self._tables.items():
            without = OTHERS if split == "train" and OTHERS in names else main
            numbers = [names.index(room_of(name, names, main=without)) for name in table.names]
            tables[split] = table.with_values(column, numbers)
        columns = {**self.columns, column.name: column}
        return Dataset(self.features, self.statistics, columns, tables, self.info)

    @property
    def _rows(self) -> dict[str, int]:
        hop_length = self.features.hop_length
        return {
            name: self.columns[name].rows_per_frame(hop_length) for name in self.features.columns
        }

    def _table(self, split: str) -> FrameTable:
        if split not in self._tables:
            raise ArgumentError(f"`split` must be one of {sorted(self._tables)}, not {split!r}.")
        return self._tables[split]


def _batch_of_one(stored: np.ndarray, column: Column) -> np.ndarray:
    values = from_pcm(stored)
    if column.flat:
        return values.reshape(1, -1)
    if column.signal.kind == "value":
        return values.reshape(1, column.width)
    return values.reshape(1, -1, column.width)


def _columns(info: dict[str, Any], features: FeatureSettings) -> dict[str, Column]:
    """The columns in the order of batches; 0.1.0 knew one set and didn't write it down."""
    if info["format_version"] == 1:
        return {"audio": samples_column("audio"), **columns_of(features)}
    columns = [Column.from_dict(described) for described in info["columns"]]
    return {column.name: column for column in columns}


def _table(
    path: Path,
    split: str,
    info: dict[str, Any],
    columns: dict[str, Column],
    features: FeatureSettings,
) -> FrameTable:
    of_split = info["splits"][split]
    segments = of_split["segments"]
    in_time = {name: column for name, column in columns.items() if column.in_time}
    of_events = {name: column for name, column in columns.items() if not column.in_time}
    return FrameTable(
        [segment["name"] for segment in segments],
        [segment["n_frames"] for segment in segments],
        ShardFrames(
            path,
            of_split,
            in_time,
            piece_frames=info["piece_frames"],
            hop_length=features.hop_length,
        ),
        columns,
        hop_length=features.hop_length,
        frame_rate=features.frame_rate,
        events=lambda: read_events(
            path / EVENTS_FILE.format(split=split), of_events, n_segments=len(segments)
        ),
    )
