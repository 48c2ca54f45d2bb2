"""How far what is said of a room's decay is from how it decays."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found


@keras.saving.register_keras_serializable("ddsp_tf")
class RoomDecay:
    """Compares times of decay, and the decay itself, with those of a room: two terms.

    `t60` is the mean of `abs(ln(T60 found / T60))`, so that twice as long is as wrong as half as
    long, and `decay_db` the mean difference of `decay_db`, of which what is below `-range_db`
    counts as that.

    Args:
        range_db: Above 0.
        decay_weight: Of a decibel, at least 0.

    Raises:
        ArgumentError: A number is out of its range.

    Example:
        >>> room = {"t60_s": tf.constant([[1.0]]), "decay_db": tf.constant([[-6.0]])}
        >>> said = {"t60_s": tf.constant([[2.0]]), "decay_db": tf.constant([[-3.0]])}
        >>> {key: round(float(x), 3) for key, x in RoomDecay(decay_weight=0.1)(room, said).items()}
        {'t60': 0.693, 'decay_db': 0.3}
    """

    def __init__(self, range_db: float = 40.0, decay_weight: float = 0.02) -> None:
        if not range_db > 0 or not decay_weight >= 0:
            raise ArgumentError(
                "`range_db` should be above 0 and `decay_weight` at least 0. Received "
                f"{range_db} and {decay_weight}."
            )
        self.range_db = range_db
        self.decay_weight = decay_weight

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives both terms.

        Raises:
            ArgumentError: The batch or the outputs lack `t60_s` or `decay_db`.
        """
        wanted, said = (
            [found(key, where, what) for key in ("t60_s", "decay_db")]
            for where, what in (
                (batch, "the columns of the batch"),
                (outputs, "the model's outputs"),
            )
        )
        ratio = tf.math.log(said[0]) - tf.math.log(tf.cast(wanted[0], said[0].dtype))
        decays = [tf.maximum(x[1], np.float32(-self.range_db)) for x in (wanted, said)]
        return {
            "t60": tf.reduce_mean(tf.abs(ratio)),
            "decay_db": self.decay_weight * tf.reduce_mean(tf.abs(decays[1] - decays[0])),
        }

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"range_db": self.range_db, "decay_weight": self.decay_weight}
