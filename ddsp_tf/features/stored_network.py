"""The network of a trained model, without the model: what a learned tracker needs."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ddsp_tf.errors import ModelError
from ddsp_tf.files import read_json
from ddsp_tf.weight_files import read_weights

_TRACKERS = Path(__file__).parents[1] / "presets" / "trackers"
_LARGEST = 1024


class StoredKind(NamedTuple):
    """A model that hears pitch, as it is stored.

    Attributes:
        tracker: Its tracker's name, and that of the folder that ships.
        model: The name of its class.
        configurations: What trains it.
        sizes: Which arguments of its configuration say how large its network is.
    """

    tracker: str
    model: str
    configurations: str
    sizes: Sequence[str]

    @property
    def shipped(self) -> Path:
        """The folder of the one that ships."""
        return _TRACKERS / self.tracker


def load_stored_network(
    kind: StoredKind, folder: str | os.PathLike[str] | None, make: Callable[..., Any]
) -> tuple[Any, dict[str, int]]:
    """Reads the network of a stored model, whose weights are the first of the model's.

    Args:
        kind: Of the model.
        folder: A model's folder or that of the run which trained it; the shipped one if None.
        make: Makes the network, a Keras layer, from the model's sizes by name.

    Returns:
        The network, which trains no more, and the sizes.

    Raises:
        ModelError: There is no such folder, it is damaged, or holds another model.
    """
    path = kind.shipped if folder is None else Path(folder)
    if (path / "model" / "model.json").is_file():
        path = path / "model"
    if not (path / "model.json").is_file():
        raise ModelError(
            f"`{path}` holds no model that hears pitch. Give the folder of a run of "
            f"{kind.configurations}."
        )
    sizes = _sizes(path / "model.json", kind)
    network = make(**sizes)
    network.build(None)
    read_weights(network, path / "weights.h5", whole=False)
    network.trainable = False
    return network, sizes


def _sizes(path: Path, kind: StoredKind) -> dict[str, int]:
    content = read_json(path, error=ModelError)
    name = content.get("class_name") if isinstance(content, dict) else None
    if name != kind.model:
        raise ModelError(
            f"`{path.parent}` should hold a `{kind.model}`, which hears pitch. Got {name!r}."
        )
    try:
        sizes = {key: content["config"][key] for key in kind.sizes}
    except (KeyError, TypeError) as error:
        raise ModelError(f"`{path}` lacks {error}. The file is damaged.") from error
    if not all(type(size) is int and 0 < size <= _LARGEST for size in sizes.values()):
        raise ModelError(f"`{path}` has sizes that no such model has: {sizes}.")
    return sizes
