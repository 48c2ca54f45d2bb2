"""An objective that asks nothing of the batch: small, sparse or smooth controls and latents."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found

_PENALTIES = ("l1", "l2", "smoothness")


@keras.saving.register_keras_serializable("ddsp_tf")
class Regularizer:
    """Penalises an output of the model, such as a control of its synthesiser or its latents.

    Args:
        output: Which: "z", or "controls/harmonic/controls/amplitudes" inside of dictionaries.
        weight: Of the term, >= 0.
        penalty: "l1": the mean absolute value, which makes it sparse. "l2": the mean square, which
            makes it small. "smoothness": the mean absolute difference from frame to frame.
        name: Of the term. None: the last part of `output`, and the penalty.

    Raises:
        ArgumentError: A negative weight, an unknown penalty.

    Example:
        >>> small = Regularizer("z", weight=0.5, penalty="l2")
        >>> {name: float(x) for name, x in small({}, {"z": 2.0 * tf.ones([1, 3, 4])}).items()}
        {'z_l2': 2.0}
    """

    def __init__(
        self,
        output: str,
        *,
        weight: float = 1.0,
        penalty: Literal["l1", "l2", "smoothness"] = "l1",
        name: str | None = None,
    ) -> None:
        if weight < 0:
            raise ArgumentError(f"`weight` should not be negative. Received {weight}.")
        if penalty not in _PENALTIES:
            listing = ", ".join(repr(known) for known in _PENALTIES)
            raise ArgumentError(f"`penalty` should be one of {listing}. Received {penalty!r}.")
        self.output = output
        self.weight = weight
        self.penalty = penalty
        self.name = name or f"{output.rsplit('/', 1)[-1]}_{penalty}"

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives one term.

        Raises:
            ArgumentError: The model has no such output.
        """
        del batch
        value = tf.cast(found(self.output, outputs, "the model's outputs"), tf.float32)
        if self.penalty == "smoothness":
            value = value[:, 1:] - value[:, :-1]
        size = tf.square(value) if self.penalty == "l2" else tf.abs(value)
        # One frame has no differences, and no mean of them.
        mean = tf.math.divide_no_nan(tf.reduce_sum(size), tf.cast(tf.size(size), tf.float32))
        return {self.name: self.weight * mean}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "output": self.output,
            "weight": self.weight,
            "penalty": self.penalty,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Regularizer":
        """Makes it again from `get_config`."""
        return cls(**config)
