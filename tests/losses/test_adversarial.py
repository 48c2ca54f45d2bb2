"""Both sides of a least-squares game, with scores that are known."""

import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Adversarial


def _scores(signal: tf.Tensor) -> list[tf.Tensor]:
    return [signal, 2.0 * signal]


def test_both_sides_are_mean_squares_over_all_scores() -> None:
    game = Adversarial(_scores, weight=3.0)
    batch, outputs = {"audio": tf.ones([2, 4])}, {"audio": 2.0 * tf.ones([2, 4])}
    terms = game.discriminator(batch, outputs)
    assert float(terms["real"]) == (0.0 + 1.0) / 2
    assert float(terms["fake"]) == (4.0 + 16.0) / 2
    assert float(game.generator(batch, outputs)["adversarial"]) == 3.0 * (1.0 + 9.0) / 2


def test_what_is_real_is_of_the_batch_or_else_of_the_model() -> None:
    game = Adversarial(_scores, real="target")
    outputs = {"audio": tf.zeros([1, 4]), "target": tf.ones([1, 4])}
    assert float(game.discriminator({}, outputs)["real"]) == 0.5
    assert float(game.discriminator({"target": tf.zeros([1, 4])}, outputs)["real"]) == 1.0
    with pytest.raises(ArgumentError, match="target"):
        game.discriminator({}, {"audio": tf.zeros([1, 4])})


def test_only_negative_weights_are_refused() -> None:
    assert Adversarial(_scores, weight=0.0).weight == 0.0
    with pytest.raises(ArgumentError, match="`weight` should not be negative"):
        Adversarial(_scores, weight=-0.1)
