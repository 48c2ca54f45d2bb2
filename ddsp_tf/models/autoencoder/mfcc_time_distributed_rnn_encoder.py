"""The paper's encoder of residual timbre, z."""

from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.models.autoencoder.sound_encoder import SoundEncoder
from ddsp_tf.nn import Gru


@keras.saving.register_keras_serializable("ddsp_tf")
class MfccTimeDistributedRnnEncoder(SoundEncoder):
    """MFCCs, normalised over time, a GRU, and a Dense layer give z, a few numbers a frame.

    The normalisation takes each coefficient's mean and variance over the whole sound, so z at a
    frame depends on later ones: a model with this encoder isn't causal.

    Args:
        n_z: Dimensions of z.
        rnn_channels: Units of the GRU.
        sample_rate: Of the audio, in Hz.
        fft_length: Of the MFCCs.
        z_hop_length: Samples between frames of z; 128 at 16 kHz are 125 frames a second.
        n_coefficients: MFCCs kept.
        name: The layer's name.

    Reference:
        Engel et al. 2020, section B.1.2.
    """

    def __init__(
        self,
        *,
        n_z: int = 16,
        rnn_channels: int = 512,
        sample_rate: int = 16000,
        fft_length: int = 1024,
        z_hop_length: int = 128,
        n_coefficients: int = 30,
        name: str = "encoder",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            n_z=n_z,
            sample_rate=sample_rate,
            fft_length=fft_length,
            z_hop_length=z_hop_length,
            name=name,
            **kwargs,
        )
        self.rnn_channels = rnn_channels
        self.n_coefficients = n_coefficients
        self.rnn = Gru(rnn_channels, name="rnn", dtype=self.dtype_policy)
        self.to_z = keras.layers.Dense(n_z, name="to_z", dtype=self.dtype_policy)
        shape = [n_coefficients]
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones")
        self.shift = self.add_weight(name="shift", shape=shape, initializer="zeros")
        self.rnn.build((None, None, n_coefficients))
        self.to_z.build((None, None, rnn_channels))

    def call(self, audio: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes a sound.

        Args:
            audio: `[batch, n_samples]`.
            training: Makes no difference.

        Returns:
            z, `[batch, ceil(n_samples / z_hop_length), n_z]`.
        """
        del training
        coefficients = dsp.mfcc(
            audio,
            sample_rate=self.sample_rate,
            fft_length=self.fft_length,
            hop_length=self.z_hop_length,
            n_coefficients=self.n_coefficients,
        )
        mean, variance = tf.nn.moments(coefficients, axes=[1], keepdims=True)
        normalized = (coefficients - mean) * tf.math.rsqrt(variance + 1e-5)
        sequence, _ = self.rnn(normalized * self.scale + self.shift)
        return self.to_z(sequence)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "rnn_channels": self.rnn_channels,
            "n_coefficients": self.n_coefficients,
        }
