"""A loss of two signals as an objective."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.losses.framed_loss import FramedLoss
from ddsp_tf.losses.objective import found, snake_case


@keras.saving.register_keras_serializable("ddsp_tf")
class Compare:
    """Compares one output of a model with one column of the batch.

    Args:
        loss: (target, value) -> scalar, or a dictionary of them; for example a `SpectralLoss`,
            whose terms stay apart.
        target: The column to compare with; an output of that name if the batch has none.
        output: The output to compare: "controls/harmonic/controls/f0_hz" is one inside of
            dictionaries.
        name: Goes in front of the names of the terms, or is the name of a single one. None: a
            loss with terms keeps their names, another is called as it is itself.

    Example:
        >>> from ddsp_tf.losses import SpectralLoss
        >>> compare = Compare(SpectralLoss(fft_lengths=(64,)))
        >>> sound = tf.random.stateless_normal([1, 1000], [1, 2])
        >>> terms = compare({"audio": sound}, {"audio": 0.5 * sound})
        >>> sorted(terms)
        ['log_magnitude', 'magnitude']
        >>> round(float(terms["log_magnitude"]), 3)
        0.693
    """

    def __init__(
        self,
        loss: Callable[..., Any],
        target: str = "audio",
        output: str = "audio",
        name: str | None = None,
    ) -> None:
        self.loss = loss
        self.target = target
        self.output = output
        self.name = name

    @property
    def variables(self) -> list[Any]:
        """The weights of the loss, if it has any."""
        return list(getattr(self.loss, "variables", []))

    @property
    def framed_losses(self) -> list[FramedLoss]:
        """The loss, if it analyses sounds in frames."""
        return [self.loss] if isinstance(self.loss, FramedLoss) else []

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms of the loss.

        Raises:
            ArgumentError: The batch or the outputs have no such column.
        """
        # A model that makes its own task says what was to come out.
        where = batch if self.target in batch or self.target not in outputs else outputs
        target = found(self.target, where, "the columns of the batch")
        output = found(self.output, outputs, "the model's outputs")
        if isinstance(self.loss, FramedLoss):
            values: Any = self.loss.differentiable_terms(target, output)
        else:
            values = self.loss(target, output)
        if not isinstance(values, Mapping):
            return {self.name or _name_of(self.loss): values}
        prefix = "" if self.name is None else f"{self.name}_"
        return {f"{prefix}{name}": value for name, value in values.items()}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, "target": self.target, "output": self.output, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Compare":
        """Makes it again from `get_config`."""
        loss = keras.saving.deserialize_keras_object(config["loss"])
        return cls(**{**config, "loss": loss})


def _name_of(loss: Any) -> str:
    return str(getattr(loss, "name", None) or snake_case(_callable_name(loss)))


def _callable_name(loss: Any) -> str:
    name = getattr(loss, "__name__", type(loss).__name__)
    return "loss" if name == "<lambda>" else str(name)
