"""A layer that knows a few vectors, and gives the nearest."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError


@keras.saving.register_keras_serializable("ddsp_tf")
class VectorQuantization(keras.layers.Layer):
    """Replaces each vector by the nearest of a codebook, and lets gradients through as if not.

    While it is trained, each code moves to the mean of the vectors that chose it, by a moving
    average, and what the layer adds to the losses keeps the vectors near their codes.

    Args:
        n_codes: Vectors of the codebook.
        decay: Of the moving averages, in (0, 1).
        commitment: Weight of the mean square of what separates vectors from their codes, >= 0.
        name: The layer's name.

    Raises:
        ArgumentError: A value is out of range.

    Example:
        >>> layer = VectorQuantization(4)
        >>> quantised, codes = layer(tf.ones([2, 5, 3]))
        >>> quantised.shape, codes.shape
        (TensorShape([2, 5, 3]), TensorShape([2, 5]))

    Reference:
        van den Oord et al. 2017, "Neural discrete representation learning", equations 1 to 3 and
        appendix A.1.
    """

    def __init__(
        self,
        n_codes: int,
        *,
        decay: float = 0.99,
        commitment: float = 0.2,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if n_codes < 1 or not 0.0 < decay < 1.0 or commitment < 0.0:
            raise ArgumentError(
                "`n_codes` should be at least 1, `decay` between 0 and 1, `commitment` 0 or more. "
                f"Received {n_codes}, {decay} and {commitment}."
            )
        self.n_codes = n_codes
        self.decay = decay
        self.commitment = commitment

    def build(self, input_shape: Any) -> None:
        """Makes the codebook for vectors of `input_shape[-1]` numbers."""
        shape = (self.n_codes, input_shape[-1])
        start = keras.initializers.RandomNormal()
        # Devices that share a batch take the mean of what each has counted.
        moving: dict[str, Any] = {"trainable": False, "aggregation": "mean"}
        self.codebook = self.add_weight(name="codebook", shape=shape, initializer=start, **moving)
        self.counts = self.add_weight(
            name="counts", shape=(self.n_codes,), initializer="ones", **moving
        )
        self.sums = self.add_weight(name="sums", shape=shape, **moving)
        self.sums.assign(self.codebook)
        self.built = True

    def call(self, inputs: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, tf.Tensor]:
        """Quantises vectors.

        Args:
            inputs: `[..., n_channels]`.
            training: Whether the codebook follows, and the commitment is added to `losses`.

        Returns:
            The nearest codes `[..., n_channels]`, whose gradient is that of the inputs, and their
            numbers `[...]`, int32.
        """
        codebook = tf.convert_to_tensor(self.codebook)
        flat = tf.reshape(inputs, [-1, codebook.shape[-1]])
        distances = (
            tf.reduce_sum(flat**2, axis=1, keepdims=True)
            - 2.0 * tf.matmul(flat, codebook, transpose_b=True)
            + tf.reduce_sum(codebook**2, axis=1)
        )
        codes = tf.argmin(distances, axis=1, output_type=tf.int32)
        nearest = tf.gather(codebook, codes)
        if training:
            self._follow(tf.stop_gradient(flat), codes)
            apart = tf.reduce_mean(tf.square(tf.stop_gradient(nearest) - flat))
            self.add_loss(self.commitment * apart)
        # What it gives is the code; what changes with the input is the input.
        given = flat + tf.stop_gradient(nearest - flat)
        return tf.reshape(given, tf.shape(inputs)), tf.reshape(codes, tf.shape(inputs)[:-1])

    def _follow(self, vectors: tf.Tensor, codes: tf.Tensor) -> None:
        chosen = tf.one_hot(codes, self.n_codes, dtype=vectors.dtype)
        counts = self.decay * self.counts + (1.0 - self.decay) * tf.reduce_sum(chosen, axis=0)
        of_codes = tf.matmul(chosen, vectors, transpose_a=True)
        sums = self.decay * self.sums + (1.0 - self.decay) * of_codes
        self.counts.assign(counts)
        self.sums.assign(sums)
        self.codebook.assign(sums / tf.maximum(counts, 1e-5)[:, tf.newaxis])

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_codes": self.n_codes,
            "decay": self.decay,
            "commitment": self.commitment,
        }
