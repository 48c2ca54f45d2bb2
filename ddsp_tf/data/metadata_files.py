"""What is written about sound files beside them: tables, and NSynth's `examples.json`."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ddsp_tf.errors import DatasetError

Row = dict[str, Any]
"""What is known of a file, by name: texts, numbers, or anything else that JSON has."""

_FILE = "file_name"
_NSYNTH = "examples.json"
_TABLES = ("metadata.csv", "metadata.jsonl")
_SUFFIX = "_str"


def find_metadata(folder: Path) -> list[Path]:
    """The files that describe the sounds of a folder, in it or in folders right below it."""
    if not folder.is_dir():
        return []
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    return [
        each / name for each in folders for name in (*_TABLES, _NSYNTH) if (each / name).is_file()
    ]


def read_metadata(path: Path) -> Iterator[tuple[Path, Row]]:
    """Reads which files there are and what is known of each.

    `metadata.csv` and `metadata.jsonl` name each file in `file_name`, relative to themselves, as
    Hugging Face's folders of audio do. `examples.json` is NSynth's: an object by the names of
    notes, whose sounds are in `audio/`; texts such as `instrument_str` stand for the number.

    Raises:
        DatasetError: The file is damaged, or doesn't name files.
    """
    try:
        if path.name == _NSYNTH:
            yield from _read_nsynth(path)
        else:
            yield from _read_table(path)
    except (ValueError, AttributeError, csv.Error, OSError) as error:
        raise DatasetError(f"`{path}` can't be read: {error}.") from error


def by_text(row: Row) -> Row:
    """A row whose texts, such as NSynth's `instrument_str`, stand in place of their numbers."""
    texts = [key for key in row if key.endswith(_SUFFIX)]
    numbers = {key: x for key, x in row.items() if key not in texts}
    return numbers | {key.removesuffix(_SUFFIX): row[key] for key in texts}


def _read_nsynth(path: Path) -> Iterator[tuple[Path, Row]]:
    for note, row in json.loads(path.read_text("utf-8")).items():
        known = {key: x for key, x in row.items() if key != "sample_rate"}
        yield path.parent / "audio" / f"{note}.wav", by_text(known)


def _read_table(path: Path) -> Iterator[tuple[Path, Row]]:
    for number, row in enumerate(_rows(path), start=1):
        name = row.pop(_FILE, None)
        if not isinstance(name, str) or not name:
            raise DatasetError(
                f"`{path}` has no `{_FILE}` in row {number}: a column with the path of each sound, "
                f"relative to `{path.parent}`. It has {', '.join(map(str, row)) or 'nothing'}."
            )
        yield path.parent / name, row


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if path.suffix == ".csv":
            for row in csv.DictReader(file):
                yield {key: value for key, value in row.items() if key is not None}
            return
        for line in file:
            if line.strip():
                yield dict(json.loads(line))
