"""Curves drawn by hand: what a model is told over time, in a CSV file."""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import check_ordinary, printable
from ddsp_tf.types import FloatArray

TIME = "time_s"
LONGEST_S = 24 * 3600.0
_LARGEST = 100_000_000


@dataclass(frozen=True)
class Curves:
    """Inputs of a model as points in time, joined by straight lines.

    Before its first point and after its last, a curve stays as it is there.

    Args:
        points: For each input its points, `(times_s, values)`, both `[n_points]`; times rise.
        name: What to call them in errors.

    Example:
        >>> swell = Curves({"loudness_db": (np.array([0.0, 1.0]), np.array([-40.0, -20.0]))})
        >>> swell.seconds, swell.at_frames(3, frame_rate=2.0)["loudness_db"].tolist()
        (1.0, [-40.0, -30.0, -20.0])
    """

    points: Mapping[str, tuple[FloatArray, FloatArray]]
    name: str = "the curves"

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Curves":
        """Reads a CSV file.

        Its first line names the columns: `time_s`, and one for each curve. A cell may be left
        empty: that curve has no point there.

        Args:
            path: The file, in UTF-8, with commas.

        Raises:
            ArgumentError: It is missing, no such table, holds something that is no number, its
                times don't rise from 0 or later, or last longer than a day.
        """
        path = Path(path)
        check_ordinary(path, error=ArgumentError, largest=_LARGEST)
        name = f"`{printable(path)}`"
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                return cls(_points(csv.reader(file), name), name)
        except (UnicodeDecodeError, csv.Error) as error:
            raise ArgumentError(f"{name} should be a CSV file in UTF-8 ({error}).") from error

    @property
    def seconds(self) -> float:
        """The time of the last point of all."""
        return max(float(times[-1]) for times, _ in self.points.values())

    def at_frames(self, n_frames: int, *, frame_rate: float) -> dict[str, FloatArray]:
        """Gives each curve at frames, `[n_frames]`; frame i is at `i / frame_rate`."""
        frames_s = np.arange(n_frames) / frame_rate
        return {
            key: np.interp(frames_s, times, values).astype(np.float32)
            for key, (times, values) in self.points.items()
        }


def _points(rows: Iterator[list[str]], name: str) -> dict[str, tuple[FloatArray, FloatArray]]:
    header = [cell.strip() for cell in next(rows, [])]
    if TIME not in header or len(header) < 2 or len(set(header)) < len(header):
        raise ArgumentError(
            f"{name} should begin with a line of different names such as `{TIME},loudness_db`. "
            f"Received `{','.join(header)[:60]}`."
        )
    lines = [(i, row) for i, row in enumerate(rows, start=2) if any(map(str.strip, row))]
    table = np.array([_numbers(row, header, f"{name}, line {i}") for i, row in lines])
    if not len(table):
        raise ArgumentError(f"{name} holds no points. Add lines below the first.")
    times = table[:, header.index(TIME)]
    late = np.flatnonzero(~(np.diff(times, prepend=-1e-9) > 0) | ~(times >= 0))
    if len(late):
        raise ArgumentError(
            f"{name}, line {lines[late[0]][0]}: `{TIME}` should be 0 or later, and rise from line "
            f"to line. Received {times[late[0]]:g}."
        )
    if times[-1] > LONGEST_S:
        raise ArgumentError(f"{name} lasts {times[-1]:g} s; a day is the most that is played.")
    found = {}
    for index, key in enumerate(header):
        there = np.isfinite(table[:, index])
        if key != TIME and not there.any():
            raise ArgumentError(f"{name} has no value of `{key}`. Leave the column out.")
        found[key] = (times[there], table[there, index])
    del found[TIME]
    return found


def _numbers(row: Sequence[str], header: Sequence[str], where: str) -> list[float]:
    if len(row) != len(header):
        raise ArgumentError(
            f"{where}: there should be {len(header)} cells, as the first line has. "
            f"Received {len(row)}."
        )
    return [_number(cell.strip(), key, where) for cell, key in zip(row, header, strict=True)]


def _number(cell: str, key: str, where: str) -> float:
    """A number; NaN for an empty cell, which says nothing."""
    if not cell and key != TIME:
        return float("nan")
    try:
        value = float(cell)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        raise ArgumentError(f"{where}: `{key}` should be a number. Received {cell!r}.")
    return value
