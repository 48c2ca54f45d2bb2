"""The loss of energy decays: decibels as they are, and times that it finds."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.dsp.room_noise import decaying_noise
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import EnergyDecay

RATE = 8000
BANDS = [250.0, 500.0, 1000.0, 2000.0]


def room(times: object, gains: object) -> tf.Tensor:
    return decaying_noise(
        tf.cast([gains], tf.float32), tf.cast([times], tf.float32), 6000, BANDS, sample_rate=RATE
    )


def test_a_level_counts_in_decibels() -> None:
    sound = room([0.4] * 4, [-10.0] * 4)
    loss = EnergyDecay(sample_rate=RATE)
    assert float(loss(sound, sound)) == 0.0
    assert float(loss(sound, 0.5 * sound)) == pytest.approx(6.02, abs=0.01)
    twin = EnergyDecay.from_config(EnergyDecay(sample_rate=RATE, weight=0.5).get_config())
    assert float(twin(sound, 0.5 * sound)) == pytest.approx(3.01, abs=0.01)


def test_a_known_room_is_found_by_gradient_with_a_loss_that_falls() -> None:
    """T60 within 10% from half and twice of it."""
    known = np.array([0.6, 0.5, 0.4, 0.3])
    target = room(known, [-20.0, -15.0, -10.0, -12.0])
    logs = tf.Variable(np.log(known * [2.0, 0.5, 2.0, 0.5]).astype(np.float32))
    gains = tf.Variable(np.full(4, -14.0, np.float32))
    loss = EnergyDecay(sample_rate=RATE, bands_hz=BANDS)
    fast, slow = keras.optimizers.Adam(0.05), keras.optimizers.Adam(0.3)

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            value = loss(target, room(tf.exp(logs), tf.convert_to_tensor(gains)))
        first, second = tape.gradient(value, [logs, gains])
        fast.apply_gradients([(first, logs)])
        slow.apply_gradients([(second, gains)])
        return value

    losses = [float(step()) for _ in range(120)]
    assert losses[-1] < 0.15 * losses[0]
    np.testing.assert_allclose(np.exp(logs.numpy()), known, rtol=0.1)


def test_silence_gives_finite_gradients() -> None:
    sound = tf.Variable(tf.zeros([1, 500]))
    with tf.GradientTape() as tape:
        value = EnergyDecay(sample_rate=RATE)(tf.random.stateless_normal([1, 500], [1, 2]), sound)
    assert np.all(np.isfinite(tape.gradient(value, sound)))


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`range_db` and `weight` should be above 0"):
        EnergyDecay(range_db=0.0)
    with pytest.raises(ArgumentError, match="of one shape"):
        EnergyDecay()(tf.zeros([1, 10]), tf.zeros([1, 11]))
