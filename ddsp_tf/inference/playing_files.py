"""How notes are played, as tables that are written, edited and read."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_tf.errors import ArgumentError, ScoreFileError
from ddsp_tf.files import atomic_file, check_writable
from ddsp_tf.midi import EXPRESSION_FIELDS
from ddsp_tf.types import FloatArray

_NOTE = ("voice", "onset_s", "offset_s", "midi")
_FRAME = ("voice", "time_s")
_NEAR_S, _NEAR_SEMITONES = 0.01, 0.5
_MOST_SHOWN = 6


@dataclass(frozen=True)
class PlayingFiles:
    """Where the playing of a score is written to, and read from.

    Attributes:
        expression: A table of how each note is played, in place of what the model would write.
        controls: A table of pitch and levels of every frame, in place of what it would make.
        expression_out: Where the expression that is played is written to.
        controls_out: Where pitch and levels are.
        overwrite: Whether existing tables may be replaced.
    """

    expression: Path | None = None
    controls: Path | None = None
    expression_out: Path | None = None
    controls_out: Path | None = None
    overwrite: bool = False

    def __bool__(self) -> bool:
        """Whether there is any."""
        files = (self.expression, self.controls, self.expression_out, self.controls_out)
        return any(path is not None for path in files)

    def check(self) -> None:
        """Checks before any work that what is to be written can be.

        Raises:
            ArgumentError: Expression and controls are given both.
            OutputError: A table exists or can't be written.
        """
        if self.expression is not None and self.controls is not None:
            raise ArgumentError(
                "`expression` and `controls` exclude each other: controls say all that is played. "
                "Give one of them."
            )
        if self.controls is not None and self.expression_out is not None:
            raise ArgumentError(
                "`controls` say all that is played, so that there is no expression for "
                "`expression_out`. Leave one of them out."
            )
        for path in (self.expression_out, self.controls_out):
            if path is not None:
                check_writable(path, overwrite=self.overwrite)


def write_expression(
    path: str | os.PathLike[str],
    lines: Sequence[np.ndarray],
    expressions: Sequence[np.ndarray],
    *,
    overwrite: bool = False,
) -> None:
    """Writes how the notes of each voice are played, a line each, as CSV.

    Args:
        path: The file.
        lines: Notes of each voice, `[n_notes, 5]`.
        expressions: Their `midi.EXPRESSION_FIELDS`, `[n_notes, 6]`.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputError: The file exists or can't be written.

    Example:
        >>> note = np.array([[0.0, 0.5, 60, 0.5, 0]])
        >>> write_expression("air.csv", [note], [np.full([1, 6], 0.5)])
        >>> read_expression("air.csv", [note])[0].shape
        (1, 6)
    """
    rows = [
        [voice, *(f"{x:.4f}" for x in note[:2]), f"{note[2]:g}", *(f"{x:.4f}" for x in numbers)]
        for voice, (notes, expression) in enumerate(zip(lines, expressions, strict=True), 1)
        for note, numbers in zip(notes, expression, strict=True)
    ]
    _write(path, (*_NOTE, *EXPRESSION_FIELDS), rows, overwrite=overwrite)


def read_expression(path: str | os.PathLike[str], lines: Sequence[np.ndarray]) -> list[FloatArray]:
    """Reads what `write_expression` wrote, and somebody edited, for the same notes.

    Returns:
        The expression of each voice, `[n_notes, 6]`.

    Raises:
        ScoreFileError: It can't be read, has other columns, isn't numbers, or is of other notes.
    """
    table = _read(path, (*_NOTE, *EXPRESSION_FIELDS))
    voices = _voices(path, table[:, 0], len(lines), "notes", [len(line) for line in lines])
    for number, (place, line) in enumerate(zip(voices, lines, strict=True), 1):
        there = table[place, 1:4]
        apart = np.abs(there - line[:, :3])
        wrong = (apart[:, 0] > _NEAR_S) | (apart[:, 2] > _NEAR_SEMITONES)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ScoreFileError(
                f"`{path}` is of another score: note {row + 1} of voice {number} is key "
                f"{there[row, 2]:g} at {there[row, 0]:.2f} s there, and key {line[row, 2]:g} at "
                f"{line[row, 0]:.2f} s here. Write it anew with `--expression-out`."
            )
    return [table[place, len(_NOTE) :] for place in voices]


def write_controls(
    path: str | os.PathLike[str],
    voices: Sequence[dict[str, np.ndarray]],
    *,
    frame_rate: float,
    overwrite: bool = False,
) -> None:
    """Writes what each voice is told in every frame, a line each, as CSV.

    Args:
        path: The file.
        voices: Of each voice `[n_frames, width]` by name, the same names in all.
        frame_rate: Frames a second.
        overwrite: Whether an existing file may be replaced.

    Raises:
        OutputError: The file exists or can't be written.
    """
    names = _control_names(voices[0])
    rows = (
        [voice, f"{frame / frame_rate:.4f}", *(f"{x:.2f}" for x in values)]
        for voice, controls in enumerate(voices, 1)
        for frame, values in enumerate(np.concatenate(list(controls.values()), axis=1))
    )
    _write(path, (*_FRAME, *names), rows, overwrite=overwrite)


def read_controls(
    path: str | os.PathLike[str],
    widths: dict[str, int],
    *,
    n_voices: int,
    n_frames: int,
) -> list[dict[str, FloatArray]]:
    """Reads what `write_controls` wrote, and somebody edited.

    Args:
        path: The file.
        widths: How many numbers a frame of each name has.
        n_voices: Voices of the score.
        n_frames: Frames of the score.

    Returns:
        Of each voice `[n_frames, width]` by name.

    Raises:
        ScoreFileError: It can't be read, has other columns, isn't numbers, or is of another length.
    """
    empty = {key: np.zeros([0, width]) for key, width in widths.items()}
    table = _read(path, (*_FRAME, *_control_names(empty)))
    voices = _voices(path, table[:, 0], n_voices, "frames", [n_frames] * n_voices)
    ends = np.cumsum([len(_FRAME), *widths.values()])
    return [
        {
            key: table[place, start:end].astype(np.float32)
            for key, start, end in zip(widths, ends[:-1], ends[1:], strict=True)
        }
        for place in voices
    ]


def _control_names(controls: dict[str, np.ndarray]) -> list[str]:
    return [
        name if values.shape[1] == 1 else f"{name}_{number}"
        for name, values in controls.items()
        for number in range(1, values.shape[1] + 1)
    ]


def _write(path: str | os.PathLike[str], names: Sequence[str], rows: object, **how: bool) -> None:
    with (
        atomic_file(path, **how) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)  # type: ignore[arg-type]


def _read(path: str | os.PathLike[str], names: Sequence[str]) -> FloatArray:
    """The numbers of a table, `[n_rows, n_names]`; the columns may stand in any order."""
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if any(line)]
    except OSError as error:
        raise ScoreFileError(f"`{path}` can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScoreFileError(f"`{path}` is no table ({error}).") from error
    header = [name.strip() for name in lines[0]] if lines else []
    for what, columns in (
        ("lacks", [name for name in names if name not in header]),
        ("has the unknown", [name for name in header if name not in names]),
    ):
        if columns:
            shown = ", ".join(columns[:_MOST_SHOWN]) + (
                ", ..." if len(columns) > _MOST_SHOWN else ""
            )
            listed = ", ".join(names[:_MOST_SHOWN]) + (", ..." if len(names) > _MOST_SHOWN else "")
            raise ScoreFileError(f"`{path}` should have the columns {listed}, and {what} {shown}.")
    order = [header.index(name) for name in names]
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(header):
            raise ScoreFileError(
                f"`{path}`, line {number}, has {len(line)} values for {len(header)} columns."
            )
    try:
        table = np.array(lines[1:], np.float64).reshape(-1, len(header))[:, order]
    except ValueError as error:
        raise ScoreFileError(f"`{path}` should hold numbers alone ({error}).") from error
    if not np.isfinite(table).all():
        raise ScoreFileError(f"`{path}` should hold finite numbers alone.")
    return table


def _voices(
    path: str | os.PathLike[str],
    column: FloatArray,
    n_voices: int,
    what: str,
    counts: Sequence[int],
) -> list[np.ndarray]:
    """The rows of each voice, as many as it has to have."""
    places = [np.flatnonzero(column == voice) for voice in range(1, n_voices + 1)]
    found = [len(place) for place in places]
    if found != list(counts) or sum(found) != len(column):
        raise ScoreFileError(
            f"`{path}` has {len(column)} {what}, in voices {', '.join(map(str, found))}; the score "
            f"has {sum(counts)}, in voices {', '.join(map(str, counts))}."
        )
    return places
