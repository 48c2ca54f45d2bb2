"""What encoders that hear the sound frame by frame have in common."""

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.models.autoencoder.encoder import Encoder
from ddsp_tf.types import Signal


class SoundEncoder(Encoder):
    """An encoder that makes z of the sound's spectra; subclasses implement `call`.

    Args:
        n_z: Numbers of z.
        sample_rate: Of the audio, in Hz.
        fft_length: Of the spectra.
        z_hop_length: Samples between frames of z; 128 at 16 kHz are 125 frames a second.
        name: The layer's name.
    """

    def __init__(
        self,
        *,
        n_z: int,
        sample_rate: int,
        fft_length: int,
        z_hop_length: int,
        name: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.n_z = n_z
        self.sample_rate = sample_rate
        self.fft_length = fft_length
        self.z_hop_length = z_hop_length

    @property
    def input_signals(self) -> Mapping[str, Signal]:  # type: ignore[override]
        """The sound."""
        return {"audio": Signal("samples")}

    def encode(
        self,
        inputs: Mapping[str, tf.Tensor],
        *,
        n_frames: int | tf.Tensor,
        hop_length: int,
        noise_seed: Any = None,
    ) -> tf.Tensor:
        """Gives z for each frame of the model; `noise_seed` says that it is trained."""
        z = self(inputs["audio"], training=noise_seed is not None)
        return dsp.resample_frames(z, n_frames, ratio=hop_length / self.z_hop_length)

    def call(self, audio: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Encodes a sound.

        Args:
            audio: `[batch, n_samples]`.
            training: Whether it is trained.

        Returns:
            z, `[batch, ceil(n_samples / z_hop_length), n_z]`.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        keys = ("n_z", "sample_rate", "fft_length", "z_hop_length")
        return {**super().get_config(), **{key: getattr(self, key) for key in keys}}
