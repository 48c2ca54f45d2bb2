"""The bank of free sinusoids."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.envelopes import Interpolation
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Sinusoidal(Synthesizer):
    """Sums sinusoids whose frequencies and amplitudes are free.

    Inputs: `amplitudes` `[batch, n_frames, n_sinusoids]`, any real numbers; `frequencies_hz`
    of the same shape, in Hz, >= 0. Controls: the same names; `amplitudes` is positive, and zero
    where the frequency is at or above Nyquist.

    Args:
        n_sinusoids: How many, >= 1: what a decoder is asked to make, and what the state of a live
            stream is sized for. None: as many as come.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        amplitude_method: How amplitudes go from frame to frame: "window" (Hann) or "linear".
        scale: Whether amplitudes pass through `exp_sigmoid`. Without it they are taken as >= 0.
        name: The processor's name.

    Raises:
        ArgumentError: No sinusoid, an unknown method, or a hop that isn't a positive integer.

    Reference:
        Engel et al. 2020 (ICML workshop), "Self-supervised pitch detection by inverse audio
        synthesis", section 2.
    """

    def __init__(
        self,
        *,
        n_sinusoids: int | None = None,
        sample_rate: int = 16000,
        hop_length: int = 64,
        amplitude_method: Interpolation = "window",
        scale: bool = True,
        name: str = "sinusoidal",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, amplitude_method)  # Refuses wrong arguments now, not when played.
        if n_sinusoids is not None and n_sinusoids < 1:
            raise ArgumentError(f"`n_sinusoids` should be at least 1. Received {n_sinusoids}.")
        self.n_sinusoids = n_sinusoids
        self.amplitude_method = amplitude_method
        self.scale = scale

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`amplitudes` and `frequencies_hz`, as many of each."""
        low = None if self.scale else 0.0
        return {
            "amplitudes": Signal("frames", self.n_sinusoids, low=low),
            "frequencies_hz": Signal("frames", self.n_sinusoids, unit="Hz", low=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same; amplitudes that are positive."""
        return {**self.input_signals, "amplitudes": Signal("frames", self.n_sinusoids, low=0.0)}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes amplitudes positive, and zero at and above Nyquist."""
        amplitudes = tf.cast(inputs["amplitudes"], tf.float32)
        frequencies_hz = tf.cast(inputs["frequencies_hz"], tf.float32)
        if amplitudes.shape[-1] != frequencies_hz.shape[-1]:
            raise ArgumentError(
                f"`{self.name}`: `amplitudes` has {amplitudes.shape[-1]} sinusoids, and "
                f"`frequencies_hz` has {frequencies_hz.shape[-1]}. Give each its frequency."
            )
        if self.scale:
            amplitudes = dsp.exp_sigmoid(amplitudes)
        amplitudes = dsp.remove_above_nyquist(
            frequencies_hz, amplitudes, sample_rate=self.sample_rate
        )
        return {"amplitudes": amplitudes, "frequencies_hz": frequencies_hz}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0 in turns; where their number isn't known, one stands for all."""
        return {"turns": tf.zeros([batch_size, self.n_sinusoids or 1], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is each sinusoid's phase."""
        audio, turns = dsp.stream_sinusoidal(
            controls["frequencies_hz"][:, : n_frames + 1],
            controls["amplitudes"][:, : n_frames + 1],
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
            amplitude_method=self.amplitude_method,
        )
        return audio, {"turns": turns}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_sinusoids": self.n_sinusoids,
            "amplitude_method": self.amplitude_method,
            "scale": self.scale,
        }
