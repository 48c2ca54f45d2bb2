"""Least-squares GANs: a discriminator, what it minimises, and what the generator does."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.objective import found


class Adversarial:
    """A discriminator that two objectives share.

    The discriminator learns to give 1 to what is real and 0 to what the model made; the model
    learns to be given 1. Train them in two phases: `discriminator` with the objective's weights,
    `generator`, beside whatever else the model minimises, with the model's.
    `training.adversarial_phases` makes both.

    Args:
        discriminator: A Keras layer: sound -> scores of any shape, or a list of them (several
            scales, say), which count alike.
        real: The column of the batch that is real; an output of that name if the batch has none.
        fake: The output of the model that should pass for it.
        weight: Of the generator's term, >= 0.

    Raises:
        ArgumentError: A negative weight.

    Example:
        >>> adversarial = Adversarial(keras.layers.Dense(1))
        >>> batch, outputs = {"audio": tf.ones([4, 8])}, {"audio": tf.zeros([4, 8])}
        >>> sorted(adversarial.discriminator(batch, outputs))
        ['fake', 'real']
        >>> float(adversarial.generator(batch, outputs)["adversarial"])
        1.0

    Reference:
        Mao et al. 2017, "Least Squares Generative Adversarial Networks", equation 9 (a = 0,
        b = c = 1), without its halves.
    """

    def __init__(
        self,
        discriminator: keras.layers.Layer,
        *,
        real: str = "audio",
        fake: str = "audio",
        weight: float = 1.0,
    ) -> None:
        if weight < 0:
            raise ArgumentError(f"`weight` should not be negative. Received {weight}.")
        self.layer = discriminator
        self.real = real
        self.fake = fake
        self.weight = weight
        self.discriminator = LeastSquaresDiscriminator(self)
        self.generator = LeastSquaresGenerator(self)

    def real_signal(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """Gives what is real; no gradient flows into it."""
        # A model that makes its own task says what was to come out.
        where = batch if self.real in batch or self.real not in outputs else outputs
        return tf.stop_gradient(found(self.real, where, "the columns of the batch"))

    def fake_signal(self, outputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Gives what should pass for it."""
        return found(self.fake, outputs, "the model's outputs")

    def scores(self, signal: tf.Tensor) -> list[tf.Tensor]:
        """Gives the discriminator's scores of a signal, as a list."""
        scores = self.layer(signal)
        return list(scores) if isinstance(scores, Sequence) else [scores]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        layer = keras.saving.serialize_keras_object(self.layer)
        return {
            "discriminator": layer,
            "real": self.real,
            "fake": self.fake,
            "weight": self.weight,
        }


_Adversarial = TypeVar("_Adversarial", bound=Adversarial)


class AdversarialObjective(Generic[_Adversarial]):
    """What the objectives of both sides share: the discriminator, its weights, its settings.

    Args:
        adversarial: Holds the discriminator.
    """

    def __init__(self, adversarial: _Adversarial) -> None:
        self.adversarial = adversarial

    @property
    def variables(self) -> list[Any]:
        """The discriminator's weights."""
        return list(self.adversarial.layer.variables)

    def get_config(self) -> dict[str, Any]:
        """Describes it."""
        return self.adversarial.get_config()


class LeastSquaresDiscriminator(AdversarialObjective[Adversarial]):
    """The objective of a discriminator: 1 for what is real, 0 for what the model made.

    No gradient flows to the model.

    Args:
        adversarial: Holds the discriminator.
    """

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the terms "real" and "fake"."""
        own = self.adversarial
        real = own.real_signal(batch, outputs)
        fake = tf.stop_gradient(own.fake_signal(outputs))
        return {
            "real": _mean_square_from(1.0, own.scores(real)),
            "fake": _mean_square_from(0.0, own.scores(fake)),
        }


class LeastSquaresGenerator(AdversarialObjective[Adversarial]):
    """The objective of a model that should deceive a discriminator.

    The discriminator's weights are no part of what it trains, unless a phase names them.

    Args:
        adversarial: Holds the discriminator.
    """

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the term "adversarial"."""
        del batch
        own = self.adversarial
        fake = own.fake_signal(outputs)
        return {"adversarial": own.weight * _mean_square_from(1.0, own.scores(fake))}


def _mean_square_from(wanted: float, scores: Sequence[tf.Tensor]) -> tf.Tensor:
    means = [tf.reduce_mean(tf.square(tf.cast(score, tf.float32) - wanted)) for score in scores]
    return tf.add_n(means) / len(means)
