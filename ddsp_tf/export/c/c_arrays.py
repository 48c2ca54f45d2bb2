"""Weights as C99 initialisers, and as the numbers that a program in C then calculates with."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ddsp_tf.types import Float32Array

LANES = 8
"""Outputs of a layer that lie side by side, as the C code sums them."""

_KERNEL = "/kernel"
_PER_LINE = 8
_LARGEST = 127


@dataclass(frozen=True)
class Kernel:
    """A layer's matrix.

    Args:
        weights: `[n_in, n_out]`, float32 or int8.
        scale: Of each output's weights, `[n_out]`; None: they are what they are.
    """

    weights: Any
    scale: Float32Array | None

    @property
    def exact(self) -> Float32Array:
        """The numbers that it stands for."""
        values = self.weights.astype(np.float32)
        return values if self.scale is None else values * self.scale


def store_kernel(values: Float32Array, *, int8: bool) -> Kernel:
    """Stores a matrix as it is, or in eight bits with a scale for each output.

    Example:
        >>> stored = store_kernel(np.array([[1.0, 0.1], [-0.5, 0.2]], np.float32), int8=True)
        >>> stored.weights.tolist()
        [[127, 64], [-64, 127]]
    """
    if not int8:
        return Kernel(values, None)
    scale = np.maximum(np.max(np.abs(values), axis=0), np.float32(1e-30)) / np.float32(_LARGEST)
    return Kernel(np.round(values / scale).astype(np.int8), scale.astype(np.float32))


def as_stored(arrays: dict[str, Float32Array], *, int8: bool) -> dict[str, Float32Array]:
    """Gives all arrays of a decoder as a program calculates with them."""
    return {
        name: store_kernel(values, int8=int8).exact if name.endswith(_KERNEL) else values
        for name, values in arrays.items()
    }


def n_constant_bytes(arrays: dict[str, Float32Array], *, int8: bool) -> int:
    """What a decoder's arrays take in a program, with the outputs that only fill a block."""
    n_bytes = 0
    for name, values in arrays.items():
        if name.endswith(_KERNEL):
            n_in, n_out = values.shape
            n_bytes += n_in * -(-n_out // LANES) * LANES * (1 if int8 else 4)
            n_bytes += 4 * n_out * int8
        else:
            n_bytes += 4 * values.size
    return n_bytes


def write_array(kind: str, name: str, values: Any) -> str:
    """Declares a constant array; each number is the shortest that reads back as the same."""
    flat = np.ravel(values)
    numbers = flat.astype(str).tolist()
    if flat.dtype == np.float32:
        numbers = [f"{number}f" for number in numbers]
    lines = [
        "    " + ", ".join(numbers[start : start + _PER_LINE]) + ","
        for start in range(0, len(numbers), _PER_LINE)
    ]
    return f"static const {kind} {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def write_dense(name: str, values: Float32Array, bias: Float32Array, *, int8: bool) -> str:
    """Declares a dense layer."""
    kernel = store_kernel(values, int8=int8)
    n_in, n_out = values.shape
    padded = np.pad(kernel.weights, [(0, 0), (0, -n_out % LANES)])
    blocks = padded.reshape([n_in, -1, LANES]).transpose(1, 0, 2)
    text = write_array("weight", f"{name}_kernel", blocks)
    members = [str(n_in), str(n_out), f"{name}_kernel"]
    if kernel.scale is not None:
        text += write_array("float", f"{name}_scale", kernel.scale)
        members.append(f"{name}_scale")
    text += write_array("float", f"{name}_bias", bias)
    members.append(f"{name}_bias")
    return f"{text}static const struct dense {name} = {{{', '.join(members)}}};\n\n"


def write_norm(name: str, gain: Float32Array, offset: Float32Array) -> str:
    """Declares what a layer normalisation scales and adds."""
    return (
        write_array("float", f"{name}_gain", gain)
        + write_array("float", f"{name}_offset", offset)
        + f"static const struct norm {name}_norm = {{{name}_gain, {name}_offset}};\n\n"
    )
