"""Several objectives as one."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.losses.framed_loss import FramedLoss
from ddsp_tf.losses.objective import (
    Objective,
    framed_losses_of,
    require_objective,
    variables_of,
)


@keras.saving.register_keras_serializable("ddsp_tf")
class Objectives:
    """Asks every objective for its terms; terms of the same name are summed.

    Args:
        objectives: At least one.

    Raises:
        ArgumentError: One of them is no objective.

    Example:
        >>> from ddsp_tf.losses import Compare, SpectralLoss
        >>> level = lambda batch, outputs: {"level": tf.reduce_mean(outputs["audio"] ** 2)}
        >>> both = Objectives([Compare(SpectralLoss(fft_lengths=(64,))), level])
        >>> sound = tf.ones([1, 1000])
        >>> sorted(both({"audio": sound}, {"audio": sound}))
        ['level', 'log_magnitude', 'magnitude']
    """

    def __init__(self, objectives: Sequence[Objective]) -> None:
        for index, objective in enumerate(objectives):
            require_objective(objective, f"objectives[{index}]")
        self.objectives = list(objectives)

    @property
    def variables(self) -> list[Any]:
        """The weights of all, each once."""
        every = [variable for each in self.objectives for variable in variables_of(each)]
        return list({id(variable): variable for variable in every}.values())

    @property
    def framed_losses(self) -> list[FramedLoss]:
        """Those of all."""
        return [loss for each in self.objectives for loss in framed_losses_of(each)]

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms of all."""
        terms: dict[str, tf.Tensor] = {}
        for objective in self.objectives:
            for name, value in objective(batch, outputs).items():
                terms[name] = terms[name] + value if name in terms else value
        return terms

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        serialize = keras.saving.serialize_keras_object
        return {"objectives": [serialize(objective) for objective in self.objectives]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Objectives":
        """Makes it again from `get_config`."""
        deserialize = keras.saving.deserialize_keras_object
        return cls([deserialize(objective) for objective in config["objectives"]])
