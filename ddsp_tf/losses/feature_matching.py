"""How alike a discriminator's hidden layers are for what is real and what a model made."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.adversarial import Adversarial, AdversarialObjective


class FeatureMatching(AdversarialObjective[Adversarial]):
    """The mean distance of a discriminator's hidden layers, which the model makes small.

    Args:
        adversarial: Holds the discriminator. Its layer has a method `features`, from a signal to a
            list of hidden layers.
        weight: Of the term, >= 0.

    Raises:
        ArgumentError: A negative weight, or a discriminator without `features`.

    Example:
        >>> from ddsp_tf.losses import Adversarial
        >>> from ddsp_tf.nn import FrameDiscriminator
        >>> adversarial = Adversarial(FrameDiscriminator(channels=4, n_scales=1, n_blocks=2))
        >>> same = {"audio": tf.ones([1, 32, 3])}
        >>> float(FeatureMatching(adversarial)(same, same)["features"])
        0.0

    Reference:
        Larsen et al. 2016, "Autoencoding beyond pixels using a learned similarity metric"; Kumar et
        al. 2019, "MelGAN", equation 3.
    """

    def __init__(self, adversarial: Adversarial, *, weight: float = 10.0) -> None:
        if weight < 0:
            raise ArgumentError(f"`weight` should not be negative. Received {weight}.")
        if not hasattr(adversarial.layer, "features"):
            raise ArgumentError(
                "The discriminator should have a method `features`, as `nn.FrameDiscriminator` has."
            )
        super().__init__(adversarial)
        self.weight = weight

    def __call__(
        self, batch: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Gives the term "features"."""
        own = self.adversarial
        real = own.layer.features(own.real_signal(batch, outputs))
        made = own.layer.features(own.fake_signal(outputs))
        distances = [
            tf.reduce_mean(tf.abs(tf.stop_gradient(x) - y)) for x, y in zip(real, made, strict=True)
        ]
        return {"features": self.weight * tf.add_n(distances) / len(distances)}

    def get_config(self) -> dict[str, Any]:
        """Describes it."""
        return {**super().get_config(), "feature_weight": self.weight}
