"""Mutants of a module: each is its source with one small fault in it.

What no test should have to notice is left as it is: docstrings, annotations, imports, decorators,
`__all__`, texts, and what an error says.
"""

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OTHER: dict[type[ast.AST], Any] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_SKIPPED = (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr, ast.arg)


@dataclass(frozen=True)
class Mutant:
    """One fault: a piece of a file's source and what stands there instead.

    Args:
        module: The file, relative to the repository.
        kind: Of the fault.
        start: Of the piece, in bytes from the start of the file.
        end: Of the piece, likewise.
        text: What stands there instead.
    """

    module: str
    kind: str
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """Gives the source with the fault."""
        return source[: self.start] + self.text.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """Gives the lines that differ, as a unified diff without context."""
        before, after = source.decode(), self.apply(source).decode()
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), self.module, self.module, n=0, lineterm=""
        )
        return "\n".join(lines)


def mutants_of(root: Path, module: str) -> list[Mutant]:
    """Makes every mutant of a module, in the order of its source.

    Args:
        root: Of the repository.
        module: The file, relative to it.
    """
    source = (root / module).read_bytes()
    lines = source.splitlines(keepends=True)
    starts = [sum(map(len, lines[:i])) for i in range(len(lines) + 1)]

    def mutant(node: ast.expr | ast.stmt, kind: str, text: str) -> Mutant:
        last, column = node.end_lineno or node.lineno, node.end_col_offset or 0
        start = starts[node.lineno - 1] + node.col_offset
        return Mutant(module, kind, start, starts[last - 1] + column, text)

    found = [
        mutant(replaced, kind, text)
        for node in _mutable(ast.parse(source))
        for replaced, kind, text in _faults(node)
    ]
    return sorted(found, key=lambda m: (m.start, m.end))


def _mutable(node: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Walks through what may be mutated."""
    if isinstance(node, _SKIPPED) or _is_declaration(node):
        return
    if isinstance(node, ast.expr | ast.stmt):
        yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _mutable(child)


def _is_declaration(node: ast.AST) -> bool:
    """Whether it is a text, a type, or what only type checkers read."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets) or (
            # A type's name: `Batch = Mapping[str, Any]`.
            isinstance(node.value, ast.Subscript)
            and isinstance(node.value.value, ast.Name)
            and node.value.value.id in ("Callable", "Literal", "Mapping", "Sequence", "dict")
        )
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _faults(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    """Gives the faults of a node: the node to replace, the kind, and what stands there instead."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            ops = [*node.ops[:i], _OTHER[type(op)](), *node.ops[i + 1 :]]
            swapped = ast.Compare(node.left, ops, node.comparators)
            yield node, "comparison", f"({ast.unparse(swapped)})"
    elif isinstance(node, ast.BinOp) and type(node.op) in _OTHER:
        other = ast.BinOp(node.left, _OTHER[type(node.op)](), node.right)
        yield node, "arithmetic", f"({ast.unparse(other)})"
    elif isinstance(node, ast.BoolOp):
        either = ast.BoolOp(_OTHER[type(node.op)](), node.values)
        yield node, "boolean", f"({ast.unparse(either)})"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node, "sign", f"({ast.unparse(node.operand)})"
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield node, "boolean", str(not node.value)
        elif isinstance(node.value, int):
            yield node, "off by one", str(node.value + 1)
        elif isinstance(node.value, float):
            yield node, "constant", repr(2.0 * node.value or 1.0)
    elif isinstance(node, ast.Return) and node.value is not None:
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield node, "return", "return None"
    elif isinstance(node, ast.Expr | ast.AugAssign):
        yield node, "removed statement", "pass"
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield node.test, "condition", f"(not ({ast.unparse(node.test)}))"
