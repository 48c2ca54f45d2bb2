"""Sines in noise: the excitation of neural source-filter models."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import State
from ddsp_tf.processors.synthesizers.voice_source import VoiceSource
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class SineNoise(VoiceSource):
    """Plays a sum of the first partials with a little noise, and louder noise without a pitch.

    Inputs and controls: `f0_hz` `[batch, n_frames, 1]`, >= 0; 0 means unvoiced. Optional:
    `noise_seed`, an integer scalar. The noise is uniform, of the deviation `noise` where there is a
    pitch and `amplitude / 3` where there is none.

    Args:
        n_harmonics: Partials, >= 1.
        amplitude: Of each.
        noise: Deviation of the noise where there is a pitch.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        seed: Of the noise.
        name: The processor's name.

    Raises:
        ArgumentError: No partial.

    Example:
        >>> source = SineNoise(sample_rate=16000, hop_length=64)
        >>> unvoiced = source({"f0_hz": tf.zeros([1, 250, 1])})
        >>> round(float(tf.math.reduce_std(unvoiced)), 3)
        0.034

    Reference:
        Wang, Takaki and Yamagishi 2019, "Neural source-filter waveform models for statistical
        parametric speech synthesis", equation 2.
    """

    def __init__(
        self,
        *,
        n_harmonics: int = 8,
        amplitude: float = 0.1,
        noise: float = 0.003,
        sample_rate: int = 16000,
        hop_length: int = 64,
        seed: int = 0,
        name: str = "sine_noise",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            n_harmonics=n_harmonics,
            seed=seed,
            sample_rate=sample_rate,
            hop_length=hop_length,
            name=name,
            **kwargs,
        )
        self.amplitude = amplitude
        self.noise = noise

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """`f0_hz`."""
        return {"f0_hz": Signal("frames", unit="Hz", low=0.0)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase and the place in the noise."""
        f0_hz = controls["f0_hz"][:, : n_frames + 1]
        voiced = tf.cast(f0_hz > 0.0, tf.float32)
        sines, turns = dsp.stream_harmonic(
            f0_hz,
            self.amplitude * voiced,
            tf.ones_like(f0_hz) * tf.ones([self.n_harmonics]),
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        level = self.noise * voiced + self.amplitude / 3.0 * (1.0 - voiced)
        noise, following = self._noise(controls, state, math.sqrt(3.0) * level, n_frames)
        return sines + noise, {"turns": turns, "frame": following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "amplitude": self.amplitude,
            "noise": self.noise,
        }
