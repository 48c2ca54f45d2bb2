"""The DDSP synthesiser of Engel et al. (2020) in TensorFlow and Keras 3.

The names below are imported when they are first used, so that importing the package costs
nothing.

Example:
    >>> import ddsp_tf
    >>> ddsp_tf.dsp.midi_to_hz(69.0)  # TensorFlow is imported here
    <tf.Tensor: shape=(), dtype=float32, numpy=440.0>
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddsp_tf import (
        audio,
        black_boxes,
        config,
        data,
        dsp,
        errors,
        evaluation,
        export,
        features,
        inference,
        losses,
        midi,
        models,
        nn,
        plotting,
        processors,
        training,
    )
    from ddsp_tf.data import Dataset, prepare
    from ddsp_tf.evaluation import evaluate
    from ddsp_tf.export import export_saved_model
    from ddsp_tf.features import FeatureSettings, extract_features
    from ddsp_tf.inference import TimbreTransfer
    from ddsp_tf.losses import SpectralLoss
    from ddsp_tf.models import Autoencoder, Instrument, list_presets
    from ddsp_tf.processors import ProcessorGroup
    from ddsp_tf.training import train

__all__ = [
    "Autoencoder",
    "Dataset",
    "FeatureSettings",
    "Instrument",
    "ProcessorGroup",
    "SpectralLoss",
    "TimbreTransfer",
    "__version__",
    "audio",
    "black_boxes",
    "config",
    "data",
    "dsp",
    "errors",
    "evaluate",
    "evaluation",
    "export",
    "export_saved_model",
    "extract_features",
    "features",
    "inference",
    "list_presets",
    "losses",
    "midi",
    "models",
    "nn",
    "plotting",
    "prepare",
    "processors",
    "train",
    "training",
]

_OWNERS = {
    "Autoencoder": "models",
    "Dataset": "data",
    "FeatureSettings": "features",
    "Instrument": "models",
    "ProcessorGroup": "processors",
    "SpectralLoss": "losses",
    "TimbreTransfer": "inference",
    "evaluate": "evaluation",
    "export_saved_model": "export",
    "extract_features": "features",
    "list_presets": "models",
    "prepare": "data",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("ddsp-tf")
    if name in _OWNERS:
        return getattr(importlib.import_module(f"ddsp_tf.{_OWNERS[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"ddsp_tf.{name}")
    raise AttributeError(f"module 'ddsp_tf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
