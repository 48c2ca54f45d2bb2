"""Recordings that lie elsewhere, and datasets that go there: anything that fsspec reaches."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ddsp_tf.audio.found_files import AUDIO_SUFFIXES
from ddsp_tf.data.dataset_writer import DATASET
from ddsp_tf.errors import ArgumentError, DatasetError, OutputError
from ddsp_tf.files import write_text
from ddsp_tf.types import PathLike

# What lies beside recordings and belongs to them.
_SUFFIXES = AUDIO_SUFFIXES | {".mid", ".midi", ".csv"}


def is_remote(path: PathLike) -> bool:
    """Whether it is an address such as `s3://bucket/folder`.

    Example:
        >>> is_remote("gs://bucket/takes"), is_remote("takes/one.wav")
        (True, False)
    """
    return "://" in str(path)


def fetch(
    paths: Sequence[PathLike], folder: Path
) -> tuple[list[Path], dict[str, str], dict[str, str]]:
    """Copies what lies elsewhere into a folder; what is there already isn't copied again.

    Args:
        paths: Files and folders, here or elsewhere.
        folder: Where copies go, below a name of each address.

    Returns:
        The paths, all of them here; why files could not be copied, by address; and the addresses
        by the path of their copy.

    Raises:
        ArgumentError: fsspec, or what it needs for such addresses, isn't installed.
        DatasetError: There is nothing at an address.
    """
    here: list[Path] = []
    failed: dict[str, str] = {}
    origins: dict[str, str] = {}
    for path in paths:
        if not is_remote(path):
            here.append(Path(path))
            continue
        url = str(path)
        system, root = file_system(url)
        root = root.rstrip("/")
        copies = folder / hashlib.sha256(url.encode()).hexdigest()[:16]
        found = _found(system, root, url)
        for address, relative in found.items():
            target = copies / relative
            origins[str(target)] = address
            try:
                _fetch_file(system, address, target)
            except Exception as error:
                # Each system has errors of its own; one file must not end the work on the others.
                reason = str(error) or type(error).__name__
                failed[address] = f"`{address}` could not be fetched: {reason}."
        is_file = list(found) == [root]
        here.append(copies / PurePosixPath(root).name if is_file else copies)
    return here, failed, origins


def require_free(url: str, *, overwrite: bool) -> None:
    """Checks that a dataset may go to an address, before any work is done.

    Raises:
        OutputError: There is something, and it may not be replaced: only a dataset may, in which
            nothing else lies.
        ArgumentError: fsspec, or what it needs for such addresses, isn't installed.
    """
    system, root = file_system(url)
    found = system.find(root) if system.exists(root) else []
    names = [each.removeprefix(root).lstrip("/") for each in found]
    if names and not overwrite:
        raise OutputError(f"`{url}` is not empty. Choose another address, or pass --overwrite.")
    foreign = next((name for name in sorted(names) if not DATASET.has_part(name)), None)
    if foreign is not None or (names and DATASET.marker not in names):
        why = f"holds `{foreign}`" if foreign else f"has no `{DATASET.marker}`"
        raise OutputError(
            f"`{url}` {why}, so it isn't {DATASET.name} alone, and --overwrite would delete it. "
            "Choose another address; nothing was changed."
        )


def send(folder: Path, url: str) -> None:
    """Copies a dataset to an address, `dataset.json` last: without it, it is no dataset.

    Raises:
        OutputError: It can't be written.
    """
    system, root = file_system(url)
    try:
        if system.exists(root):
            system.rm(root, recursive=True)
        system.makedirs(root, exist_ok=True)
        last = folder / "dataset.json"
        for path in [*sorted(set(folder.iterdir()) - {last}), last]:
            system.put_file(str(path), f"{root.rstrip('/')}/{path.name}")
    except (OSError, NotImplementedError) as error:
        raise OutputError(
            f"`{url}` can't be written: {error or type(error)}. The dataset is in `{folder}`."
        ) from error


def file_system(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it.

    Raises:
        ArgumentError: It, or fsspec itself, isn't installed.
    """
    try:
        import fsspec

        system, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        kind = url.split("://", maxsplit=1)[0]
        raise ArgumentError(
            f"`{url}` can't be reached: {error}. Install fsspec, and what it needs for {kind}: "
            'pip install "ddsp-tf[remote]" and, for s3, s3fs; for gs, gcsfs.'
        ) from error
    return system, str(root)


def _found(system: Any, root: str, url: str) -> dict[str, str]:
    """The files at an address, with where they lie below it."""
    try:
        if PurePosixPath(root).suffix.lower() in _SUFFIXES and system.isfile(root):
            return {root: PurePosixPath(root).name}
        addresses = sorted(system.find(root))
    except (OSError, ValueError) as error:
        raise DatasetError(f"`{url}` can't be read: {error or type(error)}.") from error
    relative = {each: each.removeprefix(root).lstrip("/") for each in addresses}
    wanted = {
        address: name
        for address, name in relative.items()
        if PurePosixPath(name).suffix.lower() in _SUFFIXES
        # What leads out of the folder is no name.
        and ".." not in PurePosixPath(name).parts
        and not PurePosixPath(name).is_absolute()
    }
    if not wanted:
        raise DatasetError(f"There is no audio file at `{url}`.")
    return wanted


def _fetch_file(system: Any, address: str, target: Path) -> None:
    """Copies a file whole or not at all, unless this version of it has been."""
    version = json.dumps(_version(system.info(address)), default=str)
    note = target.with_name(f".{target.name}.version")
    if target.exists() and note.exists() and note.read_text(encoding="utf-8") == version:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    system.get_file(address, os.fspath(part))
    os.replace(part, target)
    write_text(note, version, overwrite=True)


def _version(info: dict[str, Any]) -> list[Any]:
    kept = ("size", "ETag", "etag", "md5Hash", "mtime", "LastModified", "updated", "created")
    return [info.get(key) for key in kept]
