"""Sines in noise: the excitation of neural source-filter models."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State, optional_inputs
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class SineNoise(Synthesizer):
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

    optional_input_names = ("noise_seed",)

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
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        self.n_harmonics = n_harmonics
        self.amplitude = amplitude
        self.noise = noise
        self.seed = seed

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`f0_hz`, and `noise_seed`, an integer."""
        return {**self.control_signals, "noise_seed": Signal("value", dtype="int32")}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """`f0_hz`."""
        return {"f0_hz": Signal("frames", unit="Hz", low=0.0)}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the pitch on."""
        return {"f0_hz": tf.cast(inputs["f0_hz"], tf.float32), **optional_inputs(self, inputs)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns, and the place in the noise."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64), "frame": tf.zeros([], tf.int64)}

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
        level = dsp.resample_envelope(level, hop_length=self.hop_length)[..., 0]
        noise = dsp.uniform_noise(
            tf.shape(f0_hz)[0],
            n_frames * self.hop_length,
            seed=controls.get("noise_seed", self.seed),
            start=state["frame"] * self.hop_length,
        )
        following = (state["frame"] + tf.cast(n_frames, tf.int64)) % 2**32
        audio = sines + math.sqrt(3.0) * noise * level[:, : tf.shape(sines)[1]]
        return audio, {"turns": turns, "frame": following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_harmonics": self.n_harmonics,
            "amplitude": self.amplitude,
            "noise": self.noise,
            "seed": self.seed,
        }
