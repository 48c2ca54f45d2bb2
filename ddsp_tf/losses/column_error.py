"""How far outputs of a model are from columns that were measured."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found


@keras.saving.register_keras_serializable("ddsp_tf")
class ColumnError:
    """The mean square of the difference between outputs and columns of the same shape.

    Args:
        columns: For each output the column that it should be. An output inside of dictionaries is
            named by its path, such as "controls/world/controls/envelope".
        weight: Of each term, >= 0.

    Raises:
        ArgumentError: No column, or a negative weight.

    Example:
        >>> error = ColumnError({"controls/level": "loudness_db"}, weight=0.5)
        >>> made = {"controls": {"level": tf.fill([1, 3, 1], -20.0)}}
        >>> terms = error({"loudness_db": tf.fill([1, 3, 1], -22.0)}, made)
        >>> {name: float(x) for name, x in terms.items()}
        {'loudness_db': 2.0}
    """

    def __init__(self, columns: Mapping[str, str], *, weight: float = 1.0) -> None:
        if not columns or weight < 0:
            raise ArgumentError(
                "`columns` should name one output at least, and `weight` not be negative. "
                f"Received {dict(columns)} and {weight}."
            )
        self.columns = dict(columns)
        self.weight = weight

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives a term for each column.

        Raises:
            ArgumentError: The batch lacks a column, the model an output, or shapes differ.
        """
        terms = {}
        for output, column in self.columns.items():
            made = found(output, outputs, "the model's outputs")
            target = found(column, batch, "the columns of the batch")
            if not made.shape.is_compatible_with(target.shape):
                raise ArgumentError(
                    f"The output `{output}` should have the shape of `{column}`, {target.shape}. "
                    f"Received {made.shape}."
                )
            terms[column] = self.weight * tf.reduce_mean(tf.square(made - target))
        return terms

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {"columns": self.columns, "weight": self.weight}
