"""Several datasets as one, each a class of its own."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.data.batch_arguments import check_batches
from ddsp_tf.data.dataset import Dataset
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import Column, Features, FeatureSettings, Statistics
from ddsp_tf.types import PathLike, Signal


class JoinedDatasets:
    """Gives batches of which each dataset has its share, behind the interface of `Dataset`.

    To the columns comes one more value, the number of the dataset that an example is from.

    Args:
        folders: Each dataset's folder, by what it is called.
        label: Name of the column with the number of the dataset, counted from 0.

    Raises:
        ArgumentError: No folder was given.
        DatasetError: A dataset is missing or damaged, or they don't hold the same.

    Example:
        >>> both = JoinedDatasets({"violin": "dataset/", "fiddle": "dataset/"})
        >>> batch = next(iter(both.batches(batch_size=4, clip_s=1.0)))
        >>> batch["instrument"].numpy()[:, 0].tolist()
        [0.0, 0.0, 1.0, 1.0]
    """

    def __init__(self, folders: Mapping[str, PathLike], *, label: str = "instrument") -> None:
        if not folders:
            raise ArgumentError("`folders` should name a dataset at least.")
        self.names = tuple(folders)
        self.datasets = [Dataset.open(folder) for folder in folders.values()]
        first = self.datasets[0]
        for name, dataset in zip(self.names, self.datasets, strict=True):
            first.features.check_matches(dataset.features, what=f"the dataset of `{name}`")
            if list(dataset.columns) != list(first.columns):
                raise DatasetError(
                    f"The dataset of `{name}` holds {', '.join(dataset.columns)}, that of "
                    f"`{self.names[0]}` {', '.join(first.columns)}. Prepare them alike."
                )
        self._label = label
        self.features: FeatureSettings = first.features
        number = Signal("value", low=0.0, high=len(self.names) - 1.0)
        self.columns: dict[str, Column] = {**first.columns, label: Column(label, number)}
        self.info: dict[str, Any] = {
            "name": "+".join(self.names),
            "settings": first.info["settings"],
            "columns": [column.to_dict() for column in self.columns.values()],
            "datasets": {
                name: dataset.info for name, dataset in zip(self.names, self.datasets, strict=True)
            },
        }

    @property
    def statistics_by_name(self) -> dict[str, Statistics]:
        """Of the notes of each dataset that has some."""
        return {
            name: dataset.statistics
            for name, dataset in zip(self.names, self.datasets, strict=True)
            if dataset.statistics is not None
        }

    @property
    def statistics(self) -> Statistics | None:
        """None: what one instrument plays says nothing of another."""
        return self.datasets[0].statistics if len(self.datasets) == 1 else None

    def seconds(self, split: str = "train") -> float:
        """Seconds of sound in a split of all."""
        return sum(dataset.seconds(split) for dataset in self.datasets)

    def n_examples(self, split: str = "train", *, clip_s: float = 4.0) -> int:
        """How many clips it takes to hear a split of all once."""
        return sum(dataset.n_examples(split, clip_s=clip_s) for dataset in self.datasets)

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
        """Batches of which each dataset gives as many clips; see `Dataset.batches`.

        A pass that isn't repeated gives a batch of each in turn, so that its first batches say
        something of all.

        Raises:
            ArgumentError: `batch_size` can't be shared out evenly.
        """
        check_batches(batch_size, start_step)
        n_datasets = len(self.datasets)
        if repeat and batch_size % n_datasets:
            raise ArgumentError(
                f"`batch_size` should be a multiple of the {n_datasets} datasets. Received "
                f"{batch_size}."
            )
        asked: dict[str, Any] = {
            "batch_size": batch_size // n_datasets if repeat else batch_size,
            "clip_s": clip_s,
            "seed": seed,
            "start_step": start_step,
            "repeat": repeat,
        }
        labelled = self._labelled([dataset.batches(split, **asked) for dataset in self.datasets])
        if repeat:
            return tf.data.Dataset.zip(tuple(labelled)).map(_side_by_side)
        turns = tf.data.Dataset.range(n_datasets).repeat()
        return tf.data.Dataset.choose_from_datasets(labelled, turns, stop_on_empty_dataset=False)

    def recordings(self, split: str = "eval") -> Iterator[tuple[str, np.ndarray, Features]]:
        """Yields the segments of all; see `Dataset.recordings`."""
        for name, dataset in zip(self.names, self.datasets, strict=True):
            for segment, audio, features in dataset.recordings(split):
                yield f"{name}/{segment}", audio, features

    def segments(self, split: str = "eval") -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """Yields the segments of all with all columns; see `Dataset.segments`."""
        for number, (name, dataset) in enumerate(zip(self.names, self.datasets, strict=True)):
            for segment, batch in dataset.segments(split):
                label = np.full([1, 1], number, np.float32)
                yield f"{name}/{segment}", {**batch, self._label: label}

    def _labelled(self, batches: Sequence[tf.data.Dataset]) -> list[tf.data.Dataset]:
        """Adds the number of the dataset, and fills notes up so that all have as many."""
        of_notes = [key for key, column in self.columns.items() if column.signal.kind == "notes"]
        most = {key: max(each.element_spec[key].shape[1] for each in batches) for key in of_notes}

        def label(number: int, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            n_rows = tf.shape(next(iter(batch.values())))[0]
            padded = {key: _padded(batch[key], n_notes) for key, n_notes in most.items()}
            return {**batch, **padded, self._label: tf.fill([n_rows, 1], float(number))}

        return [each.map(partial(label, number)) for number, each in enumerate(batches)]


def _padded(notes: tf.Tensor, n_notes: int) -> tf.Tensor:
    return tf.pad(notes, [[0, 0], [0, n_notes - notes.shape[1]], [0, 0]])


def _side_by_side(*batches: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {key: tf.concat([batch[key] for batch in batches], axis=0) for key in batches[0]}
