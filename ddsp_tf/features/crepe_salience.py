"""CREPE's salience for overlapping frames."""

import tensorflow as tf

from ddsp_tf.features.crepe_network import (
    BATCH_NORM_EPSILON,
    FRAME_LENGTH,
    N_BLOCKS,
    SAMPLE_RATE,
    load_crepe_weights,
)

FRAME_RATE = 100
HOP_LENGTH = SAMPLE_RATE // FRAME_RATE
N_BLOCK_FRAMES = 128
BLOCK_LENGTH = (N_BLOCK_FRAMES - 1) * HOP_LENGTH + FRAME_LENGTH
BLOCK_STEP = N_BLOCK_FRAMES * HOP_LENGTH


class CrepeSalience(tf.Module):
    """Salience of a block of `N_BLOCK_FRAMES` overlapping frames, 10 ms apart."""

    def __init__(self, capacity: str = "tiny") -> None:
        super().__init__(name=f"crepe_{capacity}_salience")
        weights = load_crepe_weights(capacity)
        self._weights = {
            name: tf.Variable(value, trainable=False, name=name.replace("/", "_"))
            for name, value in weights.items()
        }

    def __call__(self, block: tf.Tensor) -> tf.Tensor:
        """Salience of one block.

        Args:
            block: Audio at 16 kHz, `[BLOCK_LENGTH]`.

        Returns:
            `[N_BLOCK_FRAMES, 360]`, 0 to 1; frame i covers samples `160 i` to `160 i + 1023`.
        """
        frames = tf.signal.frame(block, FRAME_LENGTH, HOP_LENGTH)
        mean, variance = tf.nn.moments(frames, axes=[1], keepdims=True)
        frames = (frames - mean) / tf.maximum(tf.sqrt(variance), 1e-8)
        y = frames[:, :, None]
        w = self._weights
        for i in range(1, N_BLOCKS + 1):
            y = tf.nn.conv1d(y, w[f"conv{i}/kernel"], 4 if i == 1 else 1, "SAME")
            y = tf.nn.relu(y + w[f"conv{i}/bias"])
            scale = w[f"conv{i}-BN/gamma"] * tf.math.rsqrt(
                w[f"conv{i}-BN/moving_variance"] + BATCH_NORM_EPSILON
            )
            y = (y - w[f"conv{i}-BN/moving_mean"]) * scale + w[f"conv{i}-BN/beta"]
            y = tf.nn.max_pool1d(y, 2, 2, "VALID")
        y = tf.reshape(y, [N_BLOCK_FRAMES, -1])
        return tf.sigmoid(y @ w["classifier/kernel"] + w["classifier/bias"])
