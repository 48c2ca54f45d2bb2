"""CREPE for a live host: the last 64 ms in, pitch out."""

import numpy as np
import tensorflow as tf

from ddsp_tf.features.crepe import (
    CENTROID_REACH,
    CENTS_PER_BIN,
    LOWEST_CENTS,
    REFERENCE_HZ,
)
from ddsp_tf.features.crepe_folding import fold_batch_norm
from ddsp_tf.features.crepe_network import (
    FIRST_STRIDE,
    FRAME_LENGTH,
    N_BINS,
    load_crepe_weights,
)
from ddsp_tf.features.crepe_salience import SOFTEST_RMS

TRACK = "track"


class FrameTracker(tf.Module):
    """Finds the fundamental of one frame with CREPE, in operations that every runtime has.

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
        *convolutions, classifier = fold_batch_norm(load_crepe_weights(capacity))
        self._kernels = [tf.Variable(layer.kernel, trainable=False) for layer in convolutions]
        self._biases = [tf.Variable(layer.bias, trainable=False) for layer in convolutions]
        self._least = [layer.least for layer in convolutions]
        kernel = classifier.kernel.reshape([-1, N_BINS])
        self._classifier = tf.Variable(kernel, trainable=False)
        self._classifier_bias = tf.Variable(classifier.bias, trainable=False)

    def track(self, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tracks one frame.

        Args:
            audio: 16 kHz, any level, `[1024]`. The result is for its middle.

        Returns:
            `f0_hz` `[1]`, 31.7 to 2005.5; `f0_confidence` `[1]`, 0 to 1; `salience` `[360]`, 0 to
            1, for bins 20 cents apart.
        """
        centred = audio - tf.reduce_mean(audio)
        rms = tf.sqrt(tf.reduce_mean(tf.square(centred)))
        y = tf.reshape(centred / tf.maximum(rms, SOFTEST_RMS), [1, FRAME_LENGTH, 1])
        layers = zip(self._kernels, self._biases, self._least, strict=True)
        for index, (kernel, bias, least) in enumerate(layers):
            stride = 1 if index else FIRST_STRIDE
            y = tf.nn.relu(tf.nn.conv1d(y, kernel, stride, "SAME") + bias)
            pairs = tf.reshape(y, [1, y.shape[1] // 2, 2, y.shape[2]])
            y = tf.reduce_max(pairs, axis=2)
            if least is not None:
                y = tf.where(least, tf.reduce_min(pairs, axis=2), y)
        logits = tf.reshape(y, [1, -1]) @ self._classifier + self._classifier_bias
        salience = tf.sigmoid(logits[0])
        return {**_read(salience), "salience": salience}

    def graph(self) -> tf.types.experimental.ConcreteFunction:
        """Gives `track` as a graph whose inputs and outputs bear their names."""
        inputs = [tf.TensorSpec([FRAME_LENGTH], tf.float32, "audio")]
        return tf.function(self.track, inputs, autograph=False).get_concrete_function()


def _read(salience: tf.Tensor) -> dict[str, tf.Tensor]:
    """The mean of the nine bins around the strongest, weighted by salience, and its confidence."""
    bins = tf.constant(np.arange(N_BINS), tf.float32)
    strongest = tf.cast(tf.argmax(salience, output_type=tf.int32), tf.float32)
    offsets = bins - strongest
    weights = tf.where(tf.abs(offsets) <= CENTROID_REACH, salience, tf.zeros_like(salience))
    offset = tf.reduce_sum(weights * offsets) / tf.maximum(tf.reduce_sum(weights), 1e-9)
    cents = (strongest + offset) * CENTS_PER_BIN + LOWEST_CENTS
    f0_hz = REFERENCE_HZ * tf.exp(cents * (np.log(2.0) / 1200))
    return {
        "f0_hz": tf.reshape(f0_hz, [1]),
        "f0_confidence": tf.reshape(tf.reduce_max(weights), [1]),
    }
