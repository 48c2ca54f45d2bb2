"""Finds the MIDI files of a folder."""

import os
from pathlib import Path

from ddsp_tf.audio.found_files import FoundFiles
from ddsp_tf.errors import DatasetError
from ddsp_tf.files import printable
from ddsp_tf.midi.score_file import SUFFIXES


def search_scores(path: str | os.PathLike[str]) -> FoundFiles:
    """Lists the MIDI files at `path`: itself, or all below a folder, sorted by name.

    Args:
        path: A file, whatever its name, or a folder. Hidden files are passed over in a folder.

    Returns:
        At least one file, and how many others were passed over.

    Raises:
        DatasetError: There is nothing at `path`, or the folder holds no MIDI file.
    """
    path, name = Path(path), printable(path)
    if path.is_file():
        return FoundFiles([path], [])
    if not path.is_dir():
        raise DatasetError(f"`{name}` does not exist. Name a MIDI file or a folder of them.")
    visible = [
        file
        for file in sorted(path.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    scores = [file for file in visible if file.suffix.lower() in SUFFIXES]
    if not scores:
        raise DatasetError(
            f"The folder `{name}` holds no MIDI file (.mid, .midi) among its {len(visible)} files."
        )
    n_others = len(visible) - len(scores)
    return FoundFiles(
        scores, [f"Files that are no scores by their names: {n_others}."] * bool(n_others)
    )
