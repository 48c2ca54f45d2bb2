"""The JSON file of results: written after every row, so that nothing is measured twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from line import Line

from ddsp_tf.errors import DdspError
from ddsp_tf.files import read_json, write_json

FORMAT_VERSION = 1


class ResultsError(DdspError):
    """The results file is damaged, or was written by another version."""


@dataclass(frozen=True)
class RowResult:
    """What one row came to.

    Attributes:
        lines: Of the table.
        conditions: What has to be the same for it to count as measured: machine, versions, code.
        facts: What else is worth knowing: when it was measured, and what else the machine did.
    """

    lines: tuple[Line, ...]
    conditions: Mapping[str, Any]
    facts: Mapping[str, Any]


class ResultsFile:
    """Rows by name.

    Args:
        path: The file. It need not exist.

    Raises:
        ResultsError: It is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, RowResult] = {}
        if path.exists():
            self._rows = _read(path)

    def __iter__(self) -> Iterator[tuple[str, RowResult]]:
        return iter(self._rows.items())

    def __len__(self) -> int:
        return len(self._rows)

    def is_finished(self, name: str, conditions: Mapping[str, Any]) -> bool:
        """Whether a row has been measured under these conditions."""
        return name in self._rows and dict(self._rows[name].conditions) == dict(conditions)

    def keep(self, name: str, result: RowResult) -> None:
        """Stores a finished row, and writes the file, with what others wrote there meanwhile."""
        written = _read(self.path) if self.path.exists() else {}
        self._rows = {**written, name: result}
        content = {
            "format_version": FORMAT_VERSION,
            "rows": {
                row: {
                    "conditions": dict(kept.conditions),
                    "facts": dict(kept.facts),
                    "lines": [line.to_dict() for line in kept.lines],
                }
                for row, kept in self._rows.items()
            },
        }
        write_json(self.path, content, overwrite=True)

    def in_order(self, names: Sequence[str]) -> list[tuple[str, RowResult]]:
        """The rows that there are, in the order of `names`."""
        return [(name, self._rows[name]) for name in names if name in self._rows]


def _read(path: Path) -> dict[str, RowResult]:
    content = read_json(path, error=ResultsError)
    try:
        if content["format_version"] != FORMAT_VERSION:
            raise ResultsError(
                f"`{path}` was written by another version of the benchmarks. "
                "Choose another folder, or delete the file."
            )
        return {
            name: RowResult(
                tuple(Line.from_dict(line) for line in row["lines"]),
                row["conditions"],
                row["facts"],
            )
            for name, row in content["rows"].items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ResultsError(
            f"`{path}` is damaged ({error!r}). Choose another folder, or delete the file."
        ) from error
