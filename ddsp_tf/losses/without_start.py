"""An objective that leaves out the beginning of every clip."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import Objective, require_objective, variables_of


@keras.saving.register_keras_serializable("ddsp_tf")
class WithoutStart:
    """Passes a batch and outputs on without their first samples.

    A clip from the middle of a sound lacks what came before it, and an effect with a memory gives
    something else there than in the whole sound: for a filter the clip begins with a step, which
    a loss of logarithms hears in every quiet band.

    Args:
        objective: What hears the rest.
        n_samples: How many are left out, > 0; of a shorter clip, half of it.
        columns: The sounds that are cut, of the batch and of the outputs.

    Raises:
        ArgumentError: `objective` is none, or `n_samples` isn't above 0.

    Example:
        >>> from ddsp_tf.losses import Compare
        >>> late = WithoutStart(Compare(keras.losses.MeanAbsoluteError()), n_samples=100)
        >>> step = tf.concat([tf.ones([1, 100]), tf.zeros([1, 900])], axis=1)
        >>> float(late({"audio": step}, {"audio": 0.0 * step})["mean_absolute_error"])
        0.0
    """

    def __init__(
        self, objective: Objective, n_samples: int = 4096, columns: Sequence[str] = ("audio", "dry")
    ) -> None:
        require_objective(objective)
        if n_samples < 1:
            raise ArgumentError(f"`n_samples` should be above 0. Received {n_samples}.")
        self.objective = objective
        self.n_samples = n_samples
        self.columns = tuple(columns)

    @property
    def variables(self) -> list[Any]:
        """Those of the objective."""
        return variables_of(self.objective)

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms of the objective for what is left."""
        return dict(self.objective(self._cut(batch), self._cut(outputs)))

    def _cut(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        cut = {key: self._later(tensors[key]) for key in self.columns if key in tensors}
        return {**tensors, **cut}

    def _later(self, sound: tf.Tensor) -> tf.Tensor:
        length = sound.shape[1] or tf.shape(sound)[1]
        return sound[:, tf.minimum(self.n_samples, length // 2) :]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments, serialised."""
        return {
            "objective": keras.saving.serialize_keras_object(self.objective),
            "n_samples": self.n_samples,
            "columns": list(self.columns),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "WithoutStart":
        """Makes it from `get_config`."""
        objective = keras.saving.deserialize_keras_object(config["objective"])
        return cls(**{**config, "objective": objective})
