"""What is known of sounds besides themselves, as numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ddsp_tf.errors import DatasetError

_ALWAYS = ("instrument", "label")
"""Texts that are classes even if no two sounds share one."""


@dataclass(frozen=True)
class Labels:
    """Labels of sounds.

    Attributes:
        values: By the sound's name, then by the label's.
        classes: By the label's name: what its values count, or nothing if they are numbers.
        left_out: Labels that can't be used, a sentence each.
    """

    values: Mapping[str, Mapping[str, float]]
    classes: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()

    @classmethod
    def of_rows(cls, rows: Mapping[str, Mapping[str, Any]], wanted: Sequence[str] = ()) -> "Labels":
        """Turns what is known of each sound into numbers.

        Numbers stay what they are; texts become the place of theirs among all, sorted. Taken is
        what every sound has: all numbers, texts that some sounds share, and `instrument` and
        `label` in any case.

        Args:
            rows: By the sound's name.
            wanted: Which labels are taken, as `name` or `new=name`; none: as above.

        Raises:
            DatasetError: A wanted one is missing somewhere.
        """
        asked = dict(_split(each) for each in wanted) or {
            _identifier(key): key for row in rows.values() for key in row
        }
        columns: dict[str, list[float]] = {}
        classes: dict[str, tuple[str, ...]] = {}
        left_out = []
        for name, key in asked.items():
            given = [row.get(key) for row in rows.values()]
            missing = [sound for sound, x in zip(rows, given, strict=True) if _is_missing(x)]
            if missing and wanted:
                raise DatasetError(
                    f"`{missing[0]}` and {len(missing) - 1} other sounds have no label `{key}`."
                )
            if missing:
                continue
            numbers = [_number(x) for x in given]
            if None not in numbers:
                columns[name], classes[name] = [float(x or 0.0) for x in numbers], ()
                continue
            texts = [str(x) for x in given]
            known = tuple(sorted(set(texts)))
            if not wanted and name not in _ALWAYS and len(known) == len(texts):
                left_out.append(f"`{name}` is different for every sound, and was left out.")
                continue
            places = {text: float(place) for place, text in enumerate(known)}
            columns[name], classes[name] = [places[text] for text in texts], known
        values = {
            sound: {name: column[row] for name, column in columns.items()}
            for row, sound in enumerate(rows)
        }
        return cls(values, classes, tuple(left_out))


def _split(asked: str) -> tuple[str, str]:
    name, equals, key = asked.partition("=")
    return (_identifier(name), key) if equals else (_identifier(asked), asked)


def _identifier(key: str) -> str:
    name = re.sub(r"\W", "_", key.strip())
    return name if name.isidentifier() else f"label_{name}"


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or isinstance(value, list | dict)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
