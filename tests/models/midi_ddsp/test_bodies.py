"""Bodies of instruments: curves are read where each partial lies, and learned from any pitch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.midi_ddsp.bodies import Bodies


def test_a_curve_is_read_at_each_partials_own_pitch() -> None:
    bodies = Bodies(2, n_levels=6, n_partials=4)
    bodies.curves.assign(np.stack([np.zeros(60), np.arange(60) * 2.0 + 24.0]))
    bodies.levels.assign([[0.0] * 6, [0.0, 0.0, 0.0, 0.0, 7.0, 8.0]])
    added = bodies(tf.constant([[1.0], [0.0]]), tf.constant([[[69.0], [40.3]]] * 2)).numpy()
    partials = 12.0 * np.log2(np.arange(1, 5))
    np.testing.assert_allclose(added[0, :, :4], [69.0 + partials, 40.3 + partials], atol=1e-4)
    np.testing.assert_array_equal(added[0, :, 4:], [[7.0, 8.0]] * 2)
    np.testing.assert_array_equal(added[1], 0.0)


@pytest.mark.slow
def test_a_resonance_that_was_learned_stays_where_it_is_at_other_pitches() -> None:
    bodies, optimizer = Bodies(1, n_levels=20, n_partials=20), keras.optimizers.Adam(0.05)
    player = tf.constant([[0.0]])

    def resonance(midi: np.ndarray) -> np.ndarray:
        partial_midi = midi[..., np.newaxis] + 12.0 * np.log2(np.arange(1, 21))
        return np.exp(-0.5 * ((partial_midi - 90.0) / 5.0) ** 2).astype(np.float32)

    optimizer.build([bodies.curves])
    heard = np.arange(50.0, 70.0, 0.5, dtype=np.float32)[np.newaxis]
    for _ in range(120):
        with tf.GradientTape() as tape:
            error = bodies(player, heard[..., np.newaxis]) - resonance(heard)
            loss = tf.reduce_mean(tf.square(error))
        gradient = tape.gradient(loss, bodies.curves.value)
        optimizer.apply([tf.convert_to_tensor(gradient)], [bodies.curves])
    new = np.array([[73.0, 76.5]], np.float32)
    np.testing.assert_allclose(bodies(player, new[..., np.newaxis]), resonance(new), atol=0.15)


def test_more_partials_than_levels_are_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`n_levels` as many as `n_partials`"):
        Bodies(1, n_levels=3, n_partials=4)
