"""Wasserstein GANs with penalised gradients."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.shapes import size
from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.adversarial import Adversarial, AdversarialObjective


class Wasserstein(Adversarial):
    """A critic that two objectives share, and that has a slope of about 1 between real and made.

    The critic's terms are `-mean D(real)`, `mean D(fake)`, the gradient penalty
    `weight (|grad D(x)| - 1)^2` at points on straight lines from real to fake, and R1,
    `weight |grad D(real)|^2`; the model's is `-mean D(fake)`. Sounds may be heard in crops, at the
    same places of both, which the sound itself chooses: no two batches have the same.

    Args:
        discriminator: As for `Adversarial`; signals `[batch, n_samples]` come to it with a last
            axis of 1.
        real: As for `Adversarial`.
        fake: As for `Adversarial`.
        weight: Of the model's term.
        gradient_weight: Of the gradient penalty.
        r1_weight: Of R1.
        n_crops: How many crops of all sounds together are heard; 0: the sounds themselves.
        crop_samples: Length of each.

    Raises:
        ArgumentError: A negative number, or crops without a length.

    Example:
        >>> critic = Wasserstein(keras.layers.Dense(1), n_crops=3, crop_samples=4)
        >>> batch, outputs = {"audio": tf.ones([2, 8])}, {"audio": tf.zeros([2, 8])}
        >>> sorted(critic.discriminator(batch, outputs))
        ['fake', 'gradient_penalty', 'r1', 'real']

    Reference:
        Gulrajani et al. 2017, "Improved training of Wasserstein GANs", equation 3; Mescheder,
        Geiger and Nowozin 2018, "Which training methods for GANs do actually converge?", equation
        9; together as in Juvela et al. 2019, "GELP", section 2.4.
    """

    def __init__(
        self,
        discriminator: keras.layers.Layer,
        *,
        real: str = "audio",
        fake: str = "audio",
        weight: float = 1.0,
        gradient_weight: float = 10.0,
        r1_weight: float = 1.0,
        n_crops: int = 0,
        crop_samples: int = 0,
    ) -> None:
        super().__init__(discriminator, real=real, fake=fake, weight=weight)
        if min(gradient_weight, r1_weight, n_crops) < 0 or (n_crops and crop_samples < 1):
            raise ArgumentError(
                "`gradient_weight`, `r1_weight` and `n_crops` should not be negative, and crops "
                f"have a `crop_samples`. Received {gradient_weight}, {r1_weight}, {n_crops} and "
                f"{crop_samples}."
            )
        self.gradient_weight, self.r1_weight = gradient_weight, r1_weight
        self.n_crops, self.crop_samples = n_crops, crop_samples
        self.discriminator: Any = WassersteinDiscriminator(self)
        self.generator: Any = WassersteinGenerator(self)

    def heard(self, real: tf.Tensor, fake: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Gives what the critic hears of two signals: crops, or all, with an axis of channels."""
        signals = [x[..., tf.newaxis] if len(x.shape) == 2 else x for x in (real, fake)]
        if not self.n_crops:
            return signals[0], signals[1]
        n_samples = tf.shape(signals[0])[1]
        latest = tf.maximum(n_samples - self.crop_samples, 0) + 1
        seed = chance(real)
        rows = tf.random.stateless_uniform(
            [self.n_crops], seed, maxval=tf.shape(signals[0])[0], dtype=tf.int32
        )
        starts = tf.random.stateless_uniform(
            [self.n_crops], seed + 1, maxval=latest, dtype=tf.int32
        )
        places = starts[:, tf.newaxis] + tf.range(tf.minimum(self.crop_samples, n_samples))
        chosen = tf.stack([tf.broadcast_to(rows[:, tf.newaxis], tf.shape(places)), places], -1)
        first, second = (tf.gather_nd(x, chosen) for x in signals)
        return first, second

    def mean_score(self, signal: tf.Tensor) -> tf.Tensor:
        """The mean score of each row, `[batch]`."""
        rows = [
            tf.reduce_mean(tf.reshape(tf.cast(x, tf.float32), [size(x, 0), -1]), axis=1)
            for x in self.scores(signal)
        ]
        return tf.add_n(rows) / len(rows)

    def slope(self, signal: tf.Tensor) -> tf.Tensor:
        """The squared norm of the gradient of each row's score, `[batch]`."""
        with tf.GradientTape() as tape:
            tape.watch(signal)
            total = tf.reduce_sum(self.mean_score(signal))
        gradient = tape.gradient(total, signal)
        return tf.reduce_sum(tf.square(gradient), axis=list(range(1, len(signal.shape))))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("gradient_weight", "r1_weight", "n_crops", "crop_samples")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}


class WassersteinDiscriminator(AdversarialObjective[Wasserstein]):
    """The objective of a critic. No gradient flows to the model.

    Args:
        adversarial: Holds the critic.
    """

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms "real", "fake", "gradient_penalty" and "r1"."""
        own = self.adversarial
        made = tf.stop_gradient(own.fake_signal(outputs))
        real, fake = own.heard(own.real_signal(batch, outputs), made)
        terms = {
            "real": -tf.reduce_mean(own.mean_score(real)),
            "fake": tf.reduce_mean(own.mean_score(fake)),
        }
        if own.gradient_weight:
            shape = [tf.shape(real)[0], *([1] * (len(real.shape) - 1))]
            place = tf.random.stateless_uniform(shape, chance(real) + 2)
            norm = tf.sqrt(own.slope(real + place * (fake - real)) + 1e-12)
            penalty = tf.reduce_mean(tf.square(norm - 1.0))
            terms["gradient_penalty"] = own.gradient_weight * penalty
        if own.r1_weight:
            terms["r1"] = own.r1_weight * tf.reduce_mean(own.slope(real))
        return terms


class WassersteinGenerator(AdversarialObjective[Wasserstein]):
    """The objective of a model that a critic should score as high as what is real.

    Args:
        adversarial: Holds the critic.
    """

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the term "adversarial"."""
        own = self.adversarial
        made = own.fake_signal(outputs)
        _, fake = own.heard(own.real_signal(batch, outputs), made)
        return {"adversarial": -own.weight * tf.reduce_mean(own.mean_score(fake))}


def chance(signal: tf.Tensor) -> tf.Tensor:
    """A seed, `[2]`, that depends on every sample: as good as drawn, and the same in every run."""
    flat = tf.reshape(tf.cast(signal, tf.float32), [-1])
    bits = tf.bitcast(flat, tf.int32)
    mixed = tf.reduce_sum(bits * (2 * tf.range(tf.size(bits)) + 1))
    return tf.stack([mixed, tf.reduce_sum(bits)])
