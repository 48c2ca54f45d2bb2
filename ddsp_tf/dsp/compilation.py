"""Compiling the parts that gain by it."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def compiled(function: Callable[..., Any], enabled: bool) -> Callable[..., Any]:
    """Gives a function of tensors as XLA compiles it, or as it is.

    Small parts are compiled one by one: what a compiled part keeps for its gradient is copied, and
    the more of a model is one part, the more that is.

    Args:
        function: Traced without autograph, once for each set of shapes.
        enabled: Whether to compile it.
    """
    return tf.function(function, jit_compile=True, autograph=False) if enabled else function
