"""CREPE for a live host: the last 64 ms in, pitch out."""

import tensorflow as tf

from ddsp_tf.features.crepe.crepe_f0 import read_salience
from ddsp_tf.features.crepe.frame_salience import FrameSalience
from ddsp_tf.features.crepe.network import FRAME_LENGTH

TRACK = "track"


class FrameTracker(tf.Module):
    """Finds the fundamental of one frame with CREPE, in operations that every runtime has.

    Low notes, of which CREPE hears harmonics, are corrected by `LowNotes`, which is in the file.
    Unlike `CrepeF0` it takes the strongest bin of each frame by itself: a live host can't wait for
    the frames that Viterbi decoding needs.

    Args:
        capacity: `"tiny"`, or a larger one if its weights are installed.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed.

    Example:
        >>> tone = np.sin(2 * np.pi * 440.0 / 16000 * np.arange(1024)).astype(np.float32)
        >>> round(float(FrameTracker().track(tf.constant(tone))["f0_hz"][0]))
        440

    Reference:
        Kim et al. (2018), CREPE: a convolutional representation for pitch estimation.
    """

    def __init__(self, capacity: str = "tiny") -> None:
        super().__init__(name="frame_tracker")
        self._salience = FrameSalience(capacity)

    def track(self, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tracks one frame.

        Args:
            audio: 16 kHz, any level, `[1024]`. The result is for its middle.

        Returns:
            `f0_hz` `[1]`, 31.7 to 2005.5; `f0_confidence` `[1]`, 0 to 1; `salience` `[360]`, 0 to
            1, for bins 20 cents apart.
        """
        salience = self._salience(tf.expand_dims(audio, 0))
        strongest = tf.argmax(salience, axis=1, output_type=tf.int32)
        f0_hz, confidence = read_salience(salience, strongest)
        return {"f0_hz": f0_hz, "f0_confidence": confidence, "salience": salience[0]}

    def graph(self) -> tf.types.experimental.ConcreteFunction:
        """Gives `track` as a graph whose inputs and outputs bear their names."""
        inputs = [tf.TensorSpec([FRAME_LENGTH], tf.float32, "audio")]
        return tf.function(self.track, inputs, autograph=False).get_concrete_function()
