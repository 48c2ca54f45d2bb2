"""What a LiteRT file holds, read without running it."""

from dataclasses import dataclass

from ddsp_tf.errors import ModelError
from ddsp_tf.export.file_tensor import FileTensor
from ddsp_tf.export.litert.flatbuffer import Table, damaged

IDENTIFIER = b"TFL3"
LARGEST_FILE = 2**31 - 1
"""Offsets in a flatbuffer have 32 bits, one of them for the sign."""

_TYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64"),
    *("int8", "float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16"),
)
_CUSTOM = 32


@dataclass(frozen=True)
class LiteRtContents:
    """A file.

    Args:
        inputs: In their order in the file.
        outputs: In their order in the file.
        signatures: Names of its functions.
        n_operations: Steps of the graph.
        custom_operations: Names of those that are not built into LiteRT.
        n_weight_bytes: What the constants take.
    """

    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]
    signatures: tuple[str, ...]
    n_operations: int
    custom_operations: tuple[str, ...]
    n_weight_bytes: int


def read_litert(content: bytes) -> LiteRtContents:
    """Reads the description in a LiteRT file. Nothing in it is run, and no weight is copied.

    Args:
        content: The file, with or without an archive at its end.

    Raises:
        ModelError: It is another kind of file, or contradicts itself.
    """
    if len(content) > LARGEST_FILE:
        raise ModelError("The file is larger than 2 GiB, and a LiteRT file can't be.")
    model = Table.root(content, identifier=IDENTIFIER)
    graphs = list(model.tables(2))
    if not graphs:
        raise damaged("it has no graph")
    graph = graphs[0]
    tensors = [_tensor(table) for table in graph.tables(0)]
    codes = list(model.tables(1))
    operators = [table.scalar(0, "<I", 0) for table in graph.tables(3)]
    if any(index >= len(codes) for index in operators):
        raise damaged("it uses an operation that it does not list")
    custom = {name for index in set(operators) if (name := _custom_name(codes[index]))}
    return LiteRtContents(
        inputs=_pick(tensors, graph.integers(1)),
        outputs=_pick(tensors, graph.integers(2)),
        signatures=tuple(table.text(2) for table in model.tables(7)),
        n_operations=len(operators),
        custom_operations=tuple(sorted(custom)),
        n_weight_bytes=sum(table.data_length(0) for table in model.tables(4)),
    )


def _tensor(table: Table) -> FileTensor:
    kind = table.scalar(1, "<b", 0)
    dtype = _TYPES[kind] if 0 <= kind < len(_TYPES) else f"type {kind}"
    # The signature, if there is one, has -1 where the shape has a size for the time being.
    shape = table.integers(7) or table.integers(0)
    return FileTensor(table.text(3), tuple(shape), dtype)


def _custom_name(code: Table) -> str | None:
    """The name of an operation that is not built in; the older field holds small numbers."""
    number = max(code.scalar(0, "<b", 0), code.scalar(3, "<i", 0))
    return (code.text(1) or "unnamed") if number == _CUSTOM or code.text(1) else None


def _pick(tensors: list[FileTensor], indices: list[int]) -> tuple[FileTensor, ...]:
    if any(not 0 <= index < len(tensors) for index in indices):
        raise damaged("it names a tensor that it does not hold")
    return tuple(tensors[index] for index in indices)
