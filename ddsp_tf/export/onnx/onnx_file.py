"""Graphs as ONNX files."""

import json
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ExportError
from ddsp_tf.export.onnx.onnx_nodes import OnnxNodes
from ddsp_tf.export.onnx.onnx_operations import OPERATIONS
from ddsp_tf.export.optional_packages import import_optional
from ddsp_tf.export.quantization import Quantization
from ddsp_tf.export.tracing import Graph
from ddsp_tf.types import Float32Array

PROPERTY = "ddsp_tf"

OPSET = 13
IR_VERSION = 7
"""The oldest that has the operator set, which is the oldest that has scales for each channel:
runtimes refuse what is newer than they are."""


def convert_to_onnx(graph: Graph, *, name: str, quantize: Quantization | None = None) -> bytes:
    """Converts a graph of static shapes to an ONNX model of standard operators.

    Inputs and outputs keep their names. Every operation of the graph is translated by a rule of
    `onnx_operations`; one that has none is refused.

    Args:
        graph: Inputs and outputs bear the names that a host uses, all different.
        name: Of the model's graph.
        quantize: How weights are stored: "float16", "int8" (a scale for each output channel), or
            None for float32. The arithmetic stays float32.

    Raises:
        ExportError: An operation has no rule, or the package onnx isn't installed.
    """
    onnx = import_optional("onnx", package="onnx")
    frozen = _freeze(graph)
    nodes = OnnxNodes(onnx, quantize=quantize)
    inputs = []
    for tensor in frozen.inputs:
        nodes.names[tensor.name] = tensor.op.name
        inputs.append(_describe(onnx, tensor.op.name, tensor))
    for operation in frozen.graph.get_operations():
        if operation.type in ("Placeholder", "NoOp") or _is_constant(operation):
            continue
        translate = OPERATIONS.get(operation.type)
        if translate is None:
            raise ExportError(
                f"The model holds the operation `{operation.type}`, which ddsp_tf has no rule to "
                "write as ONNX. Export it with --target litert or saved_model."
            )
        translate(nodes, operation)
    outputs = []
    for key, tensor in zip(sorted(graph.structured_outputs), frozen.outputs, strict=True):
        nodes.add("Identity", [nodes.read(tensor)], output=key)
        outputs.append(_describe(onnx, key, tensor))
    model = onnx.helper.make_model(
        onnx.helper.make_graph(nodes.nodes, name, inputs, outputs, nodes.initializers),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="ddsp_tf",
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def store_metadata(content: bytes, metadata: Mapping[str, Any]) -> bytes:
    """Stores metadata, JSON-ready, as the model's property `ddsp_tf`."""
    onnx = import_optional("onnx", package="onnx")
    model = onnx.load_model_from_string(content)
    onnx.helper.set_model_props(model, {PROPERTY: json.dumps(dict(metadata), allow_nan=False)})
    return bytes(model.SerializeToString())


class OnnxRunner:
    """Runs an ONNX model in onnxruntime, on one thread of the CPU.

    Args:
        content: The file.

    Raises:
        ExportError: The runtime isn't installed, or does not take the file.
    """

    def __init__(self, content: bytes) -> None:
        module = import_optional("onnxruntime", package="onnxruntime")
        options = module.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = module.InferenceSession(
                content, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # Its errors have types that the package does not export.
            raise ExportError(f"onnxruntime does not take the model: {error}.") from error
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        """Runs the model once."""
        values = self._session.run(self._outputs, dict(inputs))
        return dict(zip(self._outputs, values, strict=True))


def _freeze(graph: Graph) -> Any:
    """Gives the graph with its variables as constants and its functions inlined."""
    from tensorflow.python.framework import convert_to_constants

    return convert_to_constants.convert_variables_to_constants_v2(graph)


def _is_constant(operation: Any) -> bool:
    """Whether what an operation makes is known; it is then stored where something reads it."""
    return all(tf.get_static_value(output) is not None for output in operation.outputs)


def _describe(onnx: Any, name: str, tensor: tf.Tensor) -> Any:
    shape = [int(size) for size in tensor.shape]
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
