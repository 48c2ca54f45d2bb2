"""A model's weights as one HDF5 file of plain arrays."""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import h5py
import numpy as np

from ddsp_tf.errors import ModelError
from ddsp_tf.files import check_ordinary

WeightsDtype = Literal["float32", "float16"]

LARGEST_WEIGHTS = 2**31 - 1
"""Bytes of a file, and of the weights in it: what the largest exports take, too."""

_MOST_SWELLING = 1100
"""Bytes that a stored byte may become: the most of deflate is 1032. Datasets with nothing stored
would become zeros of any size."""

_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE}
"""What `write_weights` packs with. HDF5 would look for programs on this machine for others."""


class Weighted(Protocol):
    """What has weights: any layer or model of Keras."""

    @property
    def weights(self) -> list[Any]:
        """In an order that its configuration decides."""
        ...

    def set_weights(self, weights: list[np.ndarray]) -> None:
        """Sets all of them."""
        ...


def write_weights(model: Weighted, path: Path, *, dtype: WeightsDtype = "float32") -> None:
    """Writes every weight in the model's order; "float16" halves the size."""
    # HDF5 would meet a full disk again and again, and say so on stderr, even when all is over.
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        for index, weight in enumerate(model.weights):
            array = np.asarray(weight, np.dtype(dtype))
            # HDF5 packs arrays alone; a processor's weight may be a single number.
            packing = {"compression": "gzip", "shuffle": True} if array.shape else {}
            dataset = file.create_dataset(_key(index), data=array, **packing)
            dataset.attrs["name"] = weight.name
    path.write_bytes(content.getbuffer())


def check_weights(shapes: Sequence[tuple[int, ...]], path: Path, *, whole: bool = True) -> None:
    """Checks, before any memory is taken for them, that a file holds the weights of a model.

    Args:
        shapes: Of the model's weights, in its order.
        path: The file, from wherever it comes.
        whole: Whether these are all that the file should hold; or the first of them.

    Raises:
        ModelError: The file is missing, damaged, made to mislead, or holds other weights.
    """
    check_ordinary(path, error=ModelError, largest=LARGEST_WEIGHTS)
    n_bytes = 4 * sum(math.prod(shape) for shape in shapes)
    if n_bytes > LARGEST_WEIGHTS:
        raise ModelError(
            f"The model of `{path}` would have {n_bytes:,} bytes of weights, and the most is "
            f"{LARGEST_WEIGHTS:,}. Its files are damaged or were made to mislead."
        )
    with _opened(path) as file:
        if len(file) < len(shapes) or (whole and len(file) > len(shapes)):
            raise ModelError(
                f"`{path}` holds {len(file)} weights, and the model has {len(shapes)}. "
                "It belongs to another model."
            )
        for index, shape in enumerate(shapes):
            _check(file, index, shape)


def read_weights(model: Weighted, path: Path, *, whole: bool = True) -> None:
    """Sets every weight of a model, after the checks of `check_weights`.

    Args:
        model: A model, or with `whole=False` the part of one whose weights come first.
        path: The file.
        whole: As for `check_weights`.

    Raises:
        ModelError: The file is missing, damaged, made to mislead, or holds other weights.
    """
    check_weights([tuple(weight.shape) for weight in model.weights], path, whole=whole)
    with _opened(path) as file:
        arrays = [_read(file, index) for index in range(len(model.weights))]
    model.set_weights(arrays)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"`{path}` is damaged or not an HDF5 file: {error}.") from error


def _check(file: h5py.File, index: int, shape: tuple[int, ...]) -> None:
    key, what = _key(index), f"Weight {index} of `{file.filename}`"
    # A link could point to another file of this machine.
    if not isinstance(file.get(key, getlink=True), h5py.HardLink):
        raise KeyError(key)
    dataset = file[key]
    stored = getattr(dataset, "shape", None)
    if stored != shape or dataset.is_virtual or dataset.external:
        raise ModelError(
            f"{what} should have the shape {shape}. Got {stored}. It belongs to another model."
        )
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize > 4:
        raise ModelError(
            f"{what} should be float32 or float16. Got {dataset.dtype}. The file is damaged or "
            "foreign."
        )
    creation = dataset.id.get_create_plist()
    filters = {creation.get_filter(i)[0] for i in range(creation.get_nfilters())}
    in_chunks = 1 if dataset.chunks is None else math.prod(dataset.chunks)
    swells = dataset.nbytes > _MOST_SWELLING * dataset.id.get_storage_size()
    if filters - _FILTERS or in_chunks > dataset.size or swells:
        raise ModelError(
            f"{what} is packed as ddsp_tf packs none: it would swell, or needs other programs. "
            "The file is damaged or was made to mislead."
        )


def _read(file: h5py.File, index: int) -> np.ndarray:
    array = np.asarray(file[_key(index)], np.float32)
    if not np.all(np.isfinite(array)):
        raise ModelError(f"Weight {index} of `{file.filename}` is not finite. The file is damaged.")
    return array


def _key(index: int) -> str:
    return f"{index:04d}"
