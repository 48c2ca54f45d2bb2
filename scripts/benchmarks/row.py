"""A row of the benchmarks: what is measured together, and kept together."""

from collections.abc import Callable
from dataclasses import dataclass

from line import Line
from session import Session


class LeftOutError(RuntimeError):
    """A row can't be measured here, for a reason that is no failure."""


@dataclass(frozen=True)
class Row:
    """Measured as a whole or not at all.

    Attributes:
        name: To choose it by.
        about: What it measures.
        measure: Gives the lines of the table.
        with_peer: Whether the predecessor is measured beside.
        cpu_only: Why it says nothing on a GPU; empty if it does.
    """

    name: str
    about: str
    measure: Callable[[Session], list[Line]]
    with_peer: bool = False
    cpu_only: str = ""
