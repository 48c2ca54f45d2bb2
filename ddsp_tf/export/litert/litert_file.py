"""Graphs as LiteRT (TensorFlow Lite) files."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ExportError
from ddsp_tf.export.graph_file import write_graphs
from ddsp_tf.export.optional_packages import import_optional
from ddsp_tf.export.quantization import Quantization
from ddsp_tf.export.tracing import Graph, Tracing
from ddsp_tf.types import Float32Array


def convert_to_litert(
    graph: Graph, *, signature: str, quantize: Quantization | None = None
) -> bytes:
    """Converts a graph of static shapes to a LiteRT flatbuffer of built-in operations alone.

    Its tensors are called `<signature>_<input>:0` and `StatefulPartitionedCall:<i>`, and the
    signature maps plain names to them.

    Args:
        graph: Inputs and outputs bear the names that a host uses.
        signature: Name of the function.
        quantize: How weights are stored: "float16", "int8" (a scale for each output channel, where
            the format allows it), or None for float32. Inputs and outputs stay float32.

    Raises:
        ExportError: An operation is not built into LiteRT.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_graphs(Tracing({signature: graph}, list(graph.variables)), Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[signature])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if quantize is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        try:
            return bytes(converter.convert())
        except Exception as error:
            # The converter raises a type of its own that can't be imported from a public module.
            raise ExportError(
                f"The model can't be converted to LiteRT: {str(error).splitlines()[0]}. It needs "
                "operations that are built in, and static shapes."
            ) from error


class LiteRtRunner:
    """Runs a LiteRT file in Google's interpreter, on one thread.

    Args:
        content: The file.
        signature: Name of the function.

    Raises:
        ExportError: The interpreter isn't installed, or does not take the file.
    """

    def __init__(self, content: bytes, *, signature: str) -> None:
        module = import_optional("ai_edge_litert.interpreter", package="ai-edge-litert")
        try:
            self._interpreter = module.Interpreter(model_content=content, num_threads=1)
            self._runner = self._interpreter.get_signature_runner(signature)
        except (ValueError, RuntimeError) as error:
            raise ExportError(f"LiteRT does not take the model: {error}.") from error

    def __call__(self, inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        """Runs the function once."""
        outputs: dict[str, Any] = self._runner(**inputs)
        return outputs
