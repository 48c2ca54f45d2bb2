"""The network of a trained model, without the model."""

import os
from pathlib import Path

from ddsp_tf.errors import ModelError
from ddsp_tf.features.self_supervised.pitch_network import PitchNetwork
from ddsp_tf.files import read_json
from ddsp_tf.weight_files import check_weights, read_weights

SHIPPED = Path(__file__).parents[2] / "presets" / "trackers" / "self_supervised"

_MODEL = "InverseSynthesis"
_LARGEST = 1024


def load_pitch_network(folder: str | os.PathLike[str] | None = None) -> PitchNetwork:
    """Reads the network of a stored `models.InverseSynthesis`.

    Args:
        folder: A model's folder or that of the run which trained it; the shipped one if None.

    Raises:
        ModelError: There is no such folder, it is damaged, or holds another model.
    """
    path = SHIPPED if folder is None else Path(folder)
    if (path / "model" / "model.json").is_file():
        path = path / "model"
    if not (path / "model.json").is_file():
        raise ModelError(
            f"`{path}` holds no model that hears pitch. Give the folder of a run of "
            "papers/engel2020/pitch.gin or own_recordings.gin."
        )
    n_channels, n_units = _sizes(path / "model.json")
    network = PitchNetwork(n_channels=n_channels, n_units=n_units)
    network.build(None)
    check_weights([tuple(weight.shape) for weight in network.weights], path / "weights.h5")
    read_weights(network, path / "weights.h5")
    network.trainable = False
    return network


def _sizes(path: Path) -> tuple[int, int]:
    content = read_json(path, error=ModelError)
    name = content.get("class_name") if isinstance(content, dict) else None
    if name != _MODEL:
        raise ModelError(
            f"`{path.parent}` should hold a `{_MODEL}`, which hears pitch. Got {name!r}."
        )
    try:
        sizes = (content["config"]["n_channels"], content["config"]["n_units"])
    except (KeyError, TypeError) as error:
        raise ModelError(f"`{path}` lacks {error}. The file is damaged.") from error
    if not all(type(size) is int and 0 < size <= _LARGEST for size in sizes):
        raise ModelError(f"`{path}` has sizes that no such model has: {sizes}.")
    return sizes
