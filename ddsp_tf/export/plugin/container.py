"""The container of a `.ddsp` file: a header, JSON, and arrays of numbers."""

import json
import math
import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ddsp_tf.errors import ModelError
from ddsp_tf.files import atomic_file, check_ordinary

FORMAT_VERSION = 1
LARGEST_FILE = 512 << 20
LARGEST_FACTS = 1 << 20

_MAGIC = b"DDSPINST"
# Magic, version, bytes of JSON, bytes of the file, checksum of what follows the header, nothing.
_HEADER = struct.Struct("<8sIIQII")
_ALIGNMENT = 16
_DTYPES: dict[str, np.dtype[Any]] = {"float32": np.dtype("<f4"), "float16": np.dtype("<f2")}

Arrays = Mapping[str, npt.NDArray[np.floating[Any]]]


@dataclass(frozen=True)
class Container:
    """What a `.ddsp` file holds.

    Args:
        facts: All that it says of itself.
        arrays: Its numbers by name, in float32 whatever they are stored in.
    """

    facts: dict[str, Any]
    arrays: dict[str, npt.NDArray[np.float32]]


def pack_container(facts: Mapping[str, Any], arrays: Arrays) -> bytes:
    """Makes the bytes of a file.

    Args:
        facts: Ready for JSON, without "arrays".
        arrays: Finite numbers by name, each in float16 or float32, as which it is stored.

    Returns:
        The file.

    Raises:
        ModelError: An array isn't of finite numbers of these types, or there is too much of it.

    Example:
        >>> content = pack_container({"title": "Toy"}, {"ones": np.ones([2, 3], np.float32)})
        >>> unpack_container(content).arrays["ones"].shape
        (2, 3)
    """
    for name, values in arrays.items():
        if values.dtype.name not in _DTYPES or not values.size or not np.isfinite(values).all():
            raise ModelError(
                f"The array `{name}` should hold finite numbers in float16 or float32; got "
                f"{values.dtype.name} {list(values.shape)}."
            )
    # Where arrays lie depends on how long the JSON is that says so.
    text = _with_table(facts, arrays, 0)
    length = -1
    while length != len(text):
        length = len(text)
        text = _with_table(facts, arrays, _HEADER.size + length)
    body = bytearray(text)
    for values in arrays.values():
        body += bytes(-(_HEADER.size + len(body)) % _ALIGNMENT)
        body += np.ascontiguousarray(values, _DTYPES[values.dtype.name]).tobytes()
    n_bytes = _HEADER.size + len(body)
    if n_bytes > LARGEST_FILE or len(text) > LARGEST_FACTS:
        raise ModelError(
            f"The instrument would take {n_bytes:,} bytes, {len(text):,} of them facts; such a "
            f"file has {LARGEST_FILE:,} at most, and {LARGEST_FACTS:,} of facts."
        )
    header = (_MAGIC, FORMAT_VERSION, len(text), n_bytes, zlib.crc32(body), 0)
    return _HEADER.pack(*header) + bytes(body)


def unpack_container(content: bytes, *, what: str = "The content") -> Container:
    """Reads the bytes of a file, and checks all of them.

    Args:
        content: The file.
        what: What it is called in messages.

    Raises:
        ModelError: It is damaged, foreign, or of a newer format.
    """
    if len(content) < _HEADER.size or not content.startswith(_MAGIC):
        raise ModelError(f"{what} isn't a .ddsp file.")
    _, version, n_facts, n_bytes, checksum, spare = _HEADER.unpack_from(content)
    if version > FORMAT_VERSION:
        raise ModelError(
            f"{what} has format version {version}, but this ddsp_tf reads up to {FORMAT_VERSION}. "
            "Update it: pip install --upgrade ddsp-tf"
        )
    body = memoryview(content)[_HEADER.size :]
    fits = version >= 1 and n_bytes == len(content) <= LARGEST_FILE and not spare
    if not fits or n_facts > min(len(body), LARGEST_FACTS) or zlib.crc32(body) != checksum:
        raise ModelError(f"{what} is damaged. Copy or export it again.")
    try:
        facts = json.loads(bytes(body[:n_facts]))
        table = facts.pop("arrays")
        first = _HEADER.size + n_facts
        arrays = {name: _read(content, entry, first) for name, entry in table.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{what} is damaged ({error}). Copy or export it again.") from error
    return Container(facts, arrays)


def write_container(
    path: str | os.PathLike[str], content: bytes, *, overwrite: bool = False
) -> None:
    """Writes a file whole or not at all.

    Raises:
        OutputError: It exists, or can't be written.
    """
    with atomic_file(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(content)


def read_container(path: str | os.PathLike[str]) -> Container:
    """Reads a file.

    Raises:
        ModelError: It is missing, damaged, foreign, or of a newer format.
    """
    path = Path(path)
    check_ordinary(path, error=ModelError, largest=LARGEST_FILE)
    return unpack_container(path.read_bytes(), what=f"`{path}`")


def _with_table(facts: Mapping[str, Any], arrays: Arrays, first: int) -> bytes:
    table = {}
    at = first
    for name, values in arrays.items():
        at += -at % _ALIGNMENT
        table[name] = {"dtype": values.dtype.name, "shape": list(values.shape), "offset": at}
        at += values.nbytes
    text = json.dumps({**facts, "arrays": table}, allow_nan=False, ensure_ascii=False)
    return text.encode("utf-8")


def _read(content: bytes, entry: Any, first: int) -> npt.NDArray[np.float32]:
    shape, offset, dtype = entry["shape"], entry["offset"], _DTYPES[entry["dtype"]]
    if not shape or len(shape) > 4 or not all(_whole(size, 1) for size in shape):
        raise ValueError("an array has no shape")
    count = math.prod(shape)
    if not _whole(offset, first) or offset % _ALIGNMENT:
        raise ValueError("an array lies where none can lie")
    values = np.frombuffer(content, dtype, count, offset).astype(np.float32).reshape(shape)
    if not np.isfinite(values).all():
        raise ValueError("an array holds NaN or infinity")
    return values


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
