"""CREPE for sound that is still being played: no frame waits for later ones."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ddsp_tf.features.crepe.crepe_f0 import log_emission, read_salience
from ddsp_tf.features.crepe.frame_salience import FrameSalience
from ddsp_tf.features.crepe.network import FRAME_LENGTH, N_BINS
from ddsp_tf.features.crepe.viterbi import viterbi_forward
from ddsp_tf.types import Float32Array


class LiveCrepe:
    """Tracks the fundamental of frames 10 ms apart, each from itself and those before it.

    Network and transitions are those of `CrepeF0`, but the bin of a frame is where the best path
    so far ends, not where the best path of the whole recording passes.

    Args:
        capacity: `"tiny"`, or a larger one if its weights are installed.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed.

    Example:
        >>> tone = np.sin(2 * np.pi * 440.0 / 16000 * np.arange(1024))
        >>> f0_hz, confidence = LiveCrepe().track(tone[np.newaxis])
        >>> f0_hz.round().tolist()
        [440.0]

    Reference:
        Kim et al. (2018), CREPE: a convolutional representation for pitch estimation.
    """

    def __init__(self, capacity: str = "tiny") -> None:
        self._salience = FrameSalience(capacity)
        self._advance = tf.function(
            self._advance_frames,
            input_signature=[
                tf.TensorSpec([None, FRAME_LENGTH], tf.float32),
                tf.TensorSpec([1, N_BINS], tf.float32),
            ],
            autograph=False,
        )
        self.reset()

    def reset(self) -> None:
        """Forgets what was played."""
        self._belief = np.zeros([1, N_BINS], np.float32)

    def track(self, frames: npt.ArrayLike) -> tuple[Float32Array, Float32Array]:
        """Tracks the next frames.

        Args:
            frames: At 16 kHz, 160 samples from one to the next, `[n_frames, 1024]`.

        Returns:
            `f0_hz` (31.7 to 2005.5) and `confidence` (0 to 1) in the middle of each frame,
            `[n_frames]`.
        """
        given = np.asarray(frames, np.float32)
        f0_hz, confidence, belief = self._advance(tf.constant(given), tf.constant(self._belief))
        self._belief = belief.numpy()
        return f0_hz.numpy(), confidence.numpy()

    def _advance_frames(
        self, frames: tf.Tensor, belief: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        salience = self._salience(frames)[tf.newaxis]
        beliefs = viterbi_forward(log_emission(salience), belief)
        path = tf.argmax(beliefs, axis=2, output_type=tf.int32)
        f0_hz, confidence = read_salience(salience, path)
        return f0_hz[0], confidence[0], beliefs[:, -1]
