"""A model's architecture as JSON, and back, without running anything that the JSON names."""

from typing import Any

import keras

from ddsp_tf.errors import ModelError
from ddsp_tf.models.autoencoder import Autoencoder

_PACKAGE = "ddsp_tf"
_KERAS_CLASSES = (("keras", "DTypePolicy"),)
"""The only foreign classes that an architecture may name: the precision of a layer."""


def architecture_to_dict(model: Autoencoder) -> dict[str, Any]:
    """Gives a model's classes and arguments, without weights, ready for JSON."""
    return keras.saving.serialize_keras_object(model)


def architecture_from_dict(content: Any) -> Autoencoder:
    """Makes an untrained model from what `architecture_to_dict` gave.

    Only classes that ddsp_tf registered are ever looked up, so a file can't name other code.

    Raises:
        ModelError: The content names an unknown class, or isn't an architecture.
    """
    _require_own_classes(content)
    try:
        model = keras.saving.deserialize_keras_object(content, safe_mode=True)
    except Exception as error:
        # Keras raises many types here, and all of them mean that the content is wrong.
        raise ModelError(
            f"The architecture can't be read: {error}. The file is damaged, or was written by a "
            "newer ddsp_tf."
        ) from error
    if not isinstance(model, Autoencoder):
        raise ModelError(f"The architecture should be an Autoencoder. Got {type(model).__name__}.")
    return model


def _require_own_classes(content: Any) -> None:
    if isinstance(content, list):
        for item in content:
            _require_own_classes(item)
    if not isinstance(content, dict):
        return
    if "class_name" in content:
        registered = content.get("registered_name")
        # Keras takes some class names, such as "function", for more than a registered class.
        own = registered == f"{_PACKAGE}>{content['class_name']}"
        if own:
            known = keras.saving.get_registered_object(registered) is not None
        else:
            known = (content.get("module"), content["class_name"]) in _KERAS_CLASSES
        if not known:
            raise ModelError(
                f"The architecture names {content['class_name']!r} ({registered!r}), which isn't "
                "part of this ddsp_tf. The file is foreign, or was written by a newer version."
            )
    for item in content.values():
        _require_own_classes(item)
