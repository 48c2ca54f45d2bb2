"""The programs that run exported networks, behind one interface."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ddsp_tf.export.appended_metadata import append_metadata
from ddsp_tf.export.litert.litert_file import LiteRtRunner, convert_to_litert
from ddsp_tf.export.live_parity import Runner
from ddsp_tf.export.onnx.onnx_file import (
    IR_VERSION,
    OPSET,
    OnnxRunner,
    convert_to_onnx,
    store_metadata,
)
from ddsp_tf.export.optional_packages import import_optional
from ddsp_tf.export.quantization import Quantization
from ddsp_tf.export.tracing import Graph

QUANTIZATIONS: tuple[Quantization, ...] = ("float16", "int8")


@dataclass(frozen=True)
class Runtime:
    """How to make a file for a runtime, and how to run it.

    Args:
        name: Of the target.
        title: For a reader.
        suffix: Of its files.
        package: Of pip, which runs them here.
        modules: What has to be importable.
        convert: Graph, name of the function, quantisation: the file.
        attach: Puts metadata into a file.
        run: File, name of the function: runs it.
        oldest: What runs its files, by how weights are stored.
    """

    name: str
    title: str
    suffix: str
    package: str
    modules: tuple[tuple[str, str], ...]
    convert: Callable[[Graph, str, Quantization | None], bytes]
    attach: Callable[[bytes, Mapping[str, Any]], bytes]
    run: Callable[[bytes, str], Runner]
    oldest: Mapping[str, str]

    def require(self) -> None:
        """Checks, before any work is done, that all that it needs is installed.

        Raises:
            ExportError: Something is not.
        """
        for module, package in self.modules:
            import_optional(module, package=package)

    @property
    def description(self) -> str:
        """Name and version of what runs the file here."""
        try:
            return f"{self.package} {version(self.package)}"
        except PackageNotFoundError:
            return self.package


LITERT = Runtime(
    name="litert",
    title="LiteRT",
    suffix=".tflite",
    package="ai-edge-litert",
    modules=(("ai_edge_litert.interpreter", "ai-edge-litert"),),
    convert=lambda graph, name, quantize: convert_to_litert(
        graph, signature=name, quantize=quantize
    ),
    attach=append_metadata,
    run=lambda content, name: LiteRtRunner(content, signature=name),
    oldest={
        "float32": "TensorFlow Lite 2.7",
        "float16": "TensorFlow Lite 2.7",
        "int8": "TensorFlow Lite 2.17",
    },
)

ONNX = Runtime(
    name="onnx",
    title="ONNX",
    suffix=".onnx",
    package="onnxruntime",
    modules=(("onnx", "onnx"), ("onnxruntime", "onnxruntime")),
    convert=lambda graph, name, quantize: convert_to_onnx(graph, name=name, quantize=quantize),
    attach=store_metadata,
    run=lambda content, name: OnnxRunner(content),
    oldest=dict.fromkeys(
        ("float32", *QUANTIZATIONS), f"operator set {OPSET}, IR {IR_VERSION}: onnxruntime 1.6"
    ),
)

RUNTIMES = {runtime.name: runtime for runtime in (LITERT, ONNX)}
