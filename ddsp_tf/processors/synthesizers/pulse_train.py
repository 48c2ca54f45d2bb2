"""A train of pulses: the excitation of vocoders."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class PulseTrain(Synthesizer):
    """Plays all partials of a pitch alike: band-limited pulses of the same energy at any pitch.

    Inputs and controls: `f0_hz` `[batch, n_frames, 1]`, >= 0; at 0 there is silence. Partials below
    Nyquist have the amplitude sqrt(2 f0 / sample_rate), so that the mean square is near 1/2.

    Args:
        lowest_hz: From this pitch upwards the band is full.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Raises:
        ArgumentError: A pitch that isn't above 0.

    Example:
        >>> pulses = PulseTrain(sample_rate=16000, hop_length=64)
        >>> audio = pulses({"f0_hz": tf.fill([1, 250, 1], 100.0)})
        >>> round(float(tf.reduce_mean(audio**2)), 2)
        0.49

    Reference:
        Nercessian 2023, "Differentiable WORLD Synthesizer-based Neural Vocoder", section 2.1.
    """

    def __init__(
        self,
        *,
        lowest_hz: float = 60.0,
        sample_rate: int = 16000,
        hop_length: int = 64,
        name: str = "pulse_train",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if not lowest_hz > 0:
            raise ArgumentError(f"`lowest_hz` should be above 0. Received {lowest_hz}.")
        self.lowest_hz = lowest_hz
        self._n_harmonics = math.ceil(0.5 * sample_rate / lowest_hz)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`f0_hz`."""
        return {"f0_hz": Signal("frames", unit="Hz", low=0.0)}

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """`f0_hz`."""
        return self.input_signals

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the pitch on."""
        return {"f0_hz": tf.cast(inputs["f0_hz"], tf.float32)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase."""
        f0_hz = controls["f0_hz"][:, : n_frames + 1]
        # The square root has no gradient at 0.
        amplitudes = tf.where(
            f0_hz > 0.0, tf.sqrt(tf.maximum(f0_hz, 1e-3) * (2.0 / self.sample_rate)), 0.0
        )
        ones = tf.ones_like(f0_hz) * tf.ones([self._n_harmonics])
        audio, turns = dsp.stream_harmonic(
            f0_hz,
            amplitudes,
            dsp.remove_above_nyquist(
                f0_hz * tf.range(1.0, self._n_harmonics + 1.0), ones, sample_rate=self.sample_rate
            ),
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        return audio, {"turns": turns}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "lowest_hz": self.lowest_hz}
