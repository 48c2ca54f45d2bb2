"""Each rule says in ONNX what TensorFlow computes."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ExportError
from ddsp_tf.export.onnx.onnx_file import OnnxRunner, convert_to_onnx

X = np.random.default_rng(0).normal(size=[3, 4, 6]).astype(np.float32)
KERNEL = X.transpose(0, 2, 1)

NORMALIZATION = keras.layers.LayerNormalization()
NORMALIZATION.build(X.shape)

CASES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "slices": lambda x: tf.concat([x[:, 1:3, ::2], x[:, -2:, 1::2]], axis=-1),
    "slices backwards": lambda x: x[::-1, 3:0:-2] + x[:, :2],
    "new and dropped axes": lambda x: x[1, tf.newaxis, ..., 2, tf.newaxis] * x[..., -1:][0],
    "begin and size": lambda x: tf.slice(x, [0, 1, 2], [-1, 2, 3]),
    "splits": lambda x: (
        tf.concat(tf.split(x, [1, 3], axis=1)[::-1], axis=1) + tf.split(x, 2, 2)[1][..., :1]
    ),
    "stack and unstack": lambda x: tf.stack(tf.unstack(x, axis=1)[::-1], axis=-1),
    "reductions": lambda x: tf.reduce_mean(x, [0, 2]) + tf.reduce_sum(tf.reduce_max(x, -1), 0),
    "kept axes": lambda x: x - tf.reduce_min(x, 1, keepdims=True),
    "matrix products": lambda x: tf.matmul(x, x, transpose_b=True) @ tf.ones([3, 4, 2]),
    "transposed": lambda x: tf.matmul(x[0], x[1], transpose_a=True) + tf.transpose(x[:1])[0, 0],
    "layer normalisation": lambda x: NORMALIZATION(x),
    "activations": lambda x: tf.nn.leaky_relu(x, 0.2) + tf.nn.relu(x) + tf.math.log_sigmoid(x),
    "roots": lambda x: tf.sqrt(tf.abs(x)) + tf.math.rsqrt(1.0 + tf.square(x)) + tf.math.log1p(x**2),
    "chosen": lambda x: tf.where((x > 0.1) & ~(x >= 1.0), x, tf.tanh(x) / 2.0),
    "quotients": lambda x: tf.math.divide_no_nan(x, tf.nn.relu(x[:, :1])),
    "strongest": lambda x: tf.cast(tf.argmax(x, axis=-1, output_type=tf.int32), tf.float32),
    "gathered": lambda x: tf.gather(x, [2, 0, 0], axis=1),
    "padded": lambda x: tf.pad(x, [[0, 0], [1, 2], [0, 1]], constant_values=2.0),
    "tiled": lambda x: tf.tile(x[:, :1], [1, 2, 1]) + tf.broadcast_to(x[0, 0], [3, 2, 6]),
    "convolved": lambda x: tf.nn.conv1d(x, tf.constant(X[:, :2, :].transpose(0, 2, 1)), 2, "SAME"),
    "convolved inside": lambda x: tf.nn.conv1d(
        x, tf.constant(X[:3].transpose(0, 2, 1)), 1, "VALID"
    ),
    "constant": lambda x: tf.zeros_like(x) + tf.range(6, dtype=tf.float32),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule(name: str) -> None:
    function = CASES[name]
    graph = tf.function(
        lambda x: {"y": function(x)},
        [tf.TensorSpec(X.shape, tf.float32, "x")],
        autograph=False,
    ).get_concrete_function()
    found = OnnxRunner(convert_to_onnx(graph, name="case"))({"x": X})["y"]
    expected = graph(x=tf.constant(X))["y"].numpy()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_an_operation_without_a_rule_is_named() -> None:
    graph = tf.function(
        lambda x: {"y": tf.signal.rfft(x)},
        [tf.TensorSpec([8], tf.float32, "x")],
        autograph=False,
    ).get_concrete_function()
    with pytest.raises(ExportError, match=r"the operation `RFFT`.*--target litert or saved_model"):
        convert_to_onnx(graph, name="case")
