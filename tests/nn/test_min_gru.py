"""The minimal GRU: both scans against the definition, gradients, pieces, memory."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_layer, check_modes_agree

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import MinGru, gated_scan

UNITS, CHANNELS = 6, 5


def _draw(n_frames: int, dtype: str = "float64", *, batch: int = 2) -> list[tf.Tensor]:
    rng = np.random.default_rng(1)
    shapes = ([n_frames, batch, UNITS], [n_frames, batch, UNITS], [batch, UNITS])
    return [tf.constant(2 * rng.normal(size=shape), dtype) for shape in shapes]


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("n_frames", [1, 2, 13])
def test_is_the_recurrence(n_frames: int, at_once: bool) -> None:
    update, candidate, state = (x.numpy() for x in _draw(n_frames))
    expected = []
    for u, c in zip(update, candidate, strict=True):
        gate = 1 / (1 + np.exp(-u))
        state = (1 - gate) * state + gate * c
        expected.append(state)
    np.testing.assert_allclose(
        gated_scan(*_draw(n_frames), at_once=at_once), np.stack(expected), atol=1e-13
    )


@pytest.mark.parametrize("at_once", [False, True])
def test_gradients_equal_finite_differences(at_once: bool) -> None:
    function = tf.function(lambda *x: gated_scan(*x, at_once=at_once), autograph=False)
    analytic, numeric = tf.test.compute_gradient(function, _draw(4, batch=1), delta=1e-5)
    for one, other in zip(analytic, numeric, strict=True):
        assert np.abs(other).max() > 0.01
        np.testing.assert_allclose(one, other, atol=1e-8)


@pytest.mark.parametrize("at_once", [False, True])
def test_every_mode_agrees_for_every_length(at_once: bool) -> None:
    names = ("update", "candidate", "initial_state")
    check_modes_agree(
        lambda **x: gated_scan(*(x[name] for name in names), at_once=at_once),
        dict(zip(names, _draw(9, "float32"), strict=True)),
        dict(zip(names, _draw(4, "float32", batch=1), strict=True)),
    )


def test_extreme_gates_stay_finite_in_both_directions() -> None:
    arguments = [100.0 * x for x in _draw(60, "float32")]
    largest = np.max(np.abs(np.concatenate([arguments[1].numpy(), arguments[2][None]])))
    for at_once in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            states = gated_scan(*arguments, at_once=at_once)
        assert np.max(np.abs(states)) <= largest * (1 + 1e-5)
        for gradient in tape.gradient(states, arguments):
            assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("blocks", [(1, 7, 12), (20,), (1,) * 20])
def test_a_sequence_in_pieces_is_the_sequence(blocks: tuple[int, ...]) -> None:
    layer = MinGru(UNITS)
    sequence = tf.random.stateless_normal([20, 2, CHANNELS], [1, 2])
    whole, last = layer(sequence)
    state, pieces = layer.initial_state(2), []
    for block in tf.split(sequence, blocks):
        piece, state = layer(block, initial_state=state)
        pieces.append(piece)
    np.testing.assert_allclose(tf.concat(pieces, axis=0), whole, atol=1e-6)
    np.testing.assert_allclose(state, last, atol=1e-6)


def test_units_remember_from_one_frame_to_the_longest() -> None:
    layer = MinGru(4, longest_frames=64.0)
    layer.build((None, None, 1))
    # A step to 1 at the candidates; the gates see nothing but their biases.
    kernel, bias = layer.get_weights()
    bias[4:] = 1.0
    layer.set_weights([0 * kernel, bias])
    states = layer(tf.ones([64, 1, 1]))[0].numpy()[:, 0]
    for unit, frames in enumerate((1, 4, 16, 64)):
        assert states[frames - 1, unit] == pytest.approx(1 - np.exp(-1), abs=1e-4)


def test_holds_the_contract() -> None:
    def make() -> MinGru:
        layer = MinGru(UNITS, longest_frames=20.0)
        layer.build((None, None, CHANNELS))
        rng = np.random.default_rng(8)
        layer.set_weights([0.5 * rng.normal(size=w.shape) for w in layer.weights])
        return layer

    rng = np.random.default_rng(1)
    check_layer(
        make,
        lambda batch, n_frames: {
            "inputs": tf.constant(rng.normal(size=[n_frames, batch, CHANNELS]), tf.float32)
        },
        call=lambda layer, inputs: layer(inputs["inputs"]),
    )


def test_refuses_a_memory_of_one_frame() -> None:
    message = r"`longest_frames` should be more than 1\. Received 1\.0\."
    with pytest.raises(ArgumentError, match=message):
        MinGru(4, longest_frames=1.0)


def test_compiled_in_eager_mode_under_a_tape_has_the_same_gradients() -> None:
    layer, sequence = MinGru(UNITS), tf.random.stateless_normal([50, 2, CHANNELS], [3, 4])
    layer(sequence)
    results = []
    for jit_compile in (False, True):
        layer.jit_compile = jit_compile
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            states, last = layer(sequence)
            total = tf.reduce_sum(tf.square(states)) + tf.reduce_sum(last)
        sources = [sequence, *(weight.value for weight in layer.weights)]
        results.append([states, *tape.gradient(total, sources)])
    for plain, compiled in zip(*results, strict=True):
        scale = np.max(np.abs(plain))
        assert scale > 0
        np.testing.assert_allclose(compiled, plain, atol=1e-5 * scale)
