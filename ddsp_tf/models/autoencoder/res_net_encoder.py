"""An encoder of residual timbre, z, by a residual network."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models.autoencoder.sound_encoder import SoundEncoder
from ddsp_tf.nn import ResNet, VectorQuantization

_FLOOR = 1e-5


@keras.saving.register_keras_serializable("ddsp_tf")
class ResNetEncoder(SoundEncoder):
    """A mel spectrum in dB, a `ResNet`, and a Dense layer over what it leaves of the bands give z.

    Unlike `MfccTimeDistributedRnnEncoder` it hears the level, and z at a frame depends on
    neighbours alone: on as many to each side as the convolutions reach. With `n_codes` it is
    quantised: each frame's z is one of so many vectors, which a VQ-VAE learns.

    Args:
        n_z: Numbers of z.
        channels: As for `nn.ResNet`.
        blocks: As for `nn.ResNet`.
        n_codes: Vectors that z may be; None: any.
        sample_rate: Of the audio, in Hz.
        fft_length: Of the spectrum.
        z_hop_length: Samples between frames of z.
        n_bands: Mel bands, of the whole spectrum.
        name: The layer's name.

    Raises:
        ArgumentError: No z, no band, or what `nn.ResNet` and `nn.VectorQuantization` refuse.

    Example:
        >>> encoder = ResNetEncoder(n_z=4, channels=2, blocks=(1, 1), n_bands=32)
        >>> encoder.encode({"audio": tf.zeros([1, 640])}, n_frames=10, hop_length=64).shape
        TensorShape([1, 10, 4])

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks"; van den Oord et al. 2017,
        "Neural discrete representation learning" (codes).
    """

    def __init__(
        self,
        *,
        n_z: int = 16,
        channels: int = 32,
        blocks: Sequence[int] = (2, 3, 4, 3),
        n_codes: int | None = None,
        sample_rate: int = 16000,
        fft_length: int = 1024,
        z_hop_length: int = 128,
        n_bands: int = 128,
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
        if n_z < 1 or n_bands < 1:
            raise ArgumentError(
                f"`n_z` and `n_bands` should be at least 1. Received {n_z} and {n_bands}."
            )
        self.n_codes = n_codes
        self.n_bands = n_bands
        self.network = ResNet(channels, blocks=blocks, name="network", dtype=self.dtype_policy)
        self.to_z = keras.layers.Dense(n_z, name="to_z", dtype=self.dtype_policy)
        self.codes = None if n_codes is None else VectorQuantization(n_codes, name="codes")
        self.network.build((None, None, n_bands))
        n_left = self.network.n_bins(n_bands) * self.network.n_outputs
        self.to_z.build((None, None, n_left))
        if self.codes is not None:
            self.codes.build((None, None, n_z))

    def call(self, audio: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes a sound.

        Args:
            audio: `[batch, n_samples]`.
            training: Whether codes follow what they stand for.

        Returns:
            z, `[batch, ceil(n_samples / z_hop_length), n_z]`.
        """
        bands = dsp.mel_spectrogram(
            audio,
            sample_rate=self.sample_rate,
            fft_length=self.fft_length,
            hop_length=self.z_hop_length,
            n_bands=self.n_bands,
        )
        # From 1 (a full-scale sine has some 50 dB in its band) to 0, at 1e-5, 100 dB below.
        heard = tf.math.log(tf.maximum(bands, _FLOOR)) / math.log(1e5) + 1.0
        left = self.network(tf.cast(heard, self.compute_dtype))
        shape = tf.shape(left)
        rows = tf.reshape(left, [shape[0], shape[1], left.shape[2] * left.shape[3]])
        z = tf.cast(self.to_z(rows), tf.float32)
        return z if self.codes is None else self.codes(z, training=training)[0]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "channels": self.network.channels,
            "blocks": list(self.network.blocks),
            "n_codes": self.n_codes,
            "n_bands": self.n_bands,
        }
