"""Wasserstein GANs: penalties against formulas, crops, and a distribution that is found."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Wasserstein


class Linear(keras.layers.Layer):
    """Scores a signal by its product with `slope`."""

    def __init__(self, slope: Any) -> None:
        super().__init__()
        self.slope = tf.constant(slope, tf.float32)

    def call(self, signal: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(signal[..., 0] * self.slope, axis=1, keepdims=True)


def test_penalties_of_a_linear_critic_are_those_of_its_slope() -> None:
    rng = np.random.default_rng(0)
    slope = np.array([1.0, -2.0, 0.5])
    real, fake = rng.normal(size=[2, 4, 3]).astype(np.float32)
    critic = Wasserstein(Linear(slope), gradient_weight=10.0, r1_weight=2.0, weight=0.5)
    batch, outputs = {"audio": real}, {"audio": tf.constant(fake)}
    terms = {key: float(x) for key, x in critic.discriminator(batch, outputs).items()}
    norm = np.sqrt(np.sum(slope**2))
    expected = {
        "real": -np.mean(real @ slope),
        "fake": np.mean(fake @ slope),
        "gradient_penalty": 10.0 * (norm - 1.0) ** 2,
        "r1": 2.0 * norm**2,
    }
    assert terms == pytest.approx(expected, rel=1e-5)
    made = float(critic.generator(batch, outputs)["adversarial"])
    assert made == pytest.approx(-0.5 * np.mean(fake @ slope), rel=1e-5)


def test_crops_are_of_the_same_places_and_others_for_other_sounds() -> None:
    critic = Wasserstein(Linear(np.ones(4)), n_crops=50, crop_samples=4)
    sound = tf.random.stateless_normal([2, 30], [1, 2])
    real, fake = critic.heard(sound, 10.0 + sound)
    assert real.shape == (50, 4, 1)
    np.testing.assert_allclose(fake, 10.0 + real, atol=1e-5)
    rows = {tuple(np.round(np.asarray(row)[:, 0], 4)) for row in real}
    places = [np.asarray(x)[i : i + 4] for x in sound for i in range(27)]
    assert rows <= {tuple(np.round(place, 4)) for place in places}
    assert len(rows) > 20
    np.testing.assert_array_equal(real, critic.heard(sound, sound)[0])
    assert not np.array_equal(real, critic.heard(sound + 1e-3, sound)[0] - 1e-3)


def test_numbers_out_of_range() -> None:
    with pytest.raises(ArgumentError, match="`crop_samples`"):
        Wasserstein(Linear([1.0]), n_crops=3)
    with pytest.raises(ArgumentError, match="not be negative"):
        Wasserstein(Linear([1.0]), r1_weight=-1.0)
