"""The container of `.ddsp` files: what goes in comes out, and nothing damaged does."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.errors import ModelError, OutputError
from ddsp_tf.export.plugin.container import (
    pack_container,
    read_container,
    unpack_container,
    write_container,
)

FACTS = {"title": "Té", "numbers": [1, 2.5, None]}
ARRAYS = {
    "a": np.linspace(-1.0, 1.0, 15, dtype=np.float32).reshape(3, 5),
    "deep/half": np.array([0.1, 65504.0, 6e-8, -0.0], np.float16),
    "one": np.ones([1], np.float32),
}


def sealed(content: bytes) -> bytes:
    """The same with the checksum that fits it."""
    checksum = zlib.crc32(content[32:]).to_bytes(4, "little")
    return content[:16] + len(content).to_bytes(8, "little") + checksum + content[28:]


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    content = pack_container(FACTS, ARRAYS)
    write_container(tmp_path / "a.ddsp", content)
    found = read_container(tmp_path / "a.ddsp")
    assert found.facts == FACTS
    assert list(found.arrays) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert found.arrays[name].dtype == np.float32
        np.testing.assert_array_equal(found.arrays[name], values.astype(np.float32))
    assert pack_container(FACTS, ARRAYS) == content
    table = json.loads(content[32 : 32 + int.from_bytes(content[12:16], "little")])["arrays"]
    assert all(entry["offset"] % 16 == 0 for entry in table.values())


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.ddsp"
    write_container(path, b"before")
    with pytest.raises(OutputError, match="exists"):
        write_container(path, b"after")
    assert path.read_bytes() == b"before"
    write_container(path, b"after", overwrite=True)
    assert [file.name for file in tmp_path.iterdir()] == ["a.ddsp"]


def test_every_byte_counts() -> None:
    content = pack_container(FACTS, ARRAYS)
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1
        with pytest.raises(ModelError):
            unpack_container(bytes(changed))
    for length in range(len(content)):
        with pytest.raises(ModelError):
            unpack_container(content[:length])
    with pytest.raises(ModelError):
        unpack_container(content + b"\0")


@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (b'"offset"', b'"Offset"'),
        (b'"float32"', b'"float64"'),
        (b"[3, 5]", b"[9, 9]"),
        (b"[3, 5]", b"[-3,5]"),
        (b"[3, 5]", b"[true]"),
        (b'"arrays"', b'"Arrays"'),
        (b'{"title"', b'["title"'),
    ],
)
def test_sealed_nonsense_is_refused(from_: bytes, to: bytes) -> None:
    content = pack_container(FACTS, ARRAYS)
    assert len(from_) == len(to)
    assert from_ in content
    with pytest.raises(ModelError, match="damaged"):
        unpack_container(sealed(content.replace(from_, to, 1)))


def test_a_newer_format_says_what_to_do() -> None:
    content = bytearray(pack_container(FACTS, ARRAYS))
    content[8] = 9
    with pytest.raises(ModelError, match="format version 9, but this ddsp_tf reads up to 1"):
        unpack_container(bytes(content))


@pytest.mark.parametrize(
    "values",
    [
        np.array([np.nan], np.float32),
        np.array([np.inf], np.float16),
        np.array([1.0]),
        np.zeros([0], np.float32),
        np.array([1]),
    ],
)
def test_only_finite_small_floats_are_stored(values: np.ndarray) -> None:
    with pytest.raises(ModelError, match="`x` should hold finite numbers"):
        pack_container({}, {"x": values})


def test_what_is_no_such_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "song.ddsp"
    path.write_text("not an instrument, but long enough to be one")
    with pytest.raises(ModelError, match=r"`.*song\.ddsp` isn't a \.ddsp file"):
        read_container(path)
    with pytest.raises(ModelError, match="is missing"):
        read_container(tmp_path / "none.ddsp")
