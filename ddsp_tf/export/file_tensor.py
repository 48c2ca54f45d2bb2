"""An input or output that a model file states."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class FileTensor:
    """An input or output of a file's graph.

    Args:
        name: In the file.
        shape: Sizes; -1 where they are free.
        dtype: Such as "float32".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str

    @property
    def size(self) -> int:
        """Numbers in it; negative if a size is free."""
        return math.prod(self.shape) if all(size >= 0 for size in self.shape) else -1
