"""The features of one recording."""

from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence
from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Float32Array

_FIRST = ("f0_hz", "f0_confidence", "loudness_db")


class Features:
    """Named frame columns of equal length; frame i stands at sample `i * hop_length`.

    They are attributes and items alike: `features.f0_hz` is `features["f0_hz"]`. A slice gives
    the features of a range of frames. What is not there is an `AttributeError` or `KeyError`.

    Args:
        f0_hz: Fundamental in Hz, `[n_frames]`, > 0. Unvoiced frames continue a neighbour.
        f0_confidence: How sure the tracker is, `[n_frames]`, 0 to 1.
        loudness_db: `[n_frames]`, -80 (silence) upwards.
        rows: How many values a frame the finer columns have, by name; 1 for all others.
        **columns: Any others, `[n_frames]`, or `[n_frames, width]` of more than one number.

    Raises:
        ArgumentError: The arrays aren't equally long, or one has more than two axes.

    Example:
        >>> features = Features(np.full(4, 440.0), loudness_db=np.full(4, -20.0))
        >>> features[1:3].n_frames, list(features)
        (2, ['f0_hz', 'loudness_db'])
        >>> features.as_batch()["f0_hz"].shape
        (1, 4, 1)
    """

    def __init__(
        self,
        f0_hz: npt.ArrayLike | None = None,
        f0_confidence: npt.ArrayLike | None = None,
        loudness_db: npt.ArrayLike | None = None,
        *,
        rows: Mapping[str, int] | None = None,
        **columns: npt.ArrayLike,
    ) -> None:
        first = zip(_FIRST, (f0_hz, f0_confidence, loudness_db), strict=True)
        given = {name: value for name, value in first if value is not None}
        self._fill({**given, **columns}, rows or {})

    @classmethod
    def from_columns(
        cls, columns: Mapping[str, npt.ArrayLike], *, rows: Mapping[str, int] | None = None
    ) -> "Features":
        """Features of a mapping, in its order.

        Example:
            >>> list(Features.from_columns({"loudness_db": np.zeros(3)}))
            ['loudness_db']
        """
        features = cls.__new__(cls)
        features._fill(columns, rows or {})
        return features

    def _fill(self, given: Mapping[str, npt.ArrayLike], rows: Mapping[str, int]) -> None:
        self._columns = {name: np.asarray(value, np.float32) for name, value in given.items()}
        self._rows = {name: count for name, count in rows.items() if count > 1 and name in given}
        lengths = {name: self._n_frames_of(name) for name in self._columns}
        if len(set(lengths.values())) > 1:
            shapes = ", ".join(str(value.shape) for value in self._columns.values())
            names = ", ".join(f"`{name}`" for name in self._columns)
            raise ArgumentError(
                f"{names} must all be [n_frames] or [n_frames, width]; got shapes {shapes}."
            )
        self._length = next(iter(lengths.values()), 0)

    def _n_frames_of(self, name: str) -> int:
        values = self._columns[name]
        rows = self._rows.get(name, 1)
        if values.ndim not in (1, 2) or len(values) % rows:
            raise ArgumentError(
                f"`{name}` must be [n_frames] or [n_frames, width], with {rows} rows a frame; "
                f"got shape {values.shape}."
            )
        return len(values) // rows

    if TYPE_CHECKING:  # Present when they were asked for.
        f0_hz: Float32Array
        f0_confidence: Float32Array
        loudness_db: Float32Array

    @property
    def n_frames(self) -> int:
        """The number of frames."""
        return self._length

    def has(self, *names: str) -> bool:
        """Whether all of these columns are there."""
        return all(name in self._columns for name in names)

    def rows(self, name: str) -> int:
        """How many values a frame has in a column; 1 but for finer columns."""
        return self._rows.get(name, 1)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def keys(self) -> KeysView[str]:
        """The columns' names; with it `dict(features)` are the columns."""
        return self._columns.keys()

    def items(self) -> ItemsView[str, Float32Array]:
        """The columns with their names."""
        return self._columns.items()

    def __getattr__(self, name: str) -> Float32Array:
        # Unpickling asks before there are columns.
        columns = self.__dict__.get("_columns", {})
        if name in columns:
            return columns[name]
        raise AttributeError(f"There is no column `{name}`; there are: {', '.join(columns)}.")

    @overload
    def __getitem__(self, key: str) -> Float32Array: ...

    @overload
    def __getitem__(self, key: slice) -> "Features": ...

    def __getitem__(self, key: str | slice) -> "Float32Array | Features":
        """A column by its name, or the features of a range of frames by a slice."""
        if not isinstance(key, slice):
            return self._columns[key]
        if not self._rows:
            return self._like({name: value[key] for name, value in self._columns.items()})
        frames = np.arange(self._length)[key]
        return self._like({name: self._at(name, frames) for name in self._columns})

    def _at(self, name: str, frames: npt.NDArray[np.int_]) -> Float32Array:
        values = self._columns[name]
        by_frame = values.reshape(self._length, self.rows(name), *values.shape[1:])
        return by_frame[frames].reshape(-1, *values.shape[1:])

    def _like(self, columns: Mapping[str, npt.ArrayLike]) -> "Features":
        return Features.from_columns(columns, rows=self._rows)

    def as_batch(self) -> dict[str, Float32Array]:
        """The features as a model takes them: each `[1, n_frames, width]`, float32."""
        return {name: value.reshape(1, len(value), -1) for name, value in self._columns.items()}

    def with_columns(self, **columns: npt.ArrayLike) -> "Features":
        """The same with some columns added or in place of others of these names."""
        return self._like({**self._columns, **columns})


def join_features(parts: Sequence[Features]) -> Features:
    """Puts features of the same columns end to end.

    Example:
        >>> one = Features(loudness_db=np.zeros(3))
        >>> join_features([one, one]).n_frames
        6
    """
    if not parts:
        return Features()
    rows = {name: parts[0].rows(name) for name in parts[0]}
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Features.from_columns(joined, rows=rows)
