"""A network's head that says how likely every value is, not just one."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.densities import COMPONENTS, Component, mixture
from ddsp_tf.errors import ArgumentError

_PARAMETERS = 3


@keras.saving.register_keras_serializable("ddsp_tf")
class MixtureDensity(keras.layers.Layer):
    """Predicts the density of each of some numbers as a mixture of normals or logistics.

    The layer's output is the parameters alone, a tensor as any other; `distribution` makes of
    them a mixture of TensorFlow Probability, and `log_prob`, `sample` and `mean` are its methods
    in the shapes that sequences have here. For a number there are `n_components` weights
    (logits), locations and scales; a scale is `smallest_scale + softplus(x)`.

    TensorFlow Probability is imported when the first distribution is made.

    Args:
        n_components: Of each mixture.
        width: How many numbers a frame has, each with a mixture of its own.
        component: "normal", or "logistic", whose tails are heavier.
        smallest_scale: Of a component, > 0: a density can't grow beyond what it allows.
        name: The layer's name.

    Raises:
        ArgumentError: A count is below 1, the scale isn't positive, or the component is unknown.

    Example:
        >>> head = MixtureDensity(5, width=2)
        >>> parameters = head(tf.ones([4, 10, 8]))
        >>> head.log_prob(parameters, tf.zeros([4, 10, 2])).shape
        TensorShape([4, 10, 2])
        >>> head.sample(parameters, seed=1).shape
        TensorShape([4, 10, 2])

    Reference:
        Bishop (1994), "Mixture density networks", section 3.
    """

    def __init__(
        self,
        n_components: int,
        *,
        width: int = 1,
        component: Component = "normal",
        smallest_scale: float = 1e-3,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        # Logarithms of densities need float32, whatever the network computes in.
        super().__init__(name=name, **{**kwargs, "dtype": "float32"})
        if n_components < 1 or width < 1:
            raise ArgumentError(
                "`n_components` and `width` should be at least 1. Received "
                f"n_components={n_components}, width={width}."
            )
        if not smallest_scale > 0:
            raise ArgumentError(f"`smallest_scale` should be above 0. Received {smallest_scale}.")
        if component not in COMPONENTS:
            raise ArgumentError(
                f"`component` should be one of {', '.join(COMPONENTS)}. Received {component!r}."
            )
        self.n_components = n_components
        self.width = width
        self.component = component
        self.smallest_scale = smallest_scale
        self.projection = keras.layers.Dense(
            width * _PARAMETERS * n_components, name="projection", dtype="float32"
        )

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels.

        The locations begin evenly between -1 and 1, so that no two components learn the same.
        """
        self.projection.build(input_shape)
        logits, scales = tf.zeros([2, self.n_components])
        spread = tf.linspace(-1.0, 1.0, self.n_components) if self.n_components > 1 else logits
        bias = tf.tile(tf.stack([logits, spread, scales])[tf.newaxis], [self.width, 1, 1])
        self.projection.bias.assign(tf.reshape(bias, [-1]))
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Gives the parameters of the mixtures.

        Args:
            inputs: `[..., n_channels]`.

        Returns:
            `[..., width * 3 * n_components]`: for each number the logits of the weights, the
            locations, and the scales before `softplus`.
        """
        return self.projection(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Gives the shape of the parameters."""
        return (*input_shape[:-1], self.width * _PARAMETERS * self.n_components)

    def distribution(self, parameters: tf.Tensor) -> Any:
        """Makes the mixtures, a `tfp.distributions.MixtureSameFamily` of batch `[..., width]`.

        Args:
            parameters: From `call`.
        """
        logits, locations, scales = self._parts(parameters)
        return mixture(logits, locations, scales, component=self.component)

    def log_prob(self, parameters: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
        """Gives the natural logarithm of the density at values.

        Args:
            parameters: From `call`.
            values: `[..., width]`.

        Returns:
            `[..., width]`; its negative mean is the loss to train by.
        """
        return self.distribution(parameters).log_prob(tf.cast(values, tf.float32))

    def sample(self, parameters: tf.Tensor, *, seed: int) -> tf.Tensor:
        """Draws a value from each mixture, the same for the same seed, in graphs too.

        Args:
            parameters: From `call`.
            seed: Any whole number.

        Returns:
            `[..., width]`.
        """
        return self.distribution(parameters).sample(seed=tf.constant([seed, 0], tf.int32))

    def mean(self, parameters: tf.Tensor) -> tf.Tensor:
        """Gives the mean of each mixture, `[..., width]`."""
        return self.distribution(parameters).mean()

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = super().get_config()
        config.pop("dtype", None)
        return {
            **config,
            "n_components": self.n_components,
            "width": self.width,
            "component": self.component,
            "smallest_scale": self.smallest_scale,
        }

    def _parts(self, parameters: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Logits, locations and scales, each `[..., width, n_components]`."""
        parameters = tf.cast(parameters, tf.float32)
        shape = [self.width, _PARAMETERS, self.n_components]
        split = tf.reshape(parameters, tf.concat([tf.shape(parameters)[:-1], shape], 0))
        split.set_shape([*parameters.shape[:-1], *shape])
        logits, locations, scales = tf.unstack(split, axis=-2)
        return logits, locations, self.smallest_scale + tf.nn.softplus(scales)
