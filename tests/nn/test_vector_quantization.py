"""The codebook: the nearest code, straight-through gradients, and codes that find clusters."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import VectorQuantization


def test_it_gives_the_nearest_code_and_the_inputs_gradient() -> None:
    layer = VectorQuantization(6)
    inputs = tf.constant(np.random.default_rng(0).normal(size=[2, 7, 3]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        given, codes = layer(inputs)
        total = tf.reduce_sum(given * 3.0)
    book = layer.codebook.numpy()
    apart = np.linalg.norm(inputs.numpy()[..., np.newaxis, :] - book, axis=-1)
    np.testing.assert_array_equal(codes, apart.argmin(axis=-1))
    np.testing.assert_allclose(given, book[codes.numpy()], atol=1e-6)
    np.testing.assert_allclose(tape.gradient(total, inputs), np.full([2, 7, 3], 3.0))
    assert not layer.losses


def test_codes_become_the_means_of_clusters_and_the_loss_their_spread() -> None:
    keras.utils.set_random_seed(1)
    layer = VectorQuantization(2, decay=0.8, commitment=0.5)
    random = np.random.default_rng(2)
    centres = np.array([[-2.0, 1.0], [2.0, -1.0]])
    layer.build((None, 2))
    layer.codebook.assign([[-0.1, 0.0], [0.1, 0.0]])
    for _ in range(60):
        points = centres[random.integers(2, size=200)] + 0.1 * random.normal(size=[200, 2])
        layer(tf.constant(points, tf.float32), training=True)
    np.testing.assert_allclose(layer.codebook, centres, atol=0.03)
    (loss,) = layer.losses
    assert float(loss) == pytest.approx(0.5 * 0.01, rel=0.2)


def test_it_is_rebuilt_and_refuses_nonsense() -> None:
    layer = VectorQuantization.from_config(VectorQuantization(3, commitment=0.1).get_config())
    assert (layer.n_codes, layer.decay, layer.commitment) == (3, 0.99, 0.1)
    with pytest.raises(ArgumentError, match="`n_codes` should be at least 1"):
        VectorQuantization(0)
