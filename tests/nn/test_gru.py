"""The GRU against Keras' own: outputs, states, gradients, weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_layer

from ddsp_tf.nn import Gru, gru_scan

UNITS, CHANNELS = 7, 5


def _sequence(batch: int, n_frames: int, *, dtype: str = "float32", seed: int = 1) -> tf.Tensor:
    drawn = np.random.default_rng(seed).normal(size=[batch, n_frames, CHANNELS])
    return tf.constant(drawn, dtype)


def _pair(dtype: str) -> tuple[Gru, keras.layers.GRU]:
    """Makes both with the same random weights, biases included."""
    keras.utils.set_random_seed(3)
    ours = Gru(UNITS, dtype=dtype)
    theirs = keras.layers.GRU(
        UNITS, return_sequences=True, return_state=True, dtype=dtype, use_cudnn=False
    )
    for layer in (ours, theirs):
        layer.build((None, None, CHANNELS))
    rng = np.random.default_rng(4)
    theirs.set_weights([0.5 * rng.normal(size=w.shape) for w in theirs.weights])
    ours.set_weights(theirs.get_weights())
    return ours, theirs


@pytest.mark.parametrize("initial", [False, True])
@pytest.mark.parametrize("n_frames", [1, 2, 7, 131])
def test_equals_keras_in_float64(n_frames: int, initial: bool) -> None:
    ours, theirs = _pair("float64")
    sequence = _sequence(3, n_frames, dtype="float64")
    state = tf.constant(np.random.default_rng(5).normal(size=[3, UNITS]))
    start = {"initial_state": state} if initial else {}
    weights = tf.constant(np.random.default_rng(6).normal(size=[3, n_frames, UNITS]))
    results = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch((sequence, state))
            states, last = layer(sequence, **start)
            total = tf.reduce_sum(weights * states) + tf.reduce_sum(tf.square(last))
        gradients = tape.gradient(total, [sequence, state, *(w.value for w in layer.weights)])
        results.append([states, last, *gradients])
    # Long sequences go back in several chunks.
    for one, other in zip(*results, strict=True):
        if other is None:
            assert one is None
            assert not initial
        else:
            np.testing.assert_allclose(one, other, atol=1e-12)


def test_equals_keras_in_float32_over_a_second() -> None:
    ours, theirs = (tf.function(layer, autograph=False) for layer in _pair("float32"))
    sequence = _sequence(1, 250)
    np.testing.assert_allclose(ours(sequence)[0], theirs(sequence)[0], atol=1e-5)


@pytest.mark.parametrize(
    ("way", "n_frames"),
    [
        ("compiled", 259),
        ("unknown length", 129),
        *(
            pytest.param(way, n_frames, marks=pytest.mark.slow)
            for way in ("compiled", "unknown length")
            for n_frames in (2, 128, 256, 257)
        ),
    ],
)
def test_chunks_of_the_gradient_fit_any_length(n_frames: int, way: str) -> None:
    """The gradient goes back in chunks, with or without frames that don't fill one."""
    ours, _ = _pair("float32")
    sequence = _sequence(1, n_frames)

    def slopes(sequence: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(sequence)
            total = tf.reduce_sum(tf.sin(ours(sequence)[0]))
        return tape.gradient(total, [sequence, *(w.value for w in ours.weights)])

    expected = slopes(sequence)
    ours.jit_compile = way == "compiled"
    shape = [1, n_frames if ours.jit_compile else None, CHANNELS]
    graph = tf.function(slopes, autograph=False, input_signature=[tf.TensorSpec(shape)])
    for one, other in zip(graph(sequence), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("n_frames", [1, 6])
def test_frames_may_come_first(n_frames: int) -> None:
    ours, _ = _pair("float64")
    sequence = _sequence(3, n_frames, dtype="float64")
    states, last = ours(sequence)
    turned, turned_last = ours(tf.transpose(sequence, [1, 0, 2]), time_major=True)
    np.testing.assert_allclose(tf.transpose(turned, [1, 0, 2]), states, atol=1e-12)
    np.testing.assert_allclose(turned_last, last, atol=1e-12)


@pytest.mark.parametrize("time_major", [False, True])
def test_the_way_through_keras_for_gpus_gives_the_same(time_major: bool) -> None:
    ours, _ = _pair("float64")
    names = [weight.path for weight in ours.weights]
    sequence = _sequence(3, 6, dtype="float64")
    state = tf.constant(np.random.default_rng(5).normal(size=[3, UNITS]))
    weighting = tf.constant(np.random.default_rng(6).normal(size=sequence.shape[:2]))
    results = []
    for through_keras in (False, True):
        if through_keras:
            ours.use_cudnn(CHANNELS)
        with tf.GradientTape() as tape:
            tape.watch((sequence, state))
            inputs = tf.transpose(sequence, [1, 0, 2]) if time_major else sequence
            states, last = ours(inputs, initial_state=state, time_major=time_major)
            states = tf.transpose(states, [1, 0, 2]) if time_major else states
            total = tf.reduce_sum(weighting[..., tf.newaxis] * states) + tf.reduce_sum(last**2)
        gradients = tape.gradient(total, [sequence, state, *(w.value for w in ours.weights)])
        results.append([states, last, *gradients])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)
    assert [weight.path for weight in ours.weights] == names  # the detour owns no weights


def test_weights_go_both_ways() -> None:
    ours, theirs = _pair("float32")
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    ours.set_weights([2 * w for w in ours.get_weights()])
    theirs.set_weights(ours.get_weights())
    sequence = _sequence(2, 9)
    np.testing.assert_allclose(ours(sequence)[0], theirs(sequence)[0], atol=1e-6)


def test_gradients_equal_finite_differences() -> None:
    rng = np.random.default_rng(7)
    arguments = [
        tf.constant(0.7 * rng.normal(size=shape))
        for shape in ([3, 1, 4], [1, 2], [4, 6], [2, 6], [2, 6])
    ]
    analytic, numeric = tf.test.compute_gradient(
        tf.function(gru_scan, autograph=False), arguments, delta=1e-5
    )
    for one, other in zip(analytic, numeric, strict=True):
        assert np.abs(other).max() > 0.01
        np.testing.assert_allclose(one, other, atol=1e-8)


def test_a_sequence_in_pieces_is_the_sequence() -> None:
    ours, _ = _pair("float32")
    sequence = _sequence(2, 20)
    whole, last = ours(sequence)
    state, pieces = ours.initial_state(2), []
    for start, stop in ((0, 1), (1, 8), (8, 20)):
        piece, state = ours(sequence[:, start:stop], initial_state=state)
        pieces.append(piece)
    np.testing.assert_allclose(tf.concat(pieces, axis=1), whole, atol=1e-6)
    np.testing.assert_allclose(state, last, atol=1e-6)


def test_is_initialised_as_keras_does() -> None:
    keras.utils.set_random_seed(1)
    gru = Gru(64)
    gru.build((None, None, 32))
    kernel, recurrent, bias = gru.get_weights()
    assert kernel.std() == pytest.approx(np.sqrt(2 / (32 + 3 * 64)), rel=0.1)
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(64), atol=1e-4)
    np.testing.assert_array_equal(bias, 0)


def test_holds_the_contract() -> None:
    def make() -> Gru:
        gru = Gru(UNITS)
        gru.build((None, None, CHANNELS))
        rng = np.random.default_rng(8)
        gru.set_weights([0.5 * rng.normal(size=w.shape) for w in gru.weights])
        return gru

    check_layer(
        make,
        lambda batch, n_frames: {"inputs": _sequence(batch, n_frames)},
        call=lambda gru, inputs: gru(inputs["inputs"]),
    )


def test_compiled_in_eager_mode_under_a_tape_has_the_same_gradients() -> None:
    layer, sequence = Gru(UNITS), _sequence(3, 150)
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


def test_inputs_may_come_projected() -> None:
    rng = np.random.default_rng(8)
    shapes = ([140, 2, CHANNELS], [2, UNITS], [CHANNELS, 3 * UNITS], [UNITS, 3 * UNITS])
    inputs, state, kernel, recurrent = (
        tf.constant(0.4 * rng.normal(size=shape)) for shape in shapes
    )
    bias = tf.constant(0.4 * rng.normal(size=[2, 3 * UNITS]))
    tensors = (inputs, state, kernel, recurrent, bias)
    results = []
    for projected in (False, True):
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            if projected:
                states = gru_scan(tf.tensordot(inputs, kernel, 1), state, None, recurrent, bias)
            else:
                states = gru_scan(inputs, state, kernel, recurrent, bias)
            loss = tf.reduce_sum(tf.sin(3.0 * states))
        results.append([states, *tape.gradient(loss, tensors)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-10)
