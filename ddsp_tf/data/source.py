"""What training reads from: the interface of `Dataset`, `Generated`, and any other."""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ddsp_tf.features import Column, Features, FeatureSettings, Statistics


class Source(Protocol):
    """Gives batches of named columns, the same for the same seed and step.

    Attributes:
        features: Rates and extracted columns of everything in it.
        statistics: Of the notes of the training side, or None: it has none.
        columns: What every batch holds, by name.
        info: Everything that is known about it, JSON-compatible.
    """

    features: FeatureSettings
    columns: dict[str, Column]
    info: dict[str, Any]

    @property
    def statistics(self) -> Statistics | None:
        """Of the notes of the training side."""
        ...

    def seconds(self, split: str = "train") -> float:
        """Seconds of sound in a split, `"train"` or `"eval"`."""
        ...

    def n_examples(self, split: str = "train", *, clip_s: float = 4.0) -> int:
        """How many clips it takes to hear a split once."""
        ...

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
        """Batches of all columns; see `Dataset.batches`."""
        ...

    def recordings(self, split: str = "eval") -> Iterator[tuple[str, np.ndarray, Features]]:
        """Whole sounds with their features; see `Dataset.recordings`."""
        ...

    def segments(self, split: str = "eval") -> Iterator[tuple[str, dict[str, np.ndarray]]]:
        """Whole sounds with all columns, as batches of one; see `Dataset.segments`."""
        ...
