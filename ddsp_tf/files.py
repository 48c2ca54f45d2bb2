"""Files and folders that are written whole or not at all."""

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ddsp_tf.errors import DdspError, ModelError, OutputError

LARGEST_JSON = 100_000_000
"""Bytes of a JSON file that are read unless told otherwise."""


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


@contextmanager
def atomic_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary path beside `path`, renamed to it when the block succeeds.

    The temporary name keeps the suffix of `path`, so that writers which choose the
    format by suffix work. On any error it is removed and `path` stays as it was.

    Raises:
        OutputError: As in `check_writable`, or the disk is full.
    """
    path = check_writable(path, overwrite=overwrite)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _apply_umask(temporary, 0o666)
        os.replace(temporary, path)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_directory(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary folder beside `path`, renamed to it when the block succeeds.

    Raises:
        OutputError: As in `check_writable`, or the disk is full.
    """
    path = check_writable(path, overwrite=overwrite)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield temporary
        _apply_umask(temporary, 0o777)
        _replace_directory(temporary, path)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
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


def _output_error(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"Cannot write `{path}`: {error.strerror or error}. Nothing was left half-written."
    )


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
