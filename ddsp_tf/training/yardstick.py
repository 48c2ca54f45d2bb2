"""What a validation loss depends on besides the weights: only like is compared with like."""

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import keras

from ddsp_tf.training.model_writer import dataset_identity
from ddsp_tf.training.schedule import Schedule

if TYPE_CHECKING:
    from ddsp_tf.data import Dataset

_NAMES = {"dataset": "the dataset", "objective": "the objective", "clip_s": "`clip_s`"}


def yardstick(data: "Dataset", objective: Any, schedule: Schedule) -> dict[str, Any]:
    """Describes what validation losses are measured with, as JSON values.

    Args:
        data: What is held out.
        objective: What is measured.
        schedule: How much of the data is.
    """
    described = {
        "dataset": dataset_identity(data),
        "objective": describe(objective),
        "clip_s": float(schedule.clip_s),
        "validation_batches": schedule.validation_batches,
    }
    return dict(json.loads(json.dumps(described, default=str)))


def changes(there: Mapping[str, Any] | None, here: Mapping[str, Any]) -> str:
    """Says what differs between two yardsticks; nothing if they are the same.

    Example:
        >>> first = {"dataset": {"sha256": "0"}, "objective": "l1", "clip_s": 4.0}
        >>> changes(first, {**first, "clip_s": 2.0})
        '`clip_s` is another one (4.0 there, 2.0 here)'
    """
    if there is None:
        return "what it was measured with is not recorded"
    parts = []
    for name, words in _NAMES.items():
        if there.get(name) == here[name]:
            continue
        values = list(differences(there.get(name), here[name]))
        detail = values[0] if values and name != "dataset" else ""
        parts.append(f"{words} is another one" + (f" ({detail})" if detail else ""))
    if not parts and there != here:
        parts = list(differences(there, here))
    return "; ".join(parts)


def describe(value: Any) -> Any:
    """Describes an object by its class and configuration, without the names Keras counts up."""
    if not hasattr(value, "get_config"):
        return f"{getattr(value, '__module__', '')}.{_qualified_name(value)}"
    try:
        return without_names(keras.saving.serialize_keras_object(value))
    except (NotImplementedError, TypeError, ValueError):
        return type(value).__name__


def without_names(value: Any) -> Any:
    """Leaves out what differs between two processes though the object is the same."""
    if isinstance(value, dict):
        ignored = ("name", "build_config", "shared_object_id")
        return {key: without_names(inner) for key, inner in value.items() if key not in ignored}
    if isinstance(value, list | tuple):
        return [without_names(inner) for inner in value]
    return value


def differences(there: Any, here: Any, name: str = "") -> Iterator[str]:
    """Yields what differs between two JSON values, by its dotted name."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted({*there, *here}):
            inner = f"{name}.{key}" if name else key
            yield from differences(there.get(key), here.get(key), inner)
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for index, (first, second) in enumerate(zip(there, here, strict=True)):
            yield from differences(first, second, f"{name}[{index}]")
    elif there != here:
        words = f"`{name}` is " if name else ""
        yield f"{words}{_brief(there)} there, {_brief(here)} here"


def _qualified_name(value: Any) -> str:
    return str(getattr(value, "__qualname__", type(value).__qualname__))


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
