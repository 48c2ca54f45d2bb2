"""What a model file of another program holds."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ddsp_tf.errors import ExportError, ModelError
from ddsp_tf.export.appended_metadata import read_appended_metadata
from ddsp_tf.export.file_tensor import FileTensor
from ddsp_tf.export.litert.litert_contents import LARGEST_FILE, read_litert
from ddsp_tf.export.onnx.onnx_contents import read_onnx
from ddsp_tf.export.vst.vst_contract import check_vst
from ddsp_tf.files import check_ordinary

SUFFIXES = (".tflite", ".onnx")


@dataclass(frozen=True)
class ModelFile:
    """A network's file.

    Args:
        kind: Of the file, for a reader.
        inputs: Names, shapes and types.
        outputs: Names, shapes and types.
        n_operations: Steps of the graph.
        n_weight_bytes: What the constants take.
        metadata: What its writer said of it, or None.
        plays_in_vst: Whether the DDSP-VST plug-in takes it.
        warnings: What a host may stumble over.
    """

    kind: str
    inputs: Sequence[FileTensor]
    outputs: Sequence[FileTensor]
    n_operations: int
    n_weight_bytes: int
    metadata: dict[str, Any] | None
    plays_in_vst: bool
    warnings: list[str]


def read_model_file(path: str | os.PathLike[str]) -> ModelFile:
    """Reads the description in a `.tflite` or `.onnx` file, from wherever it comes.

    Nothing in the file is run or unpacked, no other file is opened, and sizes that it states are
    checked before anything is read by them.

    Raises:
        ModelError: The file is missing, of another kind, damaged, or made to mislead.
        ExportError: An ONNX file, and the package onnx isn't installed.
    """
    path = Path(path)
    check_ordinary(path, error=ModelError, largest=LARGEST_FILE)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"`{path}` can't be read: {error.strerror}.") from error
    try:
        return _read_onnx(content) if path.suffix.lower() == ".onnx" else _read_litert(content)
    except ModelError as error:
        raise ModelError(f"`{path}` is not a usable {path.suffix} file. {error}") from error


def _read_litert(content: bytes) -> ModelFile:
    found = read_litert(content)
    metadata = read_appended_metadata(content)
    warnings = []
    if found.custom_operations:
        listed = ", ".join(found.custom_operations)
        warnings.append(f"It needs operations that are not built into LiteRT: {listed}.")
    try:
        check_vst(content)
        plays_in_vst = True
    except ExportError:
        plays_in_vst = False
    return ModelFile(
        kind="LiteRT model",
        inputs=found.inputs,
        outputs=found.outputs,
        n_operations=found.n_operations,
        n_weight_bytes=found.n_weight_bytes,
        metadata=metadata,
        plays_in_vst=plays_in_vst,
        warnings=warnings,
    )


def _read_onnx(content: bytes) -> ModelFile:
    found = read_onnx(content)
    warnings = []
    if found.custom_operations:
        listed = ", ".join(found.custom_operations)
        warnings.append(f"It needs operators that are not standard: {listed}.")
    if found.other_files:
        listed = ", ".join(f"`{name}`" for name in found.other_files)
        warnings.append(f"It takes weights from other files, which were not opened: {listed}.")
    return ModelFile(
        kind=f"ONNX model, operator set {found.opset}",
        inputs=found.inputs,
        outputs=found.outputs,
        n_operations=found.n_operations,
        n_weight_bytes=found.n_weight_bytes,
        metadata=found.metadata,
        plays_in_vst=False,
        warnings=warnings,
    )
