"""A sine and noise, each with an amplitude: what a neural synthesiser of voices starts from."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import State
from ddsp_tf.processors.synthesizers.voice_source import VoiceSource
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Excitation(VoiceSource):
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
        super().__init__(
            n_harmonics=n_harmonics,
            seed=seed,
            sample_rate=sample_rate,
            hop_length=hop_length,
            name=name,
            **kwargs,
        )

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
        noise, following = self._noise(controls, state, aperiodic, n_frames)
        played = {"signal": tone + noise, "periodic": tone, "aperiodic": noise}
        return played, {"turns": turns, "frame": following}
