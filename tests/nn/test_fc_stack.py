"""The MLP stack against NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_layer

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import FcStack
from ddsp_tf.nn.fc_stack import fc_stack


def _inputs(batch: int, n_frames: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=[batch, n_frames, 3]).astype(np.float32)


def test_is_dense_then_normalization_then_leaky_relu() -> None:
    stack = FcStack(6, 2)
    stack.build((None, None, 3))
    rng = np.random.default_rng(2)
    stack.set_weights([rng.normal(size=w.shape) for w in stack.weights])
    outputs = _inputs(2, 4).astype(np.float64)
    for dense, normalization in zip(stack.dense, stack.normalization, strict=True):
        kernel, bias = dense.get_weights()
        gain, shift = normalization.get_weights()
        outputs = outputs @ kernel + bias
        mean, variance = outputs.mean(-1, keepdims=True), outputs.var(-1, keepdims=True)
        outputs = (outputs - mean) / np.sqrt(variance + 1e-3) * gain + shift
        outputs = np.where(outputs > 0, outputs, 0.2 * outputs)
    np.testing.assert_allclose(stack(_inputs(2, 4)), outputs, atol=1e-4)


def test_gradients_equal_automatic_ones_in_float64() -> None:
    stack = FcStack(6, 3, dtype="float64")
    stack.build((None, None, 5))
    rng = np.random.default_rng(3)
    stack.set_weights([rng.normal(size=w.shape) for w in stack.weights])
    inputs = tf.constant(rng.normal(size=[2, 4, 5]))
    weighting = rng.normal(size=[2, 4, 6])

    def layer_by_layer(outputs: tf.Tensor) -> tf.Tensor:
        for dense, normalization in zip(stack.dense, stack.normalization, strict=True):
            outputs = tf.nn.leaky_relu(normalization(dense(outputs)), alpha=0.2)
        return outputs

    def in_two_parts(inputs: tf.Tensor) -> tf.Tensor:
        return stack([inputs[..., :2], inputs[..., 2:]])

    results = []
    for function in (layer_by_layer, stack, in_two_parts):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total = tf.reduce_sum(weighting * function(inputs))
        variables = [variable.value for variable in stack.trainable_variables]
        results.append([total, *tape.gradient(total, [inputs, *variables])])
    for expected, *others in zip(*results, strict=True):
        for other in others:
            np.testing.assert_allclose(other, expected, atol=1e-12)


def test_no_layers_pass_the_input_on() -> None:
    stack = FcStack(6, 0)
    np.testing.assert_array_equal(stack(_inputs(2, 4)), _inputs(2, 4))
    assert stack.weights == []
    assert stack.output_channels(3) == 3
    np.testing.assert_array_equal(stack([_inputs(2, 4)] * 2)[..., 3:], _inputs(2, 4))


def test_frames_do_not_mix() -> None:
    stack = FcStack(6, 2)
    inputs = _inputs(1, 5)
    whole = stack(inputs).numpy()
    inputs[:, 3:] = 0
    np.testing.assert_allclose(stack(inputs)[:, :3], whole[:, :3], atol=1e-6)
    assert np.max(np.abs(stack(inputs)[:, 3:] - whole[:, 3:])) > 0.01


def test_holds_the_contract() -> None:
    check_layer(
        lambda: FcStack(6, 2),
        lambda batch, n_frames: {"inputs": tf.constant(_inputs(batch, n_frames))},
        call=lambda stack, inputs: stack(inputs["inputs"]),
    )


def test_refuses_a_negative_number_of_layers() -> None:
    with pytest.raises(ArgumentError, match=r"`n_layers` should not be negative\. Received -1\."):
        FcStack(6, -1)


def test_compiled_in_float64_has_the_gradients_of_eager_mode() -> None:
    rng = np.random.default_rng(4)
    rows = tf.constant(rng.normal(size=[5, 3]))
    parameters = [tf.constant(rng.normal(size=shape)) for shape in ([3, 6], [6], [6], [6])]
    results = []
    for jit_compile in (False, True):
        with tf.GradientTape() as tape:
            tape.watch([rows, *parameters])
            outputs = fc_stack([rows], parameters, jit_compile=jit_compile)
        assert outputs.dtype == tf.float64
        results.append([outputs, *tape.gradient(outputs, [rows, *parameters])])
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, atol=1e-12)
