"""A discriminator of frames, at several scales."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_SLOPE, _TAPS, _SPREAD = 0.2, 3, 0.02
_POOL = 2


@keras.saving.register_keras_serializable("ddsp_tf")
class FrameDiscriminator(keras.layers.Layer):
    """Says how real sequences of frames are: at full rate, at half, at a quarter.

    At each scale convolutions of three taps and a stride of two, each followed by leaky ReLU, one
    of three taps without a stride beside the way past it, and layer normalisation; then one score a
    step. What a sound should fit, such as a score, stands among the channels of the frames.

    Args:
        channels: Of each convolution.
        n_scales: How many rates.
        n_blocks: Convolutions with a stride at each.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1.

    Example:
        >>> scores = FrameDiscriminator(channels=4, n_scales=2, n_blocks=2)(tf.ones([1, 64, 5]))
        >>> [tuple(score.shape) for score in scores]
        [(1, 16, 1), (1, 8, 1)]

    Reference:
        Wu et al. 2022, "MIDI-DDSP", appendix: three scales of four blocks of 256 channels, on pairs
        of conditions and a log mel spectrogram.
    """

    def __init__(
        self,
        *,
        channels: int = 256,
        n_scales: int = 3,
        n_blocks: int = 4,
        name: str = "frame_discriminator",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(channels, n_scales, n_blocks) < 1:
            raise ArgumentError(
                "`channels`, `n_scales` and `n_blocks` should be at least 1. Received "
                f"{channels}, {n_scales} and {n_blocks}."
            )
        self.channels, self.n_scales, self.n_blocks = channels, n_scales, n_blocks
        blocks = range(n_scales * n_blocks)
        self.shrink = [self._convolution(2, f"shrink_{i}") for i in blocks]
        self.refine = [self._convolution(1, f"refine_{i}") for i in blocks]
        self.normalization = [
            keras.layers.LayerNormalization(name=f"normalization_{i}") for i in blocks
        ]
        self.heads = [keras.layers.Dense(1, name=f"head_{i}") for i in range(n_scales)]

    def _convolution(self, stride: int, name: str) -> keras.layers.Layer:
        initializer = keras.initializers.RandomNormal(stddev=_SPREAD)
        return keras.layers.Conv1D(
            self.channels,
            _TAPS,
            stride,
            padding="same",
            kernel_initializer=initializer,
            name=name,
        )

    def build(self, input_shape: Any) -> None:
        """Makes the weights for frames of `input_shape[-1]` channels."""
        hidden = (None, None, self.channels)
        for number, layer in enumerate(self.shrink):
            first = number % self.n_blocks == 0
            layer.build((None, None, input_shape[-1]) if first else hidden)
        for layer in (*self.refine, *self.normalization, *self.heads):
            layer.build(hidden)
        self.built = True

    def call(self, frames: tf.Tensor) -> list[tf.Tensor]:
        """Gives the scores at each scale, `[batch, n_steps, 1]`."""
        hidden = self._hidden(frames)[self.n_blocks - 1 :: self.n_blocks]
        return [head(x) for head, x in zip(self.heads, hidden, strict=True)]

    def features(self, frames: tf.Tensor) -> list[tf.Tensor]:
        """Gives what every block makes of the frames."""
        if not self.built:
            self.build(frames.shape)
        return self._hidden(frames)

    def _hidden(self, frames: tf.Tensor) -> list[tf.Tensor]:
        made = []
        layers = list(zip(self.shrink, self.refine, self.normalization, strict=True))
        for scale in range(self.n_scales):
            if scale:
                frames = tf.nn.avg_pool1d(frames, 2 * _POOL, _POOL, "SAME")
            hidden = frames
            for shrink, refine, normalize in layers[
                scale * self.n_blocks : (scale + 1) * self.n_blocks
            ]:
                hidden = tf.nn.leaky_relu(shrink(hidden), _SLOPE)
                hidden = normalize(hidden + tf.nn.leaky_relu(refine(hidden), _SLOPE))
                made.append(hidden)
        return made

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("channels", "n_scales", "n_blocks")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
