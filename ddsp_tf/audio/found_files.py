"""Finds the audio files of a folder, and says what it passed over."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ddsp_tf.audio.ffmpeg_reader import FFMPEG_SUFFIXES
from ddsp_tf.errors import DatasetError
from ddsp_tf.files import printable

AUDIO_SUFFIXES = FFMPEG_SUFFIXES | {
    *(".wav", ".wave", ".bwf", ".rf64", ".w64", ".flac", ".mp3", ".mp2", ".ogg", ".oga", ".opus"),
    *(".aiff", ".aif", ".aifc", ".au", ".snd", ".caf"),
}

_MOST_SUFFIXES = 8


@dataclass(frozen=True)
class FoundFiles:
    """What a search for audio files found.

    Attributes:
        files: The audio files, sorted by path.
        skipped: What was passed over, a sentence each: broken links, folders that can't be read,
            and how many files of which kind are no audio.
    """

    files: list[Path]
    skipped: list[str]


def find_audio_files(path: str | os.PathLike[str]) -> list[Path]:
    """Lists the audio files at `path`: itself, or all below a folder, sorted by name.

    Links are followed, each folder is searched once. Hidden files and folders and files without
    an audio suffix are skipped; `search_audio_files` says which.

    Args:
        path: An audio file or a folder.

    Returns:
        The files, at least one.

    Raises:
        DatasetError: There is nothing at `path`, or the folder holds no audio file.

    Example:
        >>> [path.name for path in find_audio_files("recordings/")]
        ['take_1.wav', 'take_2.wav', 'take_3.wav']
    """
    return search_audio_files(path).files


def search_audio_files(path: str | os.PathLike[str]) -> FoundFiles:
    """Finds what `find_audio_files` lists, and what it skips.

    Args:
        path: An audio file or a folder.

    Returns:
        At least one file, and a sentence for each thing or kind of thing that was passed over.

    Raises:
        DatasetError: As in `find_audio_files`.

    Example:
        >>> search_audio_files("recordings/").skipped
        []
    """
    path = Path(path)
    name = printable(path)
    try:
        if path.is_file():
            return FoundFiles([path], [])
        exists, is_folder = path.exists(), path.is_dir()
    except OSError as error:
        raise DatasetError(f"`{name}` cannot be read: {error.strerror}.") from error
    if path.is_symlink() and not exists:
        raise DatasetError(f"`{name}` is a link to nothing. Name an audio file or a folder.")
    if not exists:
        raise DatasetError(f"`{name}` does not exist. Name an audio file or a folder of them.")
    if not is_folder:
        raise DatasetError(
            f"`{name}` is a device or a pipe. Name an audio file or a folder of them."
        )
    if not os.access(path, os.R_OK | os.X_OK):
        raise DatasetError(f"No permission to read the folder `{name}`.")
    search = _Search()
    found = search.below(path)
    if not found.files:
        raise DatasetError(_nothing_found(name, search, found))
    return found


class _Search:
    """Walks through a folder, and notes what it passes over."""

    def __init__(self) -> None:
        self.n_entries = 0
        self._others: Counter[str] = Counter()
        self._n_hidden = 0
        self._sentences: list[str] = []

    def below(self, path: Path) -> FoundFiles:
        """Searches the folder."""
        files = sorted(self._audio_files(path))
        return FoundFiles(files, [*self._sentences, *self._counts()])

    def _audio_files(self, path: Path) -> Iterator[Path]:
        seen = set()
        for folder, names, file_names in os.walk(path, onerror=self._note_error, followlinks=True):
            found = os.stat(folder)
            if (found.st_dev, found.st_ino) in seen:
                # A link leads back to a folder that is searched anyway.
                names.clear()
                continue
            seen.add((found.st_dev, found.st_ino))
            visible = [name for name in sorted(names) if not name.startswith(".")]
            self._n_hidden += len(names) - len(visible)
            self.n_entries += len(visible)
            names[:] = visible
            for name in file_names:
                if self._is_audio(Path(folder, name)):
                    yield Path(folder, name)

    def _is_audio(self, path: Path) -> bool:
        if path.name.startswith("."):
            self._n_hidden += 1
            return False
        self.n_entries += 1
        is_file = path.is_file()
        if is_file and path.suffix.lower() in AUDIO_SUFFIXES:
            return True
        if is_file:
            self._others[path.suffix.lower()] += 1
        elif path.is_symlink():
            self._sentences.append(f"`{printable(path)}` is a link to nothing.")
        else:
            self._sentences.append(f"`{printable(path)}` is a device or a pipe, no file.")
        return False

    def _note_error(self, error: OSError) -> None:
        self._sentences.append(f"`{printable(error.filename)}` cannot be read: {error.strerror}.")

    def _counts(self) -> list[str]:
        parts = [
            f"{count} {printable(suffix) or 'without suffix'}"
            for suffix, count in self._others.most_common(_MOST_SUFFIXES)
        ]
        n_more = sum(self._others.values()) - sum(
            count for _, count in self._others.most_common(_MOST_SUFFIXES)
        )
        parts += [f"{n_more} of other kinds"] if n_more else []
        lines = [f"Files that are no audio by their names: {', '.join(parts)}."] if parts else []
        hidden = f"Hidden files and folders: {self._n_hidden}."
        return [*lines, hidden] if self._n_hidden else lines


def _nothing_found(name: str, search: _Search, found: FoundFiles) -> str:
    what = "is empty"
    if search.n_entries:
        what = f"holds no audio file among its {search.n_entries} entries"
    kinds = "wav, flac, mp3, ogg, aiff or m4a"
    skipped = "".join(f" {sentence}" for sentence in found.skipped)
    return f"The folder `{name}` {what}. Put {kinds} recordings into it.{skipped}"
