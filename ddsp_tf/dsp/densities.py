"""Mixtures of bell-shaped densities, as distributions of TensorFlow Probability."""

import warnings
from typing import Any, Literal

import tensorflow as tf

from ddsp_tf.errors import ArgumentError

Component = Literal["normal", "logistic"]
COMPONENTS: tuple[Component, ...] = ("normal", "logistic")


def mixture(
    logits: tf.Tensor, locations: tf.Tensor, scales: tf.Tensor, *, component: Component = "normal"
) -> Any:
    """Makes mixtures of normals or logistics.

    TensorFlow Probability takes seconds to import, so it is imported here, at the first call.

    Args:
        logits: Logarithms of the components' weights, up to a constant, `[..., n_components]`.
        locations: Their centres, `[..., n_components]`.
        scales: Their standard deviations, or the logistic's scale, > 0; `[..., n_components]`, or a
            number.
        component: "normal" or "logistic".

    Returns:
        A `tfp.distributions.MixtureSameFamily` of batch shape `[...]`.

    Raises:
        ArgumentError: The component is unknown.

    Example:
        >>> standard = mixture([0.0], [0.0], [1.0])
        >>> round(float(standard.log_prob(0.0)), 4)
        -0.9189
    """
    if component not in COMPONENTS:
        raise ArgumentError(
            f"`component` should be one of {', '.join(COMPONENTS)}. Received {component!r}."
        )
    with warnings.catch_warnings():
        # It asks `distutils` which TensorFlow there is.
        warnings.simplefilter("ignore", DeprecationWarning)
        from tensorflow_probability import distributions

    kind = distributions.Normal if component == "normal" else distributions.Logistic
    return distributions.MixtureSameFamily(
        distributions.Categorical(logits=logits), kind(locations, scales)
    )
