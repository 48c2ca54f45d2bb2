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


def unrecorded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a function that eager tapes don't look into, as its gradient is given elsewhere.

    In eager mode a tape records what is called inside a custom gradient too. Of a compiled loop it
    would want all that the loop made, which XLA can't hand out; of chunks it would keep what they
    are there not to keep. Second derivatives don't pass through what the function gives, so its
    gradient should depend on its arguments alone.
    """

    def call(*tensors: Any) -> Any:
        if not tf.executing_eagerly():
            return function(*tensors)
        with tf.init_scope():  # Pauses all tapes.
            return function(*tensors)

    return call
