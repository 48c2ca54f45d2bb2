"""Pruning exactly as scheduled, and pairs of weights below their limit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import BlockSparse, DualFc, PairClip
from ddsp_tf.nn.block_sparse import clip_pairs, prune_blocks

UNITS = 64
N_BLOCKS = UNITS // 4 * (UNITS // 8)
PUBLISHED = (0.05, 0.05, 0.2)


def kept_blocks(matrix):
    """How many blocks of a gate hold something beside the diagonal."""
    others = matrix - np.diag(np.diag(matrix))
    return sum(
        bool(np.any(others[row : row + 4, column : column + 8]))
        for row in range(0, UNITS, 4)
        for column in range(0, UNITS, 8)
    )


def density(step, final, start=2000, end=20000):
    """The schedule, written once more."""
    rest = 1 - min(max((step - start) / (end - start), 0), 1)
    return 1 - (1 - final) * (1 - rest**3)


@pytest.mark.parametrize("step", [1, 2000, 2001, 3500, 11000, 19999, 20000, 50000])
def test_densities_are_the_published_schedules(step):
    weights = tf.random.stateless_normal([UNITS, 3 * UNITS], [1, 2])
    pruned = BlockSparse().pruned(weights, tf.constant(step)).numpy()
    for gate, final in enumerate(PUBLISHED):
        part = pruned[:, gate * UNITS : (gate + 1) * UNITS]
        whole = weights.numpy()[:, gate * UNITS : (gate + 1) * UNITS]
        assert kept_blocks(part) == round(density(step, final) * N_BLOCKS)
        np.testing.assert_array_equal(np.diag(part), np.diag(whole))
        np.testing.assert_array_equal(part[part != 0], whole[part != 0])


def test_the_strongest_blocks_stay():
    weights = np.full([16, 16], 0.1, np.float32)
    weights[4:8, 8:16] = 1.0
    pruned = prune_blocks(tf.constant(weights), 1 / 8).numpy()
    assert np.all(pruned[4:8, 8:16] == 1.0)
    np.testing.assert_array_equal(np.count_nonzero(pruned), 32 + 16)
    # Of equal ones as many stay, too.
    assert np.count_nonzero(prune_blocks(tf.ones([16, 16]), 0.25)) <= 2 * 32 + 16


def test_an_optimiser_prunes_step_by_step_and_counts_in_a_variable():
    constraint = BlockSparse(PUBLISHED, start_step=2, end_step=6)
    layer = keras.layers.Layer()
    weights = layer.add_weight(
        name="recurrent",
        shape=[UNITS, 3 * UNITS],
        initializer=keras.initializers.RandomNormal(seed=1),
        constraint=constraint,
    )
    constraint.steps = layer.add_weight(
        name="steps", shape=(), dtype="int32", initializer="zeros", trainable=False
    )
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build([weights])

    @tf.function(autograph=False)
    def step():
        gradient = tf.random.stateless_normal(weights.shape, tf.stack([constraint.steps.value, 7]))
        optimizer.apply([gradient], [weights])

    for number in range(1, 9):
        step()
        assert int(constraint.steps) == number
        for gate, final in enumerate(PUBLISHED):
            part = weights.numpy()[:, gate * UNITS : (gate + 1) * UNITS]
            expected = round(float(np.float32(density(number, final, 2, 6))) * N_BLOCKS)
            assert kept_blocks(part) == expected
        pairs = np.abs(weights.numpy()).reshape(UNITS // 2, 2, -1).sum(axis=1)
        assert pairs.max() <= 0.992


def test_pairs_are_scaled_down_and_others_stay():
    weights = np.random.default_rng(0).normal(0.0, 1.0, [7, 5]).astype(np.float32)
    clipped = clip_pairs(tf.constant(weights), 0.992).numpy()
    for first in range(0, 7, 2):
        before, after = np.abs(weights[first : first + 2]), np.abs(clipped[first : first + 2])
        assert np.all(after.sum(axis=0) <= 0.992)
        small = before.sum(axis=0) < 0.99
        np.testing.assert_array_equal(after[:, small], before[:, small])
    np.testing.assert_array_equal(np.sign(clipped), np.sign(weights))
    assert keras.constraints.deserialize(keras.constraints.serialize(PairClip(0.5))).limit == 0.5


def test_what_cannot_be_is_refused():
    with pytest.raises(ArgumentError, match=r"three shares above 0.*Received \(0.1, 2.0, 1.0\)"):
        BlockSparse((0.1, 2.0, 1.0))
    with pytest.raises(ArgumentError, match=r"before `end_step`.*Received 9, 9"):
        BlockSparse(start_step=9, end_step=9)


def test_dual_layers_are_their_formula():
    layer = DualFc(3)
    inputs = tf.random.stateless_normal([2, 4, 5], [3, 4])
    layer(inputs)
    rng = np.random.default_rng(1)
    kernel, bias, factors = (rng.normal(size=shape) for shape in ([5, 6], [6], [6]))
    layer.set_weights([kernel, bias, factors])
    both = [
        factors[part] * np.tanh(inputs.numpy() @ kernel[:, part] + bias[part])
        for part in (slice(0, 3), slice(3, 6))
    ]
    np.testing.assert_allclose(layer(inputs), both[0] + both[1], atol=1e-5)
    assert DualFc.from_config(layer.get_config()).n_outputs == 3
