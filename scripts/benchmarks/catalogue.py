"""All rows, in the order of the table, and how they are chosen by name."""

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from command_rows import COMMAND_ROWS
from feature_rows import FEATURE_ROWS
from profile_rows import PROFILE_ROWS
from row import Row
from synthesis_rows import SYNTHESIS_ROWS
from training_rows import TRAINING_ROWS

ROWS: tuple[Row, ...] = (
    *TRAINING_ROWS,
    *SYNTHESIS_ROWS[:1],
    *FEATURE_ROWS,
    *COMMAND_ROWS,
    *SYNTHESIS_ROWS[1:],
    *PROFILE_ROWS,
)


def choose_rows(patterns: Sequence[str], rows: Sequence[Row] = ROWS) -> list[Row]:
    """Picks rows by name, such as `step-solo-4`, or by pattern, such as `step-*`.

    Args:
        patterns: Any of them has to fit. None given: all rows.
        rows: What is picked from.

    Raises:
        ValueError: A pattern fits no row.
    """
    names = [row.name for row in rows]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            close = get_close_matches(pattern, names, 1)
            hint = f" Did you mean {close[0]}?" if close else ""
            raise ValueError(f"There is no row {pattern!r}.{hint} There are: {', '.join(names)}.")
    return [row for row in rows if not patterns or any(fnmatchcase(row.name, p) for p in patterns)]
