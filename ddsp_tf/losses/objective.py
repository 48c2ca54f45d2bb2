"""What training minimises: a function of a batch and of what a model makes of it."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.framed_loss import FramedLoss


@runtime_checkable
class Objective(Protocol):
    """Anything that is called with a batch and a model's outputs, and gives terms by name.

    The terms are scalars; training minimises their sum and logs each. `Compare` makes an
    objective of a loss of two sounds, `Objectives` sums several. An objective that has weights of
    its own, such as a discriminator's, lists them as `variables` (a list of Keras variables):
    then checkpoints hold them and a `training.Phase` can train them.

    Example:
        >>> def quiet(batch, outputs):
        ...     return {"level": tf.reduce_mean(tf.square(outputs["audio"]))}
        >>> isinstance(quiet, Objective)
        True
    """

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms, which are differentiable."""
        ...


def require_objective(value: Any, name: str = "objective") -> None:
    """Checks that something can be an objective.

    Raises:
        ArgumentError: It is a loss of two sounds, or can't be called.
    """
    if hasattr(value, "differentiable_terms"):
        raise ArgumentError(
            f"`{name}` should take a batch and outputs, but `{type(value).__name__}` compares two "
            "sounds. Pass `losses.Compare(...)` of it."
        )
    if not callable(value):
        raise ArgumentError(
            f"`{name}` should be called with a batch and outputs, as `losses.Compare` is. "
            f"Received {value!r}."
        )


def variables_of(objective: Any) -> list[Any]:
    """Gives the Keras variables that an objective owns."""
    return list(getattr(objective, "variables", []))


def framed_losses_of(objective: Any) -> list[FramedLoss]:
    """Gives the losses of an objective that analyse sounds in frames."""
    return list(getattr(objective, "framed_losses", []))


def found(column: str, tensors: Mapping[str, Any], what: str) -> Any:
    """Gives one tensor of a batch or of a model's outputs; "a/b" is "b" of the dictionary "a".

    Raises:
        ArgumentError: There is none of this name. The message says what there is.
    """
    value: Any = tensors
    for part in column.split("/"):
        if not isinstance(value, Mapping) or part not in value:
            known = value if isinstance(value, Mapping) else ()
            listing = ", ".join(f"`{name}`" for name in known) or "nothing"
            raise ArgumentError(f"There is no `{column}` among {what} ({listing}).")
        value = value[part]
    return value


def snake_case(name: str) -> str:
    """Gives `SpectralLoss` as `spectral_loss`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
