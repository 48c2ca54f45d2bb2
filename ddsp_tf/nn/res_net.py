"""A residual network over spectra."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.errors import ArgumentError

_EPSILON = 1e-5


@keras.saving.register_keras_serializable("ddsp_tf")
class ChannelNormalization(keras.layers.Layer):
    """Takes the mean and the variance away from each frame, over bins and groups of channels.

    A frame knows of no other, so what is causal stays so. With one group it is a layer
    normalisation over bins and channels, with as many groups as channels an instance normalisation
    over bins; each channel has a gain and an offset.

    Args:
        n_groups: By which channels are divided: 1 up to their number, which it divides.
        name: The layer's name.

    Raises:
        ArgumentError: No group, or channels that groups can't share evenly.

    Example:
        >>> layer = ChannelNormalization(2)
        >>> bool(abs(tf.reduce_mean(layer(tf.random.normal([1, 2, 9, 4])))) < 1e-5)
        True

    Reference:
        Wu and He 2018, "Group normalization", equations 1 to 3 and 6 (there over time, too).
    """

    def __init__(self, n_groups: int = 1, *, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if n_groups < 1:
            raise ArgumentError(f"`n_groups` should be at least 1. Received {n_groups}.")
        self.n_groups = n_groups

    def build(self, input_shape: Any) -> None:
        """Makes gains and offsets for inputs of `input_shape[-1]` channels."""
        n_channels = input_shape[-1]
        if n_channels % self.n_groups:
            raise ArgumentError(
                f"`n_groups` should divide the {n_channels} channels evenly. "
                f"Received {self.n_groups}."
            )
        self.gain = self.add_weight(name="gain", shape=(n_channels,), initializer="ones")
        self.offset = self.add_weight(name="offset", shape=(n_channels,), initializer="zeros")
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps `[batch, n_frames, n_bins, n_channels]` to the same shape."""
        shape = tf.shape(inputs)
        n_channels = self.gain.shape[0]
        groups = [self.n_groups, n_channels // self.n_groups]
        grouped = tf.reshape(tf.cast(inputs, tf.float32), tf.concat([shape[:-1], groups], axis=0))
        mean, variance = tf.nn.moments(grouped, axes=[2, 4], keepdims=True)
        normal = tf.reshape((grouped - mean) * tf.math.rsqrt(variance + _EPSILON), shape)
        return tf.cast(normal * self.gain + self.offset, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_groups": self.n_groups}


@keras.saving.register_keras_serializable("ddsp_tf")
class ResidualBlock(keras.layers.Layer):
    """y = shortcut + three convolutions of x, each after a normalisation and a ReLU.

    The convolutions are of 1, 3 x 3 and 1 frames and bins; the first two have `channels`, the last
    four times as many. Where bins are skipped or channels change, the shortcut is a convolution of
    one bin of what the first ReLU gives, otherwise x itself.

    Args:
        channels: Of the inner convolutions, >= 1.
        stride: Bins from one to the next that the middle convolution reads, >= 1. Frames are all
            kept.
        n_groups: As for `ChannelNormalization`.
        name: The layer's name.

    Raises:
        ArgumentError: A number below 1.

    Example:
        >>> ResidualBlock(2, stride=2)(tf.ones([1, 5, 16, 8])).shape
        TensorShape([1, 5, 8, 8])

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks", figure 4e and appendix.
    """

    def __init__(
        self,
        channels: int = 32,
        *,
        stride: int = 1,
        n_groups: int = 1,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if channels < 1 or stride < 1:
            raise ArgumentError(
                f"`channels` and `stride` should be at least 1. Received {channels} and {stride}."
            )
        self.channels, self.stride, self.n_groups = channels, stride, n_groups
        self.normalization = [ChannelNormalization(n_groups) for _ in range(3)]
        self.convolutions = [
            keras.layers.Conv2D(channels, 1, name="narrow"),
            keras.layers.Conv2D(channels, 3, strides=(1, stride), padding="same", name="middle"),
            keras.layers.Conv2D(4 * channels, 1, name="wide"),
        ]
        self.shortcut: Any = None

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of `input_shape[-1]` channels."""
        bins, n_channels = input_shape[-2], input_shape[-1]
        shapes = [(None, None, bins, x) for x in (n_channels, self.channels, self.channels)]
        layers = zip(shapes, self.normalization, self.convolutions, strict=True)
        for shape, normalize, convolve in layers:
            normalize.build(shape)
            convolve.build(shape)
        if self.stride > 1 or n_channels != 4 * self.channels:
            self.shortcut = keras.layers.Conv2D(4 * self.channels, 1, name="shortcut")
            self.shortcut.build(shapes[0])
        self.built = True

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Maps `[batch, n_frames, n_bins, any]` to `[..., ceil(n_bins / stride), 4 channels]`."""
        hidden = tf.nn.relu(self.normalization[0](inputs))
        # Bins are skipped before the shortcut, not by it: with AVX-512, oneDNN's gradient of a
        # strided convolution of one bin writes past its memory where channels are few.
        kept = inputs if self.shortcut is None else self.shortcut(hidden[:, :, :: self.stride])
        hidden = self.convolutions[0](hidden)
        for normalize, convolve in zip(self.normalization[1:], self.convolutions[1:], strict=True):
            hidden = convolve(tf.nn.relu(normalize(hidden)))
        return kept + hidden

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("channels", "stride", "n_groups")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}


@keras.saving.register_keras_serializable("ddsp_tf")
class ResNet(keras.layers.Layer):
    """Reads spectra by residual blocks, which halve the bins and keep every frame.

    A convolution of 7 frames and bins with every second bin, the largest of three bins at every
    second, and stacks of `ResidualBlock`, the first of which in every stack but the first reads
    every second bin; last a normalisation and a ReLU. By itself it has the sizes of the paper: 64
    channels, then 2 blocks of 128, 3 of 256, 4 of 512 and 3 of 1024.

    Args:
        channels: Inner channels of the first stack's blocks; each stack has twice those of the one
            before.
        blocks: How many blocks each stack has.
        n_groups: As for `ChannelNormalization`.
        name: The layer's name.

    Raises:
        ArgumentError: No channels, no stack, or a stack of none.

    Example:
        >>> ResNet(2, blocks=(1, 1))(tf.ones([1, 5, 64])).shape
        TensorShape([1, 5, 8, 16])

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks"; Engel et al. 2020, "DDSP:
        Differentiable digital signal processing", appendix B (its encoder of pitch).
    """

    def __init__(
        self,
        channels: int = 32,
        *,
        blocks: Sequence[int] = (2, 3, 4, 3),
        n_groups: int = 1,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if channels < 1 or not blocks or min(blocks) < 1:
            raise ArgumentError(
                "`channels` should be at least 1, and `blocks` one number or more, each at least "
                f"1. Received {channels} and {list(blocks)}."
            )
        self.channels, self.blocks, self.n_groups = channels, tuple(blocks), n_groups
        self.entry = keras.layers.Conv2D(
            2 * channels, 7, strides=(1, 2), padding="same", name="entry"
        )
        self.pool = keras.layers.MaxPooling2D((1, 3), strides=(1, 2), padding="same", name="pool")
        self.stack = [
            ResidualBlock(
                channels * 2**i,
                stride=2 if i > 0 and j == 0 else 1,
                n_groups=n_groups,
                name=f"stack_{i}_block_{j}",
            )
            for i, count in enumerate(self.blocks)
            for j in range(count)
        ]
        self.last = ChannelNormalization(n_groups, name="last")

    @property
    def n_outputs(self) -> int:
        """Channels that come out."""
        return 4 * self.channels * 2 ** (len(self.blocks) - 1)

    def n_bins(self, n_bins: int) -> int:
        """Gives the bins that are left of so many."""
        return -(-n_bins // 2 ** (len(self.blocks) + 1))

    def build(self, input_shape: Any) -> None:
        """Makes the weights for spectra of `input_shape[-1]` bins."""
        shape: tuple[Any, ...] = (None, None, input_shape[-1], 1)
        self.entry.build(shape)
        shape = (None, None, -(-input_shape[-1] // 4), 2 * self.channels)
        for block in self.stack:
            block.build(shape)
            shape = (None, None, -(-shape[2] // block.stride), 4 * block.channels)
        self.last.build(shape)
        self.built = True

    def call(self, spectra: tf.Tensor) -> tf.Tensor:
        """Reads `[batch, n_frames, n_bins]`; gives `[batch, n_frames, bins left, n_outputs]`."""
        hidden = self.pool(self.entry(spectra[..., tf.newaxis]))
        for block in self.stack:
            hidden = block(hidden)
        return tf.nn.relu(self.last(hidden))

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "channels": self.channels,
            "blocks": list(self.blocks),
            "n_groups": self.n_groups,
        }
