"""CREPE's network for frames that come one after the other."""

import tensorflow as tf

from ddsp_tf.features.crepe.folding import fold_batch_norm
from ddsp_tf.features.crepe.low_notes import LowNotes, autocorrelation_by_products
from ddsp_tf.features.crepe.network import FIRST_STRIDE, FRAME_LENGTH, N_BINS, load_crepe_weights
from ddsp_tf.features.crepe.salience import SOFTEST_RMS


class FrameSalience(tf.Module):
    """CREPE without the sharing of `CrepeSalience`, in operations that every runtime has.

    Args:
        capacity: `"tiny"`, or a larger one if its weights are installed.

    Raises:
        ArgumentError: `capacity` is unknown.
        ModelError: Its weights are not installed.

    Example:
        >>> FrameSalience()(tf.zeros([3, 1024])).shape
        TensorShape([3, 360])

    Reference:
        Kim et al. (2018), CREPE: a convolutional representation for pitch estimation.
    """

    def __init__(self, capacity: str = "tiny") -> None:
        super().__init__(name="frame_salience")
        *convolutions, classifier = fold_batch_norm(load_crepe_weights(capacity))
        self._kernels = [tf.Variable(layer.kernel, trainable=False) for layer in convolutions]
        self._biases = [tf.Variable(layer.bias, trainable=False) for layer in convolutions]
        self._least = [layer.least for layer in convolutions]
        kernel = classifier.kernel.reshape([-1, N_BINS])
        self._classifier = tf.Variable(kernel, trainable=False)
        self._classifier_bias = tf.Variable(classifier.bias, trainable=False)
        self._low_notes = LowNotes(autocorrelation_by_products)

    def __call__(self, frames: tf.Tensor) -> tf.Tensor:
        """Runs the network, and corrects it by `LowNotes`.

        Args:
            frames: 16 kHz, any level, `[n_frames, 1024]`.

        Returns:
            Salience, `[n_frames, 360]`, 0 to 1, for bins 20 cents apart.
        """
        centred = frames - tf.reduce_mean(frames, axis=1, keepdims=True)
        power = tf.reduce_mean(tf.square(centred), axis=1, keepdims=True)
        return self._low_notes(
            self._low_notes.decimate(frames), power, self._network(centred, power)
        )

    def network(self, frames: tf.Tensor) -> tf.Tensor:
        """Salience as the published network gives it; see `__call__`."""
        centred = frames - tf.reduce_mean(frames, axis=1, keepdims=True)
        return self._network(centred, tf.reduce_mean(tf.square(centred), axis=1, keepdims=True))

    def _network(self, centred: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
        rms = tf.sqrt(power)
        y = tf.reshape(centred / tf.maximum(rms, SOFTEST_RMS), [-1, FRAME_LENGTH, 1])
        layers = zip(self._kernels, self._biases, self._least, strict=True)
        for index, (kernel, bias, least) in enumerate(layers):
            stride = 1 if index else FIRST_STRIDE
            y = tf.nn.relu(tf.nn.conv1d(y, kernel, stride, "SAME") + bias)
            pairs = tf.reshape(y, [-1, y.shape[1] // 2, 2, y.shape[2]])
            y = tf.reduce_max(pairs, axis=2)
            if least is not None:
                y = tf.where(least, tf.reduce_min(pairs, axis=2), y)
        rows = tf.reshape(y, [-1, y.shape[1] * y.shape[2]])
        return tf.sigmoid(rows @ self._classifier + self._classifier_bias)
