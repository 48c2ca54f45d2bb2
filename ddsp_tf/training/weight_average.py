"""An exponential moving average of a model's weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError


class WeightAverage:
    """Keeps the average of weights over the recent steps, which often sounds smoother.

    The decay grows as `min(decay, (1 + n) / (10 + n))` with the number of updates n, so
    that the average isn't held back by the initial weights.

    Args:
        weights: The trainable Keras variables to average.
        decay: Weight of the past per step, in (0, 1); 0.999 averages over about 1000 steps.

    Raises:
        ArgumentError: `decay` is not in (0, 1).
    """

    def __init__(self, weights: Sequence[keras.Variable], decay: float) -> None:
        if not 0.0 < decay < 1.0:
            raise ArgumentError(f"`ema_decay` must be between 0 and 1, but is {decay}.")
        self.decay = decay
        self._weights = [weight.value for weight in weights]
        self.variables = [
            tf.Variable(weight.read_value(), trainable=False, name=f"average_{index}")
            for index, weight in enumerate(self._weights)
        ]

    def update(self, n_updates: tf.Tensor) -> None:
        """Moves the average towards the weights. Call it in cross-replica context.

        Args:
            n_updates: How many updates there have been before, a scalar.
        """
        n_updates = tf.cast(n_updates, tf.float32)
        decay = tf.minimum(self.decay, (1.0 + n_updates) / (10.0 + n_updates))
        extended = tf.distribute.get_strategy().extended
        for average, weight in zip(self.variables, self._weights, strict=True):
            extended.update(average, _step_towards, args=(weight, 1.0 - decay), group=False)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Puts the average into the model for the duration of a `with` block."""
        saved = [tf.identity(weight.read_value()) for weight in self._weights]
        try:
            for average, weight in zip(self.variables, self._weights, strict=True):
                weight.assign(average.read_value())
            yield
        finally:
            for value, weight in zip(saved, self._weights, strict=True):
                weight.assign(value)


def _step_towards(average: Any, weight: Any, share: tf.Tensor) -> Any:
    return average.assign_add(tf.cast(share, average.dtype) * (weight - average))
