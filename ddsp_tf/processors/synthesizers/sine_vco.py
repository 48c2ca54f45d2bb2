"""The oscillator of a modular synthesiser."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.processor import Processor, State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class SineVco(Processor):
    """Plays a cosine whose pitch is moved.

    Inputs: `midi` `[batch, n_frames, 1]`, 0 to 127; `modulation` `[batch, n_frames, 1]`; `tuning`
    in semitones (-24 to 24), `depth` in semitones (-96 to 96: by how much a modulation of 1 moves
    the pitch) and `phase` in radians, each `[batch, 1]`. Plays `[batch, n_frames * hop_length]`,
    whole sounds; the pitch glides in semitones between frames and stays within 0 and 127.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Example:
        >>> ones = tf.ones([1, 441, 1])
        >>> cosine = SineVco()({"midi": 69.0 * ones, "modulation": 0.0 * ones})
        >>> int(tf.argmax(tf.abs(tf.signal.rfft(cosine[0]))))
        440

    Reference:
        Turian et al. 2021, "One billion audio sounds from GPU-enabled modular synthesis".
    """

    streamable = False

    def __init__(
        self,
        *,
        sample_rate: int = 44100,
        hop_length: int = 100,
        name: str = "sine_vco",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The pitch, and how it is moved."""
        radians = {"unit": "rad", "low": -math.pi, "high": math.pi}
        depth = {"low": -96.0, "high": 96.0, "curve": 0.2}
        return {
            "midi": Signal("frames", unit="midi", low=0.0, high=127.0, default=60.0),
            "modulation": Signal("frames"),
            "tuning": Signal("value", unit="semitones", low=-24.0, high=24.0, default=0.0),
            "depth": Signal("value", unit="semitones", **depth, default=0.0),  # type: ignore[arg-type]
            "phase": Signal("value", **radians, default=0.0),  # type: ignore[arg-type]
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs."""
        return self.input_signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """One channel."""
        return {"signal": Signal("samples")}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays the whole sound."""
        del n_frames
        phase = dsp.modulated_phase(
            controls["midi"][..., 0] + controls["tuning"],
            controls["modulation"][..., 0],
            depth=controls["depth"],
            phase=controls["phase"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        return self.wave(phase, controls), state

    def wave(self, phase: tf.Tensor, controls: Mapping[str, Any]) -> tf.Tensor:
        """Gives the wave at a phase in radians, `[batch, n_samples]`."""
        del controls
        return tf.cos(phase)
