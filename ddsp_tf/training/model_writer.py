"""Writes the model of a run, with what is known about it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset
    from ddsp_tf.models import Instrument


class ModelWriter:
    """Saves the model as an `Instrument`.

    Args:
        model: The model in training.
        data: What it is trained on.
        metadata: Facts that training doesn't know, such as the licence.
    """

    def __init__(self, model: keras.Model, data: "Dataset", metadata: Mapping[str, Any]) -> None:
        self._model = model
        self._data = data
        self._metadata = dict(metadata)

    def __call__(self, path: Path, training: Mapping[str, Any]) -> None:
        """Writes the model as it is now to a folder, replacing the one that is there.

        Args:
            path: The folder.
            training: How far training has got, JSON values.

        Raises:
            OutputError: The folder can't be written.
        """
        dataset = dataset_identity(self._data)
        self.instrument(training={**training, "dataset": dataset}).save(path, overwrite=True)

    def instrument(self, **metadata: Any) -> "Instrument":
        """Gives the model as an instrument that shares its weights, and adds to its metadata."""
        from ddsp_tf.models import Instrument

        by_name = getattr(self._data, "statistics_by_name", {})
        several = {"instruments": {name: of.to_dict() for name, of in by_name.items()}}
        return Instrument(
            model=self._model,
            features=self._data.features,
            statistics=self._data.statistics,
            metadata={**self._metadata, **(several if by_name else {}), **metadata},
        )


def dataset_identity(data: "Dataset") -> dict[str, Any]:
    """Returns what tells a dataset from another: its length, and a checksum of all it records."""
    record = json.dumps(data.info, sort_keys=True, default=str).encode()
    seconds = {split: data.seconds(split) for split in ("train", "eval")}
    return {"sha256": hashlib.sha256(record).hexdigest(), "seconds": seconds}
