"""Metadata as a zip archive at the end of a LiteRT file."""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from ddsp_tf.errors import ModelError

ENTRY = "metadata.json"
LARGEST_METADATA = 1_000_000
"""Bytes of metadata that are read; what an export writes is thousands."""

DAMAGED_ARCHIVE = (
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError),
    # An entry that would begin before the file.
    ValueError,
)
"""What Python raises for an archive that is damaged, or packed in a way it doesn't know."""


def append_metadata(content: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Appends a zip archive with `metadata.json`, stored without compression.

    A flatbuffer is read from its start and a zip archive from its end, so the file is both.

    Args:
        content: A LiteRT file.
        metadata: JSON-ready.
    """
    buffer = io.BytesIO(content)
    # A fixed time makes equal files of equal models.
    entry = zipfile.ZipInfo(ENTRY, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr(entry, json.dumps(dict(metadata), indent=2, allow_nan=False))
    return buffer.getvalue()


def read_appended_metadata(content: bytes) -> dict[str, Any] | None:
    """Reads `metadata.json` of an archive at the end of a file; its name may be in capitals.

    Nothing is unpacked, so names of entries can't reach other files, and no more than a megabyte
    is read, whatever the archive promises.

    Returns:
        What it says, or None if there is no archive or no such entry.

    Raises:
        ModelError: The archive or the entry is damaged, encrypted, too large, or not JSON.
    """
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if name.lower() == ENTRY]
            if not names:
                return None
            if len(names) > 1:
                raise ModelError(f"The file holds `{ENTRY}` {len(names)} times. It is damaged.")
            with archive.open(names[0]) as entry:
                text = entry.read(LARGEST_METADATA + 1)
    except DAMAGED_ARCHIVE as error:
        raise ModelError(f"The metadata at the end of the file is damaged: {error}.") from error
    if len(text) > LARGEST_METADATA:
        raise ModelError(
            f"The file's `{ENTRY}` is larger than {LARGEST_METADATA:,} bytes. It was not written "
            "by ddsp_tf."
        )
    return parse_metadata(text)


def parse_metadata(text: bytes | str) -> dict[str, Any]:
    """Parses a JSON object.

    Raises:
        ModelError: It is not one.
    """
    try:
        metadata = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"The file's metadata is not JSON: {error}.") from error
    if not isinstance(metadata, dict):
        raise ModelError("The file's metadata should be a JSON object. It is damaged or foreign.")
    return metadata
