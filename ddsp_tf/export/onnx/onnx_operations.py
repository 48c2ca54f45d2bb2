"""A rule for each TensorFlow operation that says it in ONNX. All shapes are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.export.onnx.onnx_nodes import OnnxNodes

Operation = Any
Rule = Callable[[OnnxNodes, Operation], None]

OPERATIONS: dict[str, Rule] = {}

_SAME_ARGUMENTS = {
    **{name: name for name in ("Abs", "Exp", "Log", "Neg", "Relu", "Sigmoid", "Softplus", "Sqrt")},
    **{name: name for name in ("Cos", "Tanh")},
    **{name: name for name in ("Floor", "Sub", "Mul", "Pow", "Less", "Greater", "Equal")},
    **{name: "Add" for name in ("Add", "AddV2", "BiasAdd")},
    **{"RealDiv": "Div", "Maximum": "Max", "Minimum": "Min", "SelectV2": "Where"},
    **{"LessEqual": "LessOrEqual", "GreaterEqual": "GreaterOrEqual"},
    **{"LogicalAnd": "And", "LogicalOr": "Or", "LogicalNot": "Not"},
    **{"Reciprocal": "Reciprocal", "Rint": "Round", "Round": "Round", "AddN": "Sum"},
}
_ALIASES = ("Identity", "IdentityN", "StopGradient", "PreventGradient", "EnsureShape", "Snapshot")
_RESHAPES = ("Reshape", "ExpandDims", "Squeeze")
_REDUCTIONS = {"Mean": "ReduceMean", "Sum": "ReduceSum", "Max": "ReduceMax", "Min": "ReduceMin"}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of some operations."""

    def register(function: Rule) -> Rule:
        OPERATIONS.update(dict.fromkeys(names, function))
        return function

    return register


@rule(*_SAME_ARGUMENTS)
def _same_arguments(nodes: OnnxNodes, operation: Operation) -> None:
    _add(nodes, operation, _SAME_ARGUMENTS[operation.type], _reads(nodes, operation))


@rule(*_ALIASES)
def _alias(nodes: OnnxNodes, operation: Operation) -> None:
    for given, result in zip(operation.inputs, operation.outputs, strict=True):
        nodes.names[result.name] = nodes.read(given)


@rule(*_RESHAPES)
def _reshape(nodes: OnnxNodes, operation: Operation) -> None:
    value = nodes.read(operation.inputs[0])
    nodes.names[operation.outputs[0].name] = nodes.reshape(value, _shape(operation.outputs[0]))


@rule(*_REDUCTIONS)
def _reduce(nodes: OnnxNodes, operation: Operation) -> None:
    rank = len(operation.inputs[0].shape)
    axes = [int(axis) % rank for axis in np.ravel(_static(operation.inputs[1]))]
    value = nodes.read(operation.inputs[0])
    keep = int(operation.get_attr("keep_dims"))
    name = _REDUCTIONS[operation.type]
    # In operator set 13 the axes of sums are an input, and those of the others an attribute.
    if name == "ReduceSum":
        _add(nodes, operation, name, [value, nodes.integers(axes)], keepdims=keep)
    else:
        _add(nodes, operation, name, [value], axes=axes, keepdims=keep)


@rule("Square")
def _square(nodes: OnnxNodes, operation: Operation) -> None:
    value = nodes.read(operation.inputs[0])
    _add(nodes, operation, "Mul", [value, value])


@rule("SquaredDifference")
def _squared_difference(nodes: OnnxNodes, operation: Operation) -> None:
    difference = nodes.add("Sub", _reads(nodes, operation))
    _add(nodes, operation, "Mul", [difference, difference])


@rule("DivNoNan")
def _quotient_or_zero(nodes: OnnxNodes, operation: Operation) -> None:
    dividend, divisor = _reads(nodes, operation)
    zero = nodes.constant(np.zeros([], operation.inputs[0].dtype.as_numpy_dtype))
    quotient = nodes.add("Div", [dividend, divisor])
    _add(nodes, operation, "Where", [nodes.add("Equal", [divisor, zero]), zero, quotient])


@rule("Log1p")
def _log_of_one_more(nodes: OnnxNodes, operation: Operation) -> None:
    one = nodes.constant(np.ones([], operation.inputs[0].dtype.as_numpy_dtype))
    _add(nodes, operation, "Log", [nodes.add("Add", [*_reads(nodes, operation), one])])


@rule("Rsqrt")
def _reciprocal_root(nodes: OnnxNodes, operation: Operation) -> None:
    root = nodes.add("Sqrt", _reads(nodes, operation))
    _add(nodes, operation, "Reciprocal", [root])


@rule("LeakyRelu")
def _leaky_relu(nodes: OnnxNodes, operation: Operation) -> None:
    alpha = operation.get_attr("alpha")
    _add(nodes, operation, "LeakyRelu", _reads(nodes, operation), alpha=alpha)


@rule("MatMul", "BatchMatMulV2")
def _matrix_product(nodes: OnnxNodes, operation: Operation) -> None:
    prefix = "transpose" if operation.type == "MatMul" else "adj"
    suffixes = ("a", "b") if operation.type == "MatMul" else ("x", "y")
    factors = []
    for given, suffix in zip(operation.inputs, suffixes, strict=True):
        factor = nodes.read(given)
        if operation.get_attr(f"{prefix}_{suffix}"):
            *batch, row, column = range(len(given.shape))
            factor = nodes.add("Transpose", [factor], perm=[*batch, column, row])
        factors.append(factor)
    _add(nodes, operation, "MatMul", factors)


@rule("Cast")
def _cast(nodes: OnnxNodes, operation: Operation) -> None:
    to = nodes.element_type(operation.outputs[0].dtype)
    _add(nodes, operation, "Cast", _reads(nodes, operation), to=to)


@rule("Transpose")
def _transpose(nodes: OnnxNodes, operation: Operation) -> None:
    order = [int(axis) for axis in _static(operation.inputs[1])]
    _add(nodes, operation, "Transpose", [nodes.read(operation.inputs[0])], perm=order)


@rule("ConcatV2")
def _concatenate(nodes: OnnxNodes, operation: Operation) -> None:
    *parts, axis = operation.inputs
    values = [nodes.read(part) for part in parts]
    _add(nodes, operation, "Concat", values, axis=int(_static(axis)))


@rule("Pack")
def _stack(nodes: OnnxNodes, operation: Operation) -> None:
    axis, shape = operation.get_attr("axis"), _shape(operation.outputs[0])
    axis %= len(shape)
    single = [1 if position == axis else size for position, size in enumerate(shape)]
    parts = [nodes.reshape(nodes.read(part), single) for part in operation.inputs]
    _add(nodes, operation, "Concat", parts, axis=axis)


@rule("Split", "SplitV")
def _split(nodes: OnnxNodes, operation: Operation) -> None:
    value, axis = operation.inputs[0], operation.inputs[-1]
    if operation.type == "Split":
        axis, value = operation.inputs
    position = int(_static(axis)) % len(value.shape)
    whole, start = nodes.read(value), 0
    for part in operation.outputs:
        stop = start + part.shape[position]
        arguments = [nodes.integers([bound]) for bound in (start, stop, position)]
        nodes.names[part.name] = nodes.add("Slice", [whole, *arguments])
        start = stop


@rule("Unpack")
def _unstack(nodes: OnnxNodes, operation: Operation) -> None:
    value = operation.inputs[0]
    axis = operation.get_attr("axis") % len(value.shape)
    whole = nodes.read(value)
    for index, part in enumerate(operation.outputs):
        arguments = [nodes.integers([bound]) for bound in (index, index + 1, axis)]
        one = nodes.add("Slice", [whole, *arguments])
        nodes.names[part.name] = nodes.reshape(one, _shape(part))


@rule("StridedSlice")
def _strided_slice(nodes: OnnxNodes, operation: Operation) -> None:
    value = operation.inputs[0]
    begin, end, strides = (list(map(int, _static(x))) for x in operation.inputs[1:])
    masks = {
        name: operation.get_attr(f"{name}_mask")
        for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }

    def masked(name: str, index: int) -> bool:
        return bool(masks[name] >> index & 1)

    n_new = sum(masked("new_axis", index) for index in range(len(begin)))
    n_given = len(begin) - n_new - bool(masks["ellipsis"])
    axis, bounds = 0, []
    for index in range(len(begin)):
        if masked("ellipsis", index):
            axis += len(value.shape) - n_given
        elif not masked("new_axis", index):
            size = value.shape[axis]
            if masked("shrink_axis", index):
                first = begin[index] % size
                bounds.append((axis, first, first + 1, 1))
            else:
                start = None if masked("begin", index) else begin[index]
                stop = None if masked("end", index) else end[index]
                first, last, step = slice(start, stop, strides[index]).indices(size)
                if (first, last, step) != (0, size, 1):
                    # A stop before the first element can't be said by -1, which is the last one.
                    bounds.append((axis, first, last if last >= 0 else -size - 1, step))
            axis += 1
    result = nodes.read(value)
    if bounds:
        axes, firsts, lasts, steps = (list(column) for column in zip(*bounds, strict=True))
        arguments = [nodes.integers(column) for column in (firsts, lasts, axes, steps)]
        result = nodes.add("Slice", [result, *arguments])
    nodes.names[operation.outputs[0].name] = nodes.reshape(result, _shape(operation.outputs[0]))


@rule("Slice")
def _slice(nodes: OnnxNodes, operation: Operation) -> None:
    begin = [int(x) for x in _static(operation.inputs[1])]
    ends = [x + size for x, size in zip(begin, _shape(operation.outputs[0]), strict=True)]
    arguments = [nodes.integers(column) for column in (begin, ends)]
    _add(nodes, operation, "Slice", [nodes.read(operation.inputs[0]), *arguments])


@rule("Tile")
def _tile(nodes: OnnxNodes, operation: Operation) -> None:
    repeats = nodes.integers([int(x) for x in _static(operation.inputs[1])])
    _add(nodes, operation, "Tile", [nodes.read(operation.inputs[0]), repeats])


@rule("BroadcastTo")
def _broadcast(nodes: OnnxNodes, operation: Operation) -> None:
    shape = nodes.integers(_shape(operation.outputs[0]))
    _add(nodes, operation, "Expand", [nodes.read(operation.inputs[0]), shape])


@rule("GatherV2")
def _gather(nodes: OnnxNodes, operation: Operation) -> None:
    values = [nodes.read(x) for x in operation.inputs[:2]]
    _add(nodes, operation, "Gather", values, axis=int(_static(operation.inputs[2])))


@rule("ArgMax")
def _arg_max(nodes: OnnxNodes, operation: Operation) -> None:
    axis = int(_static(operation.inputs[1]))
    value = [nodes.read(operation.inputs[0])]
    found = nodes.add("ArgMax", value, axis=axis, keepdims=0)
    to = nodes.element_type(operation.outputs[0].dtype)
    _add(nodes, operation, "Cast", [found], to=to)


@rule("Pad", "PadV2")
def _pad(nodes: OnnxNodes, operation: Operation) -> None:
    widths = np.asarray(_static(operation.inputs[1]))
    arguments = [nodes.read(operation.inputs[0]), nodes.integers(widths.T.ravel().tolist())]
    if operation.type == "PadV2":
        arguments.append(nodes.read(operation.inputs[2]))
    _add(nodes, operation, "Pad", arguments)


@rule("Conv2D")
def _convolve(nodes: OnnxNodes, operation: Operation) -> None:
    """Channels come last in TensorFlow, and second in ONNX."""
    value, kernel = (nodes.read(x) for x in operation.inputs)
    value = nodes.add("Transpose", [value], perm=[0, 3, 1, 2])
    kernel = nodes.add("Transpose", [kernel], perm=[3, 2, 0, 1])
    same = operation.get_attr("padding") == b"SAME"
    result = nodes.add(
        "Conv",
        [value, kernel],
        auto_pad="SAME_UPPER" if same else "VALID",
        strides=operation.get_attr("strides")[1:3],
        dilations=operation.get_attr("dilations")[1:3],
    )
    _add(nodes, operation, "Transpose", [result], perm=[0, 2, 3, 1])


def _add(
    nodes: OnnxNodes, operation: Operation, operator: str, inputs: list[str], **attributes: Any
) -> None:
    nodes.names[operation.outputs[0].name] = nodes.add(operator, inputs, **attributes)


def _reads(nodes: OnnxNodes, operation: Operation) -> list[str]:
    return [nodes.read(given) for given in operation.inputs]


def _static(tensor: tf.Tensor) -> Any:
    return tf.get_static_value(tensor)


def _shape(tensor: tf.Tensor) -> list[int]:
    return [int(size) for size in tensor.shape]
