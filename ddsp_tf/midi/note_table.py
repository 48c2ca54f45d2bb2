"""Notes as a table: a CSV file beside a recording."""

import csv
from pathlib import Path

import numpy as np

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.types import FloatArray, PathLike

TABLE_SUFFIX = ".notes.csv"
_NEEDED = ("start_s", "end_s", "midi_pitch")
_VELOCITY = "velocity"


def read_note_table(path: PathLike) -> FloatArray:
    """Reads a table of notes.

    Its first line names the columns: `start_s`, `end_s` and `midi_pitch`, and `velocity` (0 to 1)
    if it is known; any others are passed over, and so are notes of no length.

    Returns:
        `[n_notes, 5]`, n_notes > 0, sorted by onset, then by MIDI number: onset and offset in
        seconds, MIDI number, velocity, channel 0. All velocities are NaN where there is no column
        of them.

    Raises:
        ScoreFileError: It is missing, holds no notes, lacks a column, or a line isn't numbers, or
            its times or keys are impossible.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("air.notes.csv").write_text("start_s,end_s,midi_pitch\\n0.5,1.0,69\\n")
        >>> read_note_table("air.notes.csv")[:, :3].tolist()
        [[0.5, 1.0, 69.0]]
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except OSError as error:
        raise ScoreFileError(f"`{path}` can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ScoreFileError(f"`{path}` isn't a table of notes ({error}).") from error
    header = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise ScoreFileError(
            f"`{path}` should name the columns {', '.join(_NEEDED)} in its first line, and lacks "
            f"{', '.join(missing)}. It has {', '.join(header) or 'nothing'}."
        )
    names = [*_NEEDED, *([_VELOCITY] if _VELOCITY in header else [])]
    rows = [_numbers(path, number, line, header, names) for number, line in enumerate(lines[1:], 2)]
    notes = np.array([row for row in rows if row], np.float64)
    notes = notes[notes[:, 1] != notes[:, 0]] if len(notes) else notes
    if not len(notes):
        raise ScoreFileError(f"`{path}` holds no notes.")
    notes = np.column_stack([notes, *([np.full(len(notes), np.nan)] * (4 - notes.shape[1]))])
    _check(path, notes)
    order = np.lexsort((notes[:, 2], notes[:, 0]))
    return np.column_stack([notes, np.zeros(len(notes))])[order]


def _numbers(
    path: Path, number: int, line: list[str], header: list[str], names: list[str]
) -> list[float]:
    if not any(line):
        return []
    try:
        values = [float(line[header.index(name)]) for name in names]
    except (ValueError, IndexError) as error:
        raise ScoreFileError(
            f"`{path}`, line {number}: {', '.join(names)} should be numbers. Got "
            f"`{','.join(line)[:80]}`."
        ) from error
    if not np.isfinite(values).all():
        raise ScoreFileError(f"`{path}`, line {number}: not a finite number.")
    return values


def _check(path: Path, notes: FloatArray) -> None:
    wrong = (
        (notes[:, 0] < 0)
        | (notes[:, 1] < notes[:, 0])
        | (notes[:, 2] < 0)
        | (notes[:, 2] > 127)
        | (notes[:, 3] < 0)
        | (notes[:, 3] > 1)
    )
    if wrong.any():
        start, end, key, velocity = notes[wrong][0]
        raise ScoreFileError(
            f"`{path}`: a note should begin at 0 s or later and not end before that, with a key "
            f"from 0 to 127 and a velocity from 0 to 1. One is from {start:g} to {end:g} s, "
            f"key {key:g}, velocity {velocity:g}."
        )
