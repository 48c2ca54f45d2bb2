"""The two phases of a generative adversarial network."""

from collections.abc import Callable, Sequence

import keras

from ddsp_tf.losses import Adversarial, FeatureMatching, Objective, Objectives
from ddsp_tf.training.optimization import Optimization
from ddsp_tf.training.phase import Phase


def adversarial_phases(
    discriminator: keras.layers.Layer,
    objective: Objective | None = None,
    *,
    real: str = "audio",
    fake: str = "audio",
    weight: float = 1.0,
    feature_weight: float = 0.0,
    weights: Sequence[str] = ("model/*",),
    generator: Optimization | None = None,
    critic: Optimization | None = None,
    start_step: int = 0,
    before: Objective | None = None,
    kind: Callable[..., Adversarial] = Adversarial,
) -> list[Phase]:
    """Makes the phases of a GAN: with each batch, the discriminator, then the model.

    Args:
        discriminator: A Keras layer: sound -> scores, see `losses.Adversarial`.
        objective: What the model minimises besides deceiving the discriminator, or None.
        real: The column of the batch that is real.
        fake: The output of the model that should pass for it.
        weight: Of the adversarial term.
        feature_weight: Of the distance of the discriminator's hidden layers, see
            `losses.FeatureMatching`; 0 leaves it out.
        weights: What the model's phase trains, as `Phase.weights`.
        generator: The model's optimiser.
        critic: The discriminator's optimiser.
        start_step: Until then the model minimises `before` alone; needs it, or an `objective`, if
            above 0.
        before: What it minimises until then; None: `objective`.
        kind: Makes what discriminator and model minimise of it: `losses.Adversarial`, by least
            squares, or `losses.Wasserstein`.

    Returns:
        Phases "discriminator" and "generator", and "before" if there is a `start_step`.

    Example:
        >>> [phase.name for phase in adversarial_phases(keras.layers.Dense(1))]
        ['discriminator', 'generator']

    Reference:
        Mao et al. 2017, "Least Squares Generative Adversarial Networks".
    """
    adversarial = kind(discriminator, real=real, fake=fake, weight=weight)
    others = [] if objective is None else [objective]
    until = others if before is None else [before]
    matching = [FeatureMatching(adversarial, weight=feature_weight)] if feature_weight else []
    alone = (
        [Phase(until[0], "before", weights, generator or Optimization(), n_steps=start_step)]
        if start_step and until
        else []
    )
    return [
        *alone,
        Phase(
            adversarial.discriminator,
            "discriminator",
            ("objective/*",),
            critic or Optimization(),
            start_step,
        ),
        Phase(
            Objectives([*others, *matching, adversarial.generator]),
            "generator",
            weights,
            generator or Optimization(),
            start_step,
        ),
    ]
