"""Magnitude responses that somebody measured or drew: a CSV file, or an impulse response."""

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError, AudioFileError
from ddsp_tf.files import check_ordinary, printable
from ddsp_tf.types import FloatArray

FREQUENCY, MAGNITUDE = "frequency_hz", "magnitude_db"
_LARGEST = 10_000_000
_LARGEST_DB = 1000.0
_FLOOR_DB = -120.0
"""Of an impulse response, below its loudest frequency."""


@dataclass(frozen=True)
class MagnitudeResponse:
    """Levels in dB at frequencies, joined by straight lines.

    Below its first frequency and above its last, it stays as it is there.

    Args:
        frequency_hz: Rising, from 0 on, `[n_points]`, two or more.
        magnitude_db: Likewise; finite.
        sample_rate: In Hz, if it is known.
        name: What to call it in errors.

    Raises:
        ArgumentError: Frequencies don't rise, or something is out of range.

    Example:
        >>> slope = MagnitudeResponse(np.array([0.0, 1000.0]), np.array([0.0, -10.0]))
        >>> slope.sampled(3, sample_rate=4000).tolist()
        [0.0, -10.0, -10.0]
    """

    frequency_hz: FloatArray
    magnitude_db: FloatArray
    sample_rate: float | None = None
    name: str = "the response"

    def __post_init__(self) -> None:
        frequency = np.asarray(self.frequency_hz, np.float64)
        magnitude = np.asarray(self.magnitude_db, np.float64)
        if frequency.ndim != 1 or frequency.shape != magnitude.shape or len(frequency) < 2:
            raise ArgumentError(
                f"{self.name} should have two points or more, each with a frequency and a level. "
                f"Received {frequency.shape} and {magnitude.shape}."
            )
        for key, values in ((FREQUENCY, frequency), (MAGNITUDE, magnitude)):
            wrong = np.flatnonzero(~np.isfinite(values))
            if len(wrong):
                raise ArgumentError(
                    f"{self.name}, point {wrong[0] + 1}: `{key}` should be a number. Received "
                    f"{values[wrong[0]]}. Leave the point out."
                )
        falls = np.flatnonzero(np.diff(frequency) <= 0)
        if len(falls) or frequency[0] < 0:
            at = falls[0] + 1 if len(falls) else 0
            raise ArgumentError(
                f"{self.name}, point {at + 1}: `{FREQUENCY}` should be 0 or more and rise from "
                f"point to point. Received {frequency[at]:g}"
                + (f" after {frequency[at - 1]:g}." if at else ".")
            )
        if np.max(np.abs(magnitude)) > _LARGEST_DB:
            raise ArgumentError(
                f"{self.name}: `{MAGNITUDE}` should be within {_LARGEST_DB:g} dB up or down. "
                f"Received {magnitude[np.argmax(np.abs(magnitude))]:g}."
            )
        object.__setattr__(self, "frequency_hz", frequency)
        object.__setattr__(self, "magnitude_db", magnitude)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "MagnitudeResponse":
        """Reads a CSV file, or the sound of an impulse response.

        A CSV file has the columns `frequency_hz` and `magnitude_db`, as its first line says; where
        that line has numbers, these are the first two columns. Commas, semicolons or tabs stand
        between them, and lines that begin with # say nothing. Of an impulse response of several
        channels, the mean is taken.

        Args:
            path: A file; one that ends in .csv, .txt or .tsv is a table.

        Raises:
            ArgumentError: The table is missing, no such table, or holds something out of range.
            AudioFileError: The sound can't be read, or is silent.
        """
        path = Path(path)
        if path.suffix.lower() in TABLES:
            return cls(*_read_table(path), name=f"`{printable(path)}`")
        audio, rate = read_audio(path)
        return cls.of_impulse_response(audio, rate, name=f"`{printable(path)}`")

    @classmethod
    def of_impulse_response(
        cls,
        impulse_response: FloatArray,
        sample_rate: float,
        *,
        n_points: int = 512,
        name: str = "the impulse response",
    ) -> "MagnitudeResponse":
        """Makes the magnitude response of an impulse response.

        Where it is longer than the points can tell apart, a point is the mean power around it. What
        is more than 120 dB below the loudest is taken for 120.

        Args:
            impulse_response: `[n_samples]`.
            sample_rate: In Hz.
            n_points: How many, evenly from 0 to half the sample rate, both included.
            name: What to call it in errors.

        Raises:
            AudioFileError: It is silent or not finite.
        """
        samples = np.asarray(impulse_response, np.float64)
        if not np.isfinite(samples).all() or not np.any(samples):
            raise AudioFileError(f"{name} is silent, or has NaN or infinite samples.")
        n_intervals = n_points - 1
        n_between = 2 * max(1, math.ceil(len(samples) / (4 * n_intervals)))
        power = np.abs(np.fft.rfft(samples, 2 * n_intervals * n_between)) ** 2
        if len(samples) <= 2 * n_intervals:
            power = power[::n_between]
        else:
            power = _mean_around(power, n_between)
        db = 10.0 * np.log10(np.maximum(power / power.max(), 10.0 ** (_FLOOR_DB / 10.0)))
        frequency = np.linspace(0.0, sample_rate / 2.0, n_points)
        return cls(frequency, db + 10.0 * np.log10(power.max()), sample_rate, name)

    def sampled(self, n_points: int, *, sample_rate: float) -> FloatArray:
        """Gives the levels evenly from 0 to half a sample rate, both included, `[n_points]`.

        Raises:
            ArgumentError: All its frequencies are above half the sample rate.
        """
        half = sample_rate / 2.0
        if self.frequency_hz[0] >= half:
            raise ArgumentError(
                f"{self.name} begins at {self.frequency_hz[0]:g} Hz, and half the sample rate is "
                f"{half:g} Hz. Give frequencies in Hz, and the rate at which the filter will run."
            )
        return np.interp(np.linspace(0.0, half, n_points), self.frequency_hz, self.magnitude_db)


TABLES = (".csv", ".txt", ".tsv")
"""Suffixes of the files that are read as tables."""


def _mean_around(power: FloatArray, n_between: int) -> FloatArray:
    """Means over as many points as lie between those that stay, around each; even at both ends."""
    half = n_between // 2
    mirrored = np.concatenate([power[half:0:-1], power, power[-2 : -half - 2 : -1]])
    sums = np.concatenate([[0.0], np.cumsum(mirrored)])
    means = (sums[2 * half + 1 :] - sums[: -2 * half - 1]) / (2 * half + 1)
    return np.maximum(means[::n_between], 0.0)


def _read_table(path: Path) -> tuple[FloatArray, FloatArray]:
    check_ordinary(path, error=ArgumentError, largest=_LARGEST)
    name = f"`{printable(path)}`"
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{name} should be a CSV file in UTF-8 ({error}).") from error
    numbered = [
        (i, line) for i, line in enumerate(lines, 1) if line.strip() and line.strip()[0] != "#"
    ]
    if not numbered:
        raise ArgumentError(f"{name} is empty. It should have `{FREQUENCY},{MAGNITUDE}` and lines.")
    mark = next((mark for mark in (";", "\t") if mark in numbered[0][1]), ",")
    rows = list(csv.reader([line for _, line in numbered], delimiter=mark))
    places = (0, 1)
    if not all(_is_number(cell) for cell in rows[0][:2]):
        header = [cell.strip() for cell in rows[0]]
        if FREQUENCY not in header or MAGNITUDE not in header:
            raise ArgumentError(
                f"{name} should have the columns `{FREQUENCY}` and `{MAGNITUDE}`, or two columns "
                f"of numbers without a header. Received `{','.join(header)[:60]}`."
            )
        places = (header.index(FREQUENCY), header.index(MAGNITUDE))
        rows, numbered = rows[1:], numbered[1:]
    table = [
        [_number(row, place, key, f"{name}, line {number}") for place, key in _named(places)]
        for row, (number, _) in zip(rows, numbered, strict=True)
    ]
    if len(table) < 2:
        raise ArgumentError(
            f"{name} should have two lines of numbers or more. It has {len(table)}."
        )
    frequency, magnitude = np.array(table).T
    return frequency, magnitude


def _named(places: tuple[int, int]) -> Sequence[tuple[int, str]]:
    return tuple(zip(places, (FREQUENCY, MAGNITUDE), strict=True))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _number(row: Sequence[str], place: int, key: str, where: str) -> float:
    cell = row[place].strip() if place < len(row) else ""
    if not _is_number(cell) or not math.isfinite(float(cell)):
        raise ArgumentError(
            f"{where}: `{key}` should be a number. Received {cell!r}. Leave the line out."
        )
    return float(cell)
