"""How weights are stored in a file, where not as they are."""

from typing import Literal

Quantization = Literal["float16", "int8"]
"""Halves, or whole numbers with a scale a channel."""
