"""A discriminator of levels: it learns to tell, and the model goes on learning beside it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Adversarial, Compare, FeatureMatching
from ddsp_tf.nn import FrameDiscriminator
from ddsp_tf.training import Optimization, Trainer, adversarial_phases


class Levels(keras.Model):
    """Makes levels of conditions, and says what they should have been, as a `MidiDdsp` does."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(3)

    def call(self, batch: dict[str, tf.Tensor], training: bool = False) -> dict[str, tf.Tensor]:
        """Makes them."""
        about = batch["about"]
        levels = self.dense(about)
        return {
            "levels": levels,
            "target_levels": batch["wanted"],
            "made_frames": tf.concat([about, levels], axis=-1),
            "real_frames": tf.concat([about, batch["wanted"]], axis=-1),
        }


def example(seed: int) -> dict[str, tf.Tensor]:
    """Levels that follow their conditions, and tremble."""
    random = np.random.default_rng(seed)
    about = random.normal(size=[4, 64, 2]).astype(np.float32)
    wanted = about @ np.array([[1.0, 0.5, -1.0], [0.0, 1.0, 0.5]], np.float32)
    wanted += 0.3 * random.normal(size=wanted.shape).astype(np.float32)
    return {"about": tf.constant(about), "wanted": tf.constant(wanted)}


@pytest.mark.slow
def test_both_learn_and_neither_runs_away() -> None:
    keras.utils.set_random_seed(0)
    compare = Compare(keras.losses.MeanSquaredError(), "target_levels", "levels", "levels")
    phases = adversarial_phases(
        FrameDiscriminator(channels=16, n_scales=2, n_blocks=2),
        compare,
        real="real_frames",
        fake="made_frames",
        weight=0.05,
        feature_weight=0.5,
        generator=Optimization(3e-2, gradient_clip_norm=1.0),
        critic=Optimization(2e-3, gradient_clip_norm=1.0),
    )
    trainer = Trainer(Levels(), compare, phases=phases)
    logged = [trainer.step(example(step)) for step in range(150)]
    losses = {
        key: np.array([float(one[key]) for one in logged])
        for key in ("loss_generator_levels", "loss_discriminator", "loss_generator_features")
    }
    assert all(np.isfinite(values).all() for values in losses.values())
    # The trembling (0.3 squared) is what can't be learned.
    assert losses["loss_generator_levels"][-20:].mean() < 0.2
    assert losses["loss_generator_levels"][-20:].mean() < 0.2 * losses["loss_generator_levels"][0]
    # It can tell what trembles; never by so much that scores leave 0 and 1.
    assert 0.1 < losses["loss_discriminator"][-20:].mean() < 0.6
    assert losses["loss_discriminator"].max() < 4.0


def test_hidden_layers_are_compared_without_teaching_what_is_real() -> None:
    matching = FeatureMatching(
        Adversarial(FrameDiscriminator(channels=4, n_scales=2, n_blocks=2), real="a", fake="b")
    )
    real, fake = tf.Variable(tf.ones([1, 16, 3])), tf.Variable(tf.zeros([1, 16, 3]))
    with tf.GradientTape() as tape:
        value = matching({}, {"a": real + 0.0, "b": fake + 0.0})["features"]
    to_real, to_fake = tape.gradient(value, [real, fake])
    assert to_real is None
    assert float(tf.reduce_max(tf.abs(to_fake))) > 0.0
    assert float(matching({}, {"a": real + 0.0, "b": real + 0.0})["features"]) == 0.0


def test_a_discriminator_without_hidden_layers_is_refused() -> None:
    with pytest.raises(ArgumentError, match="should have a method `features`"):
        FeatureMatching(Adversarial(keras.layers.Dense(1)))
