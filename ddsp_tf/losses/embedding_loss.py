"""How alike two sounds are to a network that has learned to hear something."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


class EmbeddingLoss:
    """The mean distance of what a network makes of two sounds, frame by frame.

    Each frame is given to the network with mean 0 and variance 1, so that level has no part in it;
    frames in which the target is silent are left out. CREPE's hidden layers
    (`features.hear_by_crepe`) compare pitch and timbre.

    Args:
        network: Frames `[n, frame_length]` -> a tensor `[n, ...]`, with a gradient.
        frame_length: Samples of a frame, at the network's rate.
        hop_length: Samples between frames.
        weight: Of the loss, >= 0.
        silence: A frame whose deviation is below this is silent.

    Raises:
        ArgumentError: A length isn't positive, or the weight is negative.

    Example:
        >>> loss = EmbeddingLoss(lambda frames: frames, frame_length=64, hop_length=32)
        >>> sound = tf.random.stateless_normal([1, 1000], [1, 2])
        >>> float(loss(sound, 0.5 * sound)) < 1e-5
        True

    Reference:
        Johnson et al. 2016, "Perceptual losses for real-time style transfer and super-resolution";
        Kim et al. 2018, the network.
    """

    def __init__(
        self,
        network: Callable[[tf.Tensor], tf.Tensor],
        *,
        frame_length: int = 1024,
        hop_length: int = 256,
        weight: float = 1.0,
        silence: float = 1e-4,
    ) -> None:
        if frame_length < 1 or hop_length < 1 or weight < 0.0:
            raise ArgumentError(
                "`frame_length` and `hop_length` should be at least 1, and `weight` 0 or more. "
                f"Received {frame_length}, {hop_length} and {weight}."
            )
        self.network = network
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.weight = weight
        self.silence = silence

    def __call__(self, target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
        """Compares sounds `[batch, n_samples]`, and gives a scalar."""
        wanted, loud = self._frames(target)
        made, _ = self._frames(audio)
        heard = tf.stop_gradient(self.network(wanted))
        apart = tf.abs(heard - self.network(made))
        of_frames = tf.reduce_mean(tf.reshape(apart, [tf.shape(apart)[0], -1]), axis=1)
        return self.weight * tf.math.divide_no_nan(
            tf.reduce_sum(loud * of_frames), tf.reduce_sum(loud)
        )

    def _frames(self, audio: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Frames of mean 0 and variance 1, and whether each is loud enough."""
        frames = dsp.frame(audio, self.frame_length, self.hop_length)
        frames = tf.reshape(frames, [-1, self.frame_length])
        centred = frames - tf.reduce_mean(frames, axis=1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=1, keepdims=True)
        scaled = centred * tf.math.rsqrt(variance + 1e-2 * self.silence**2)
        return scaled, tf.cast(variance[:, 0] > self.silence**2, frames.dtype)

    def get_config(self) -> dict[str, Any]:
        """Describes it."""
        return {
            "network": getattr(self.network, "name", type(self.network).__name__),
            "frame_length": self.frame_length,
            "hop_length": self.hop_length,
            "weight": self.weight,
            "silence": self.silence,
        }
