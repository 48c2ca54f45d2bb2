"""Files from elsewhere are described, or refused in one message; nothing else is touched."""

import io
import os
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import tensorflow as tf

from ddsp_tf.errors import ModelError
from ddsp_tf.export import appended_metadata
from ddsp_tf.export.appended_metadata import append_metadata, read_appended_metadata
from ddsp_tf.export.litert import flatbuffer, litert_contents
from ddsp_tf.export.litert.litert_file import convert_to_litert
from ddsp_tf.export.model_file import read_model_file
from ddsp_tf.export.onnx.onnx_file import convert_to_onnx, store_metadata


@pytest.fixture(scope="module")
def graph() -> Any:
    weights = tf.constant(np.ones([3, 5], np.float32))
    return tf.function(
        lambda x: {"y": tf.matmul(x[tf.newaxis], weights)[0]},
        [tf.TensorSpec([3], tf.float32, "x")],
        autograph=False,
    ).get_concrete_function()


@pytest.fixture(scope="module")
def litert(graph: Any) -> bytes:
    return convert_to_litert(graph, signature="run")


@pytest.fixture(scope="module")
def onnx_file(graph: Any) -> bytes:
    return convert_to_onnx(graph, name="run")


def archive(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of names that occur twice.
        with zipfile.ZipFile(buffer, "w", compression) as file:
            for name, content in entries:
                file.writestr(name, content)
    return buffer.getvalue()


def test_a_litert_file_is_described(litert: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.tflite"
    path.write_bytes(append_metadata(litert, {"licence": "CC0"}))
    found = read_model_file(path)
    assert [(x.name, x.shape, x.dtype) for x in found.inputs] == [("run_x:0", (3,), "float32")]
    assert [x.shape for x in found.outputs] == [(5,)]
    assert found.metadata == {"licence": "CC0"}
    assert found.n_weight_bytes >= 60
    assert found.n_operations > 0
    assert not found.plays_in_vst


def test_an_onnx_file_is_described(onnx_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.ONNX"
    path.write_bytes(store_metadata(onnx_file, {"licence": "CC0"}))
    found = read_model_file(path)
    assert [(x.name, x.shape, x.dtype) for x in found.inputs] == [("x", (3,), "float32")]
    assert [(x.name, x.shape) for x in found.outputs] == [("y", (5,))]
    assert (found.kind, found.metadata) == ("ONNX model, operator set 13", {"licence": "CC0"})


def test_every_cut_and_every_flipped_byte_is_survived(litert: bytes, tmp_path: Path) -> None:
    """A damaged file is described as well as can be, or refused; there is no other way out."""
    content = append_metadata(litert, {"licence": "CC0"})
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.tflite"
    refused = 0
    for trial in range(400):
        damaged = bytearray(content)
        if trial % 2:
            damaged = damaged[: rng.integers(0, len(damaged))]
        else:
            for place in rng.integers(0, len(damaged), size=8):
                damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read_model_file(path)
        except ModelError:
            refused += 1
    assert refused > 100
    path.write_bytes(content[:100])
    with pytest.raises(ModelError, match=r"damaged\.tflite` is not a usable \.tflite file"):
        read_model_file(path)


def test_damaged_onnx_files_are_refused(onnx_file: bytes, tmp_path: Path) -> None:
    path = tmp_path / "damaged.onnx"
    for content in (b"", b"not a model at all", onnx_file[:50], b"\xff" * 100):
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"not a usable \.onnx file.*is damaged"):
            read_model_file(path)


def test_sizes_that_a_file_only_claims_are_not_believed(
    litert: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "claims.tflite"
    # The root table's vector of graphs says that it has four billion.
    content = bytearray(litert)
    root = struct.unpack_from("<I", content, 0)[0]
    table = flatbuffer.Table(bytes(content), root)
    start, _ = table._vector(2, size=4)
    struct.pack_into("<I", content, start - 4, 0xFFFFFFFF)
    path.write_bytes(content)
    with pytest.raises(ModelError, match="made to mislead: it says that it is longer than it is"):
        read_model_file(path)
    monkeypatch.setattr(flatbuffer, "LARGEST_VECTOR", 0)
    path.write_bytes(litert)
    with pytest.raises(ModelError, match="it lists 1 things"):
        read_model_file(path)
    monkeypatch.setattr("ddsp_tf.export.model_file.LARGEST_FILE", 10)
    with pytest.raises(ModelError, match="bytes, and such a file has 10 at most"):
        read_model_file(path)
    assert litert_contents.LARGEST_FILE == 2**31 - 1


def test_an_archive_that_climbs_out_of_its_folder_writes_nothing(
    litert: bytes, tmp_path: Path
) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    evil = archive(("../escaped.txt", b"evil"), ("/tmp/escaped.txt", b"evil"))
    path = folder / "evil.tflite"
    path.write_bytes(litert + evil)
    before = path.stat().st_mtime_ns
    assert read_model_file(path).metadata is None
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")} == {
        "inner",
        "inner/evil.tflite",
    }
    assert path.stat().st_mtime_ns == before


def test_an_archive_that_swells_is_not_unpacked(litert: bytes) -> None:
    bomb = archive(("metadata.json", b" " * 50_000_000), compression=zipfile.ZIP_DEFLATED)
    assert len(bomb) < 100_000
    with pytest.raises(ModelError, match="larger than 1,000,000 bytes"):
        read_appended_metadata(litert + bomb)
    assert appended_metadata.LARGEST_METADATA == 1_000_000


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([("metadata.json", b"{]")], "is not JSON"),
        ([("metadata.json", b"\xff\xfe")], "is not JSON"),
        ([("metadata.json", b"[" * 100_000)], "is not JSON"),
        ([("metadata.json", b"[1, 2]")], "should be a JSON object"),
        ([("metadata.json", b"{}"), ("METADATA.JSON", b"{}")], "2 times"),
    ],
)
def test_metadata_that_is_none_is_refused(
    litert: bytes, entries: list[tuple[str, bytes]], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        read_appended_metadata(litert + archive(*entries))


def test_capitals_in_the_entrys_name_do_not_matter(litert: bytes) -> None:
    assert read_appended_metadata(litert + archive(("MetaData.json", b'{"a": 1}'))) == {"a": 1}


def test_damaged_and_locked_archives_are_refused(litert: bytes) -> None:
    content = bytearray(append_metadata(litert, {"title": "a" * 100}))
    place = content.rfind(b"PK\x01\x02")
    content[place - 20] ^= 0xFF  # in the entry: its checksum no longer fits
    with pytest.raises(ModelError, match="metadata at the end of the file is damaged"):
        read_appended_metadata(bytes(content))
    locked = bytearray(append_metadata(litert, {"title": "a"}))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        locked[locked.rfind(mark) + offset] |= 1
    with pytest.raises(ModelError, match="is damaged"):
        read_appended_metadata(bytes(locked))


def test_weights_in_other_files_are_not_opened(onnx_file: bytes, tmp_path: Path) -> None:
    model = onnx.load_model_from_string(onnx_file)
    tensor = model.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    path = tmp_path / "reaching.onnx"
    path.write_bytes(model.SerializeToString())
    (warning,) = read_model_file(path).warnings
    assert "which were not opened: `../../etc/passwd`" in warning


def test_operations_from_elsewhere_are_named(onnx_file: bytes, tmp_path: Path) -> None:
    model = onnx.load_model_from_string(onnx_file)
    model.graph.node.add(op_type="Evil", domain="com.elsewhere", output=["z"])
    path = tmp_path / "custom.onnx"
    path.write_bytes(model.SerializeToString())
    assert read_model_file(path).warnings == ["It needs operators that are not standard: Evil."]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.tflite` is missing\."):
        read_model_file(tmp_path / "none.tflite")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tflite")
    with pytest.raises(ModelError, match="a folder, a device or a pipe"):
        read_model_file(tmp_path / "pipe.tflite")
