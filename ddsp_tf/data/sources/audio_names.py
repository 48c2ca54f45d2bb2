"""The audio files of some paths, and what each is called in a dataset."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from ddsp_tf.audio.found_files import search_audio_files
from ddsp_tf.errors import DatasetError
from ddsp_tf.files import printable
from ddsp_tf.types import PathLike


def as_paths(input_paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """One path or several, as a list."""
    if isinstance(input_paths, str | os.PathLike):
        return [Path(input_paths)]
    return [Path(path) for path in input_paths]


def name_files(
    input_paths: PathLike | Iterable[PathLike], *, skipped: list[str] | None = None
) -> dict[str, Path]:
    """Finds the audio files and names each by its path below the folder given.

    Args:
        input_paths: Audio files, or folders that are searched for them.
        skipped: Is extended by what the search passed over, a sentence each.

    Raises:
        DatasetError: A path is missing, or there is no audio file.
    """
    named: dict[str, Path] = {}
    seen: set[Path] = set()
    for given in as_paths(input_paths):
        searched = search_audio_files(given)
        if skipped is not None:
            skipped += searched.skipped
        for found in searched.files:
            if found.resolve() in seen:
                continue
            seen.add(found.resolve())
            named[_unused_name(found, given, named)] = found
    if not named:
        raise DatasetError("`input_paths` is empty. Name at least one audio file or folder.")
    return named


def _unused_name(found: Path, given: Path, named: Mapping[str, Path]) -> str:
    """The path below the folder given, with as many folders above it as tell it from others."""
    folder = found.parent if given.is_file() else given
    name = printable(found.relative_to(folder).as_posix())
    for above in folder.resolve().parts[::-1]:
        if name not in named:
            break
        name = f"{printable(above.strip('/'))}/{name}"
    return name
