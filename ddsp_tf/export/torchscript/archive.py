"""TorchScript files: written with a description inside, and read without torch."""

import io
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ddsp_tf.errors import ModelError
from ddsp_tf.export.appended_metadata import (
    DAMAGED_ARCHIVE,
    LARGEST_METADATA,
    parse_metadata,
)
from ddsp_tf.export.torchscript.packages import require_torch
from ddsp_tf.files import check_ordinary

ENTRY = "ddsp_tf.json"
"""What describes an instrument in the archive that a TorchScript file is, under `extra/`."""

_LARGEST_FILE = 2**30


def script(module: Any) -> Any:
    """Compiles a module.

    TorchScript is what these hosts load, though torch warns that it recommends something else.
    """
    torch = require_torch()
    with warnings.catch_warnings(action="ignore"):
        return torch.jit.script(module.eval())


def load(content: bytes) -> Any:
    """Loads a file, as a host does."""
    torch = require_torch()
    with warnings.catch_warnings(action="ignore"):
        return torch.jit.load(io.BytesIO(content), map_location="cpu").eval()


def with_description(content: bytes, description: Mapping[str, Any]) -> bytes:
    """Puts a description into a file, beside what lies there.

    Args:
        content: The file.
        description: JSON-ready.
    """
    torch = require_torch()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        extra = {
            name.split("/", 2)[2]: archive.read(name)
            for name in archive.namelist()
            if name.split("/")[1] == "extra"
        }
    extra[ENTRY] = json.dumps(dict(description), allow_nan=False).encode()
    buffer = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):
        torch.jit.save(load(content), buffer, _extra_files=extra)
    return buffer.getvalue()


def read_description(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Reads what ddsp_tf wrote into a TorchScript file. Nothing of it is run or unpacked.

    Returns:
        What it says, or None if another program wrote it.

    Raises:
        ModelError: It is no TorchScript file, or damaged.

    Example:
        >>> from zipfile import ZipFile
        >>> with ZipFile("foreign.ts", "w") as archive:
        ...     archive.writestr("foreign/code/model.py", "")
        >>> read_description("foreign.ts") is None
        True
    """
    path = Path(path)
    check_ordinary(path, error=ModelError, largest=_LARGEST_FILE)
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if not any(name.count("/") >= 2 and name.split("/")[1] == "code" for name in names):
                raise ModelError(f"`{path}` is no TorchScript file: it holds no code of a module.")
            own = [name for name in names if name.split("/")[1:] == ["extra", ENTRY]]
            if not own:
                return None
            with archive.open(own[0]) as entry:
                text = entry.read(LARGEST_METADATA + 1)
    except DAMAGED_ARCHIVE as error:
        raise ModelError(f"`{path}` is no usable TorchScript file: {error}.") from error
    if len(text) > LARGEST_METADATA:
        raise ModelError(f"The description in `{path}` is larger than ddsp_tf writes them.")
    return parse_metadata(text)
