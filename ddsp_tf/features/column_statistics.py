"""The range of one column over a set of sounds."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import DatasetError

SHARES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
"""Of the quantiles."""


@dataclass(frozen=True)
class ColumnStatistics:
    """What values a column takes; each entry has one number for every number of a frame.

    Args:
        mean: `[width]`.
        deviation: The standard deviation, `[width]`.
        quantiles: At the shares of `SHARES`, `[9][width]`: the first is the least value, the last
            the greatest.

    Example:
        >>> ColumnStatistics.from_values(np.array([1.0, 2.0, 6.0])).quantiles[4]
        (2.0,)
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]

    @classmethod
    def from_values(cls, values: npt.ArrayLike) -> Self:
        """Gathers them from `[n]` or `[n, width]`, n > 0."""
        rows = np.asarray(values, np.float64)
        rows = rows.reshape(len(rows), -1)
        return cls(
            mean=_numbers(rows.mean(axis=0)),
            deviation=_numbers(rows.std(axis=0)),
            quantiles=tuple(_numbers(row) for row in np.quantile(rows, SHARES, axis=0)),
        )

    def to_dict(self) -> dict[str, Any]:
        """The numbers, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Statistics from what `to_dict` returned.

        Raises:
            DatasetError: They are damaged.
        """
        try:
            return cls(
                mean=_numbers(values["mean"]),
                deviation=_numbers(values["deviation"]),
                quantiles=tuple(_numbers(row) for row in values["quantiles"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DatasetError(
                f"The statistics of a column are damaged (at {error}). Prepare the dataset again."
            ) from error


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
