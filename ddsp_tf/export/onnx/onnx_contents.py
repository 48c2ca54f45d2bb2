"""What an ONNX file holds, read without running it."""

from dataclasses import dataclass
from typing import Any

from ddsp_tf.errors import ModelError
from ddsp_tf.export.appended_metadata import LARGEST_METADATA, parse_metadata
from ddsp_tf.export.file_tensor import FileTensor
from ddsp_tf.export.onnx.onnx_file import PROPERTY
from ddsp_tf.export.optional_packages import import_optional

LARGEST_FILE = 2**31 - 1
"""Such files can't be larger; bigger networks keep their weights beside them."""


@dataclass(frozen=True)
class OnnxContents:
    """A file.

    Args:
        inputs: In their order in the file.
        outputs: In their order in the file.
        opset: Version of the standard operators, 0 if there are none.
        n_operations: Nodes of the graph.
        custom_operations: Names of those that are not standard.
        n_weight_bytes: What the constants take.
        other_files: Files that it takes weights from. They are not opened.
        metadata: What ddsp_tf wrote into it, or None.
    """

    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]
    opset: int
    n_operations: int
    custom_operations: tuple[str, ...]
    n_weight_bytes: int
    other_files: tuple[str, ...]
    metadata: dict[str, Any] | None


def read_onnx(content: bytes) -> OnnxContents:
    """Reads the description in an ONNX file. Nothing in it is run, and no other file is opened.

    Raises:
        ModelError: It is another kind of file, or damaged.
        ExportError: The package onnx isn't installed.
    """
    onnx = import_optional("onnx", package="onnx")
    if len(content) > LARGEST_FILE:
        raise ModelError("The file is larger than 2 GiB, and an ONNX file can't be.")
    try:
        model = onnx.load_model_from_string(content)
    except Exception as error:
        # Whatever the parser raises, it means that this is no such file.
        raise ModelError("It is not an ONNX model, or is damaged.") from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise ModelError("It is not an ONNX model, or is damaged: it has no graph.")
    constants = {tensor.name for tensor in graph.initializer}
    elsewhere = {
        entry.value
        for tensor in graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return OnnxContents(
        inputs=tuple(_tensor(onnx, x) for x in graph.input if x.name not in constants),
        outputs=tuple(_tensor(onnx, x) for x in graph.output),
        opset=max((x.version for x in model.opset_import if not x.domain), default=0),
        n_operations=len(graph.node),
        custom_operations=tuple(sorted({x.op_type for x in graph.node if x.domain})),
        n_weight_bytes=sum(tensor.ByteSize() for tensor in graph.initializer),
        other_files=tuple(sorted(elsewhere)),
        metadata=_metadata(model),
    )


def _tensor(onnx: Any, value: Any) -> FileTensor:
    kind = value.type.tensor_type
    shape = [x.dim_value if x.HasField("dim_value") else -1 for x in kind.shape.dim]
    try:
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type))
    except (KeyError, ValueError, TypeError):
        dtype = f"type {kind.elem_type}"
    return FileTensor(value.name, tuple(shape), dtype)


def _metadata(model: Any) -> dict[str, Any] | None:
    texts = [entry.value for entry in model.metadata_props if entry.key == PROPERTY]
    if not texts:
        return None
    if len(texts[0]) > LARGEST_METADATA:
        raise ModelError(
            f"The file's metadata is larger than {LARGEST_METADATA:,} bytes. It was not written by "
            "ddsp_tf."
        )
    return parse_metadata(texts[0])
