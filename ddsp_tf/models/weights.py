"""A model's weights as one HDF5 file of plain arrays."""

from pathlib import Path
from typing import Literal

import h5py
import numpy as np

from ddsp_tf.errors import ModelError
from ddsp_tf.models.autoencoder import Autoencoder

WeightsDtype = Literal["float32", "float16"]


def write_weights(model: Autoencoder, path: Path, *, dtype: WeightsDtype = "float32") -> None:
    """Writes every weight in the model's order; "float16" halves the size."""
    with h5py.File(path, "w") as file:
        for index, weight in enumerate(model.weights):
            array = np.asarray(weight, np.dtype(dtype))
            dataset = file.create_dataset(_key(index), data=array, compression="gzip", shuffle=True)
            dataset.attrs["name"] = weight.name


def read_weights(model: Autoencoder, path: Path) -> None:
    """Sets every weight of a model.

    Raises:
        ModelError: The file is missing, damaged, or holds other weights than the model has.
    """
    try:
        with h5py.File(path, "r") as file:
            if len(file) != len(model.weights):
                raise ModelError(
                    f"`{path}` holds {len(file)} weights, and the model has {len(model.weights)}. "
                    "It belongs to another model."
                )
            arrays = [_read(file, i, weight.shape) for i, weight in enumerate(model.weights)]
    except FileNotFoundError as error:
        raise ModelError(f"`{path}` is missing.") from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"`{path}` is damaged or not an HDF5 file: {error}.") from error
    model.set_weights(arrays)


def _read(file: h5py.File, index: int, shape: tuple[int, ...]) -> np.ndarray:
    key = _key(index)
    # A link could point to another file of this machine.
    if not isinstance(file.get(key, getlink=True), h5py.HardLink):
        raise KeyError(key)
    dataset = file[key]
    stored = getattr(dataset, "shape", None)
    if stored != tuple(shape) or dataset.is_virtual or dataset.external:
        raise ModelError(
            f"Weight {index} of `{file.filename}` should have the shape {tuple(shape)}. "
            f"Got {stored}. It belongs to another model."
        )
    array = np.asarray(dataset, np.float32)
    if not np.all(np.isfinite(array)):
        raise ModelError(f"Weight {index} of `{file.filename}` is not finite. The file is damaged.")
    return array


def _key(index: int) -> str:
    return f"{index:04d}"
