"""A sine and noise, each with an amplitude: what a neural synthesiser of voices starts from."""

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
class Excitation(Synthesizer):
    """Plays `A_p(t) sin(2 pi * sum of f0) + A_ap(t) U(-1, 1)`, and both parts alone.

    Inputs and controls: `f0_hz`, `periodic_amplitude` and `aperiodic_amplitude`, each
    `[batch, n_frames, 1]`, >= 0; where both amplitudes are 0 every sample is 0. Optional:
    `noise_seed`, an integer scalar. Outputs: `signal`, the sum; `periodic` and `aperiodic`.

    With several partials the sine becomes a sum of all multiples below Nyquist, as many as that,
    alike and together of the sine's power: what a synthesiser that only filters needs.

    Args:
        n_harmonics: Partials, >= 1; 1 is the paper's sine.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        seed: Of the noise.
        name: The processor's name.

    Raises:
        ArgumentError: No partial.

    Example:
        >>> source = Excitation(sample_rate=16000, hop_length=160)
        >>> one = tf.ones([1, 100, 1])
        >>> played = source({"f0_hz": 200.0 * one, "periodic_amplitude": 0.5 * one,
        ...                  "aperiodic_amplitude": 0.0 * one})
        >>> round(float(tf.reduce_max(played["signal"])), 3)
        0.5

    Reference:
        Choi et al. 2022, "NANSY++: Unified Voice Synthesis with Neural Analysis and Synthesis",
        the excitation of the synthesiser.
    """

    optional_input_names = ("noise_seed",)

    def __init__(
        self,
        *,
        n_harmonics: int = 1,
        sample_rate: int = 16000,
        hop_length: int = 64,
        seed: int = 0,
        name: str = "excitation",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        self.n_harmonics = n_harmonics
        self.seed = seed

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Pitch and amplitudes, and `noise_seed`, an integer."""
        return {**self.control_signals, "noise_seed": Signal("value", dtype="int32")}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """Pitch and amplitudes."""
        amplitude = Signal("frames", low=0.0)
        return {
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
            "periodic_amplitude": amplitude,
            "aperiodic_amplitude": amplitude,
        }

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The sum and its parts."""
        return {key: Signal("samples") for key in ("signal", "periodic", "aperiodic")}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes pitch and amplitudes on."""
        named = {key: tf.cast(inputs[key], tf.float32) for key in self.control_signals}
        return {**named, **optional_inputs(self, inputs)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns, and the place in the noise."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64), "frame": tf.zeros([], tf.int64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], State]:
        """Plays one block; the state is the phase and the place in the noise."""
        f0_hz, periodic, aperiodic = (
            controls[key][:, : n_frames + 1] for key in self.control_signals
        )
        numbers = tf.range(1.0, self.n_harmonics + 1.0)
        heard = dsp.remove_above_nyquist(
            f0_hz * numbers,
            tf.ones_like(f0_hz) * tf.ones_like(numbers),
            sample_rate=self.sample_rate,
        )
        count = tf.reduce_sum(heard, axis=-1, keepdims=True)
        tone, turns = dsp.stream_harmonic(
            f0_hz,
            periodic * tf.math.rsqrt(tf.maximum(count, 1.0)),
            heard,
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        noise = dsp.uniform_noise(
            tf.shape(f0_hz)[0],
            n_frames * self.hop_length,
            seed=controls.get("noise_seed", self.seed),
            start=state["frame"] * self.hop_length,
        )
        level = dsp.resample_envelope(aperiodic, hop_length=self.hop_length)[..., 0]
        noise *= level[:, : tf.shape(noise)[1]]
        following = (state["frame"] + tf.cast(n_frames, tf.int64)) % 2**32
        played = {"signal": tone + noise, "periodic": tone, "aperiodic": noise}
        return played, {"turns": turns, "frame": following}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_harmonics": self.n_harmonics, "seed": self.seed}
