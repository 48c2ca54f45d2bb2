"""Pitch learned without labels: by what a synthesiser would have to be told."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.features.self_supervised.pitch_network import (
    SAMPLE_RATE,
    PitchNetwork,
    log_frequency_levels,
    pitches_hz,
)
from ddsp_tf.models.pitch_model import PitchModel
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class InverseSynthesis(PitchModel):
    """Hears sinusoids in a sound, and the pitch that explains them.

    `losses.PitchConsistency` trains it, on generated notes and on recordings without labels;
    `features.self_supervised` tracks pitch with it.

    Args:
        n_channels: Of the network's first convolutions.
        n_units: Of its later ones.
        hop_length: Samples from frame to frame while it is trained.
        name: The model's name.

    Raises:
        ArgumentError: Another sample rate than 16 kHz.

    Example:
        >>> outputs = InverseSynthesis()({"audio": tf.zeros([1, 2048])})
        >>> outputs["f0_hz"].shape, outputs["audio"].shape
        (TensorShape([1, 4, 1]), TensorShape([1, 2048]))

    Reference:
        Engel et al. 2020, "Self-supervised Pitch Detection by Inverse Audio Synthesis".
    """

    def __init__(
        self,
        *,
        n_channels: int = 16,
        n_units: int = 24,
        sample_rate: int = SAMPLE_RATE,
        hop_length: int = 512,
        name: str = "inverse_synthesis",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        self.n_channels = n_channels
        self.n_units = n_units
        self.network = PitchNetwork(n_channels=n_channels, n_units=n_units)
        self.network.build(None)
        self.built = True

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The sinusoids as sound, and the pitch."""
        frames = Signal("frames", unit="Hz", low=0.0)
        return {"audio": Signal("samples"), "f0_hz": frames}

    def call(self, batch: Mapping[str, Any], training: bool = False) -> dict[str, Any]:
        """Hears.

        Args:
            batch: "audio", `[batch, n_samples]`, of whole frames.
            training: Without effect; Keras passes it.

        Returns:
            What `PitchNetwork` gives; `f0_hz` `[batch, n_frames, 1]`, the likeliest; `audio`, the
            sinusoids as sound.
        """
        del training
        audio = self.encode(batch)["audio"]
        heard = self.network(log_frequency_levels(audio, hop_length=self.hop_length))
        best = tf.argmax(heard["pitch_logits"][..., :-1], axis=-1)
        f0_hz = tf.gather(tf.constant(pitches_hz(), tf.float32), best)[..., tf.newaxis]
        played = dsp.sinusoidal(
            heard["frequencies_hz"],
            heard["amplitudes"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        return {**heard, "f0_hz": f0_hz, "audio": played}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            "n_channels": self.n_channels,
            "n_units": self.n_units,
            "sample_rate": self.sample_rate,
            "hop_length": self.hop_length,
            "name": self.name,
        }
