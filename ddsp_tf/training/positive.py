"""The check that settings share."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from ddsp_tf.errors import ArgumentError


def require_positive(settings: Any, *, ignore: Sequence[str] = ()) -> None:
    """Checks that every number of a dataclass is above 0; None is allowed.

    Raises:
        ArgumentError: One is not. The message names it.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name not in ignore and value is not None and value <= 0:
            raise ArgumentError(f"`{field.name}` must be above 0, but is {value}.")
