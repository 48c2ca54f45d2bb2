"""A model's architecture as JSON, and back, without running anything that the JSON names."""

import importlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import keras

from ddsp_tf import losses, nn, processors
from ddsp_tf.discovery import class_files
from ddsp_tf.errors import ModelError
from ddsp_tf.models.model import Model

_PACKAGE = "ddsp_tf"
_MODELS = Path(__file__).parent
_KERAS_CLASSES = (("keras", "DTypePolicy"),)
"""The only foreign classes that an architecture may name: the precision of a layer."""

_LARGEST_NUMBER = 2**24
"""Of units, taps, samples and Hz. Sixteen million is beyond any of them."""

_MOST_PARTS = 100
"""Items of a list, and layers of a stack."""

_MOST_NUMBERS = 2**16
"""Items of a list of nothing but numbers, such as the frequencies of a bank."""


def architecture_to_dict(model: Model) -> dict[str, Any]:
    """Gives a model's classes and arguments, without weights, ready for JSON."""
    return keras.saving.serialize_keras_object(model)


def architecture_from_dict(content: Any) -> Model:
    """Makes an untrained model from what `architecture_to_dict` gave.

    Only classes that ddsp_tf registered are ever looked up, and only its own models, processors,
    networks and losses are imported for that: a file can't name other code.

    Raises:
        ModelError: The content names an unknown class, or isn't an architecture.
    """
    for key, part in _parts(content):
        if isinstance(part, dict) and "class_name" in part:
            _require_own_class(part)
        _require_sensible_size(key, part)
    try:
        model = keras.saving.deserialize_keras_object(content, safe_mode=True)
    except Exception as error:
        # Keras raises many types here, and all of them mean that the content is wrong.
        raise ModelError(
            f"The architecture can't be read: {error}. The file is damaged, or was written by a "
            "newer ddsp_tf."
        ) from error
    if not isinstance(model, Model):
        raise ModelError(
            f"The architecture should be a model. Got {type(model).__name__}. The file is damaged "
            "or foreign."
        )
    return model


def architecture_shapes(content: Any) -> list[tuple[int, ...]]:
    """Gives the shapes of the weights that a model would have, without taking memory for them.

    Args:
        content: As for `architecture_from_dict`, from wherever it comes.

    Raises:
        ModelError: As in `architecture_from_dict`.
    """

    def shapes() -> list[tuple[int, ...]]:
        with keras.StatelessScope(initialize_variables=False):
            return [tuple(weight.shape) for weight in architecture_from_dict(content).weights]

    # For each thread Keras keeps a list of weights that are still to be filled, and fills them at
    # the next chance: these ones are forgotten with their thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(shapes).result()


def _parts(content: Any) -> Iterator[tuple[str, Any]]:
    """All that is inside, each with the key that it stands under; nesting may be deep."""
    waiting = [("", content)]
    while waiting:
        key, part = waiting.pop()
        yield key, part
        if isinstance(part, dict):
            waiting += part.items()
        elif isinstance(part, list):
            waiting += [(key, item) for item in part]


def _require_own_class(part: dict[str, Any]) -> None:
    registered = part.get("registered_name")
    # Keras takes some class names, such as "function", for more than a registered class.
    own = registered == f"{_PACKAGE}>{part['class_name']}"
    if own:
        _import_own(part["class_name"])
        known = keras.saving.get_registered_object(registered) is not None
    else:
        known = (part.get("module"), part["class_name"]) in _KERAS_CLASSES
    if not known:
        raise ModelError(
            f"The architecture names {part['class_name']!r} ({registered!r}), which isn't "
            "part of this ddsp_tf. The file is foreign, or was written by a newer version; a class "
            "of your own has to lie in ddsp_tf's folders, or be imported before, in Python."
        )


def _import_own(class_name: str) -> None:
    """Imports the file that bears the name of a class, if one of ddsp_tf's does."""
    module = _own_files().get(class_name)
    if module is not None:
        importlib.import_module(module)


@cache
def _own_files() -> dict[str, str]:
    """The modules of all classes that an architecture may name, without importing them."""
    rooms = [(room.__name__, list(room.__path__)) for room in (losses, nn, processors)]
    found: dict[str, str] = {}
    for package, paths in [*rooms, (f"{_PACKAGE}.models", [str(_MODELS)])]:
        found |= class_files(package, paths)
    return found


def _require_sensible_size(key: str, part: Any) -> None:
    size: float
    if isinstance(part, list):
        numbers = all(isinstance(item, int | float) for item in part)
        size, most = len(part), _MOST_NUMBERS if numbers else _MOST_PARTS
    elif isinstance(part, int | float) and key != "seed":
        size, most = abs(part), _MOST_PARTS if "layers" in key else _LARGEST_NUMBER
    else:
        return
    if not size <= most:  # so that NaN fails too
        raise ModelError(
            f"The architecture has `{key}` of {size:,}, and {most:,} is the most. The file is "
            "damaged or was made to mislead."
        )
