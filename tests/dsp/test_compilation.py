"""Gradients of our own, and the graphs that go without."""

import tensorflow as tf

from ddsp_tf.dsp.compilation import custom_gradient, only_played


@custom_gradient
def squared(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Whose gradient is none of the square's, to be told from it."""
    return x * x, lambda upstream: 100.0 * upstream


def slope(x: float) -> float:
    given = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(given)
        result = squared(given)
    return float(tape.gradient(result, given))


def test_only_graphs_that_are_only_played_go_without() -> None:
    ordinary = tf.function(lambda x: squared(x), autograph=False)
    played = tf.function(only_played()(lambda x: squared(x)), autograph=False)
    given = tf.constant(3.0)
    for function, expected in ((ordinary, 100.0), (played, 6.0)):
        with tf.GradientTape() as tape:
            tape.watch(given)
            result = function(given)
        assert float(result) == 9.0
        assert float(tape.gradient(result, given)) == expected
    with only_played():
        assert slope(3.0) == 100.0, "eager mode keeps nothing"
    assert slope(3.0) == 100.0
