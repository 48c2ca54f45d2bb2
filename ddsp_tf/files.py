"""Files and folders that are written whole or not at all."""

import errno
import fnmatch
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ddsp_tf.errors import DdspError, ModelError, OutputError

LARGEST_JSON = 100_000_000
"""Bytes of a JSON file that are read unless told otherwise."""

_LITTER = frozenset({"thumbs.db", "desktop.ini"})
"""What systems leave in folders that they show; they also leave hidden files."""

_FULL_BELOW = 1 << 16
"""Free bytes of a disk on which nothing more can be written."""


@dataclass(frozen=True)
class FolderSort:
    """A sort of folder that ddsp_tf writes whole, and how one is known again.

    `--overwrite` replaces a folder of the same sort alone, and only while nothing else lies in it.

    Args:
        name: What such a folder is called in a sentence, with its article.
        marker: A JSON file that every one has at its top, a mapping.
        keys: Names that the mapping has; a value that isn't None is what it has there.
        files: Patterns of the relative paths that it may hold besides the marker, as in `fnmatch`:
            `*` goes across folders.

    Example:
        >>> from pathlib import Path
        >>> notes = FolderSort("a notebook", "notebook.json", keys={"pages": None})
        >>> notes.holds(Path("no such folder"))
        False
    """

    name: str
    marker: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def holds(self, folder: Path) -> bool:
        """Whether a folder is of this sort, whatever else lies in it."""
        try:
            content = read_json(folder / self.marker, error=OutputError)
        except OutputError:
            return False
        return isinstance(content, dict) and all(
            key in content and value in (None, content[key]) for key, value in self.keys.items()
        )

    def check_replaceable(self, folder: Path) -> None:
        """Refuses to lose anything that ddsp_tf has not written.

        Raises:
            OutputError: The folder is a file, of another sort, or holds what isn't part of it.
        """
        if not folder.is_dir():
            raise OutputError(
                f"`{folder}` is a file, and {self.name} is a folder. Choose another name."
            )
        if not any(folder.iterdir()):
            return
        if not self.holds(folder):
            raise OutputError(
                f"`{folder}` is not {self.name} that ddsp_tf wrote, so --overwrite does not "
                "replace it. Choose another folder; nothing was changed."
            )
        foreign = next(self._foreign(folder), None)
        if foreign is not None:
            raise OutputError(
                f"`{foreign}` is not part of {self.name}, and --overwrite would delete it. Move it "
                "away, or choose another folder; nothing was changed."
            )

    def _foreign(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_dir() and not path.is_symlink():
                continue
            if path.name.startswith(".") or path.name.lower() in _LITTER:
                continue
            if not self.has_part(name):
                yield path

    def has_part(self, name: str) -> bool:
        """Whether such a folder may hold a file of this relative path."""
        patterns = (self.marker, *self.files)
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def check_writable(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """Checks, before any work is done, that `path` may be created.

    Args:
        path: File or folder that is about to be written.
        overwrite: Whether an existing one may be replaced.

    Returns:
        `path` as a `Path`. Its parent folders exist afterwards.

    Raises:
        OutputError: `path` exists and `overwrite` is false, or its folder can't be
            created or written.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise OutputError(
            f"`{path}` exists. Choose another name, or pass --overwrite to replace it."
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot create the folder `{path.parent}`: {error.strerror}.") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"No permission to write in `{path.parent}`. Choose another folder.")
    return path


def check_folder(
    path: str | os.PathLike[str], *, sort: FolderSort | None, overwrite: bool = False
) -> Path:
    """Checks, before any work is done, that a folder may be created at `path`.

    Args:
        path: The folder that is about to be written.
        sort: What it will be; None where the folder around it is ddsp_tf's own, so that whatever
            has this name may go.
        overwrite: Whether one of that sort may be replaced.

    Returns:
        `path` as a `Path`. Its parent folders exist afterwards.

    Raises:
        OutputError: As in `check_writable`, or what is there is not of that sort, or has more in
            it than ddsp_tf writes.
    """
    path = check_writable(path, overwrite=overwrite)
    if sort is not None and os.path.lexists(path):
        sort.check_replaceable(path)
    return path


@contextmanager
def atomic_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary path beside `path`, renamed to it when the block succeeds.

    The temporary name keeps the suffix of `path`, so that writers which choose the
    format by suffix work. On any error it is removed and `path` stays as it was.

    Raises:
        OutputError: As in `check_writable`, `path` is a folder, or the disk is full.
    """
    path = check_writable(path, overwrite=overwrite)
    if path.is_dir():
        raise OutputError(f"`{path}` is a folder, and a file should go there. Choose another name.")
    temporary = None
    try:
        with _told_when_unwritable(path):
            handle, name = tempfile.mkstemp(
                prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
            )
            os.close(handle)
            temporary = Path(name)
            yield temporary
            _apply_umask(temporary, 0o666)
            os.replace(temporary, path)
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(
    path: str | os.PathLike[str], *, sort: FolderSort | None, overwrite: bool = False
) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, renamed to it when the block succeeds.

    Args:
        path: The folder.
        sort: As in `check_folder`.
        overwrite: Whether one of that sort may be replaced.

    Raises:
        OutputError: As in `check_folder`, or the disk is full.
    """
    path = check_folder(path, sort=sort, overwrite=overwrite)
    temporary = None
    try:
        with _told_when_unwritable(path):
            temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
            yield temporary
            # Somebody may have put something there while the work was done.
            check_folder(path, sort=sort, overwrite=overwrite)
            _apply_umask(temporary, 0o777)
            _replace_directory(temporary, path)
    except OutputError as error:
        # What failed within the folder is named by where it would have been.
        if temporary is None or str(temporary) not in str(error):
            raise
        raise OutputError(str(error).replace(str(temporary), str(path))) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def write_text(path: str | os.PathLike[str], text: str, *, overwrite: bool = False) -> None:
    """Writes a text file whole or not at all."""
    with atomic_file(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], content: Any, *, overwrite: bool = False) -> None:
    """Writes `content` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n", overwrite=overwrite)


def read_json(
    path: str | os.PathLike[str], *, error: type[DdspError], largest: int = LARGEST_JSON
) -> Any:
    """Reads a JSON file.

    Args:
        path: The file.
        error: What to raise.
        largest: Bytes that it may have.

    Raises:
        DdspError: As the type given by `error`: the file is missing, too large or not JSON.
    """
    path = Path(path)
    check_ordinary(path, error=error, largest=largest)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as cause:
        raise error(f"`{path}` is damaged or not JSON: {cause}.") from cause


def check_ordinary(path: Path, *, error: type[DdspError], largest: int) -> None:
    """Checks, before a file from elsewhere is opened, that reading it comes to an end.

    A link is followed: what counts is where it leads.

    Raises:
        DdspError: As the type given by `error`: the file is missing, larger than `largest` bytes,
            or no ordinary file.
    """
    try:
        found = path.stat()
    except FileNotFoundError as cause:
        raise error(f"`{path}` is missing.") from cause
    except OSError as cause:
        raise error(f"`{path}` can't be read: {cause.strerror}.") from cause
    if not stat.S_ISREG(found.st_mode):
        raise error(
            f"`{path}` should be a file, but is a folder, a device or a pipe. Nothing of it was "
            "read. Copy it from its source again."
        )
    if found.st_size > largest:
        raise error(
            f"`{path}` has {found.st_size:,} bytes, and such a file has {largest:,} at most. "
            "Nothing of it was read: it was not written by ddsp_tf, or is damaged."
        )


def unwritable(path: Path, error: Exception) -> OutputError:
    """Makes the error that says why a file or folder can't be written.

    Libraries have errors of their own for a full disk, and some don't say that it is full. As long
    as what they have written is still there, the disk itself can be asked.
    """
    if isinstance(error, OSError) and error.errno:
        why = os.strerror(error.errno)
    else:
        why = os.strerror(errno.ENOSPC) if _is_full(path.parent) else str(error).rstrip(".")
    return OutputError(f"Cannot write `{path}`: {why}. Nothing was left half-written.")


def _replace_directory(temporary: Path, path: Path) -> None:
    if not path.exists():
        os.replace(temporary, path)
        return
    discarded = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
    replaced = discarded / "replaced"
    try:
        os.replace(path, replaced)
        os.replace(temporary, path)
    except BaseException:
        if replaced.exists():
            os.replace(replaced, path)
        discarded.rmdir()
        raise
    shutil.rmtree(discarded, ignore_errors=True)


def _apply_umask(path: Path, mode: int) -> None:
    """Gives a file made by `tempfile` (owner only) the permissions of an ordinary one."""
    umask = os.umask(0)
    os.umask(umask)
    path.chmod(mode & ~umask)


@contextmanager
def _told_when_unwritable(path: Path) -> Iterator[None]:
    """Turns what the system says, or a library for it, into an `OutputError`."""
    try:
        yield
    except DdspError:
        raise
    except OSError as error:
        raise unwritable(path, error) from error
    except Exception as error:
        if not _is_full(path.parent):
            raise
        raise unwritable(path, error) from error


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < _FULL_BELOW


def printable(path: str | os.PathLike[str]) -> str:
    r"""A path as text that any encoding of Unicode can hold.

    Bytes of a file name that are no UTF-8 are written as escapes.

    Example:
        >>> printable("take_\udce9.wav")
        'take_\\xe9.wav'
    """
    return os.fspath(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def check_format_version(values: Mapping[str, Any], newest: int, *, what: str) -> None:
    """Refuses a stored format that this program does not know.

    Args:
        values: What was read, with its `format_version`.
        newest: The newest version that can be read; versions start at 1.
        what: Name of the stored thing, for the message.

    Raises:
        ModelError: The version is missing, not a number, or newer than `newest`.
    """
    if not isinstance(values, Mapping):
        raise ModelError(
            f"{what} should be a JSON object. Got {type(values).__name__}. The file is damaged."
        )
    version = values.get("format_version")
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ModelError(
            f"{what} have no valid `format_version` (got {version!r}). "
            "The file is damaged or was not written by ddsp_tf."
        )
    if version > newest:
        raise ModelError(
            f"{what} have format version {version}, but this ddsp_tf reads up to {newest}. "
            "Update it: pip install --upgrade ddsp-tf"
        )
