"""Compiling the parts that gain by it, and gradients where they are wanted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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


_ONLY_PLAYED: ContextVar[bool] = ContextVar("only_played", default=False)


@contextmanager
def only_played() -> Iterator[None]:
    """Leaves gradients of our own out of the graphs that are traced meanwhile.

    TensorFlow registers a gradient of each custom gradient in a graph, and never forgets it, nor
    the graph: a process that makes one instrument after the other would grow by megabytes each.
    What differentiates such a graph gets the operations' ordinary gradients, and none of loops.
    """
    before = _ONLY_PLAYED.set(True)
    try:
        yield
    finally:
        _ONLY_PLAYED.reset(before)


def played_graph(function: Callable[..., Any], inputs: Sequence[tf.TensorSpec]) -> Any:
    """Traces a function as one graph that is `only_played`.

    Args:
        function: Of as many tensors as there are inputs; traced without autograph.
        inputs: Their shapes, types and names.

    Returns:
        The concrete function.
    """
    with only_played():
        return tf.function(function, inputs, autograph=False).get_concrete_function()


def custom_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    """`tf.custom_gradient`, left out of graphs that are `only_played`.

    Args:
        function: Takes tensors; gives what it makes of them, and the function that makes their
            gradients of that of the result.
    """
    with_gradient = tf.custom_gradient(function)

    def call(*tensors: Any) -> Any:
        if _ONLY_PLAYED.get() and not tf.executing_eagerly():
            return function(*map(tf.convert_to_tensor, tensors))[0]
        return with_gradient(*tensors)

    return call
