"""The nodes and constants of an ONNX graph while it is written."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.export.quantization import Quantization

_LEAST_WEIGHTS = 1024
"""Smaller constants are not worth quantising."""


class OnnxNodes:
    """Collects nodes, names their outputs, and stores constants once.

    Args:
        onnx: The package.
        quantize: How large constants are stored.
    """

    def __init__(self, onnx: Any, *, quantize: Quantization | None = None) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.names: dict[str, str] = {}
        self._onnx = onnx
        self._quantize = quantize

    def add(
        self, operator: str, inputs: Sequence[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        """Adds a node with one output, and gives the output's name."""
        output = output or f"{operator.lower()}_{len(self.nodes)}"
        node = self._onnx.helper.make_node(operator, inputs, [output], name=output, **attributes)
        self.nodes.append(node)
        return output

    def read(self, tensor: tf.Tensor) -> str:
        """Gives the name of a tensor: a node's output, or a constant that is stored now."""
        if tensor.name not in self.names:
            value = np.asarray(tf.get_static_value(tensor))
            self.names[tensor.name] = self.constant(value, f"constant_{len(self.initializers)}")
        return self.names[tensor.name]

    def constant(self, value: npt.NDArray[Any], name: str | None = None) -> str:
        """Stores a constant, and gives the name by which nodes read it as it was."""
        name = name or f"constant_{len(self.initializers)}"
        large = value.dtype == np.float32 and value.ndim > 1 and value.size >= _LEAST_WEIGHTS
        if not large or self._quantize is None:
            self._store(value, name)
            return name
        if self._quantize == "float16":
            self._store(value.astype(np.float16), f"{name}_float16")
            return self.add("Cast", [f"{name}_float16"], to=self._onnx.TensorProto.FLOAT)
        return self._quantize_channels(value, name)

    def integers(self, values: Sequence[int]) -> str:
        """Stores a list of integers: a shape, axes, and so on."""
        return self.constant(np.asarray(values, np.int64))

    def reshape(self, value: str, shape: Sequence[int]) -> str:
        """Adds a reshaping to a shape that is known."""
        return self.add("Reshape", [value, self.integers(shape)])

    def element_type(self, dtype: tf.DType) -> int:
        """Gives ONNX' number of a type."""
        number: int = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype.as_numpy_dtype))
        return number

    def _quantize_channels(self, value: npt.NDArray[Any], name: str) -> str:
        """Stores 8 bits a weight, and a scale for each output channel, the last axis."""
        axis = value.ndim - 1
        largest = np.max(np.abs(value), axis=tuple(range(axis)))
        scale = (np.maximum(largest, 1e-12) / 127.0).astype(np.float32)
        self._store(np.round(value / scale).astype(np.int8), f"{name}_int8")
        self._store(scale, f"{name}_scale")
        return self.add("DequantizeLinear", [f"{name}_int8", f"{name}_scale"], axis=axis)

    def _store(self, value: npt.NDArray[Any], name: str) -> None:
        self.initializers.append(self._onnx.numpy_helper.from_array(value, name))
