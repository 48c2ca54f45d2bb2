"""The additive synthesiser."""

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
class Harmonic(Synthesizer):
    """Sums sinusoids at the multiples of a fundamental.

    Inputs: `amplitudes` `[batch, n_frames, 1]` and `harmonic_distribution`
    `[batch, n_frames, n_harmonics]`, any real numbers; `f0_hz` `[batch, n_frames, 1]`, >= 0.
    Controls: the same names. `amplitudes` is positive, the distribution sums to one over the
    partials below Nyquist.

    Args:
        n_harmonics: Partials, >= 1: what a decoder is asked to make. None: as many as come.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        amplitude_method: How amplitudes go from frame to frame: "window" (Hann) or "linear".
        normalize_below_nyquist: Whether partials at or above Nyquist are taken out before the
            distribution is made to sum to one, so that high notes keep their level.
        scale: Whether inputs pass through `exp_sigmoid`. Without it they are taken as >= 0.
        name: The processor's name.

    Raises:
        ArgumentError: No partial, an unknown method, or a hop that isn't a positive integer.

    Example:
        >>> harmonic = Harmonic(sample_rate=16000, hop_length=64)
        >>> flat = tf.zeros([1, 250, 20])
        >>> harmonic({"amplitudes": flat[..., :1], "harmonic_distribution": flat,
        ...           "f0_hz": 220.0 + flat[..., :1]}).shape
        TensorShape([1, 16000])

    Reference:
        Engel et al. 2020, section 3.2.
    """

    def __init__(
        self,
        *,
        n_harmonics: int | None = None,
        sample_rate: int = 16000,
        hop_length: int = 64,
        amplitude_method: Interpolation = "window",
        normalize_below_nyquist: bool = True,
        scale: bool = True,
        name: str = "harmonic",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, amplitude_method)  # Refuses wrong arguments now, not when played.
        if n_harmonics is not None and n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        self.n_harmonics = n_harmonics
        self.amplitude_method = amplitude_method
        self.normalize_below_nyquist = normalize_below_nyquist
        self.scale = scale
        self.jit_compile = False

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`amplitudes`, `harmonic_distribution` and `f0_hz`."""
        low = None if self.scale else 0.0
        return {
            "amplitudes": Signal("frames", low=low),
            "harmonic_distribution": Signal("frames", self.n_harmonics, low=low),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same names; amplitudes and shares that are positive."""
        return {
            "amplitudes": Signal("frames", low=0.0),
            "harmonic_distribution": Signal("frames", self.n_harmonics, low=0.0, high=1.0),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes amplitudes positive and the distribution sum to one below Nyquist."""
        amplitudes = tf.cast(inputs["amplitudes"], tf.float32)
        distribution = tf.cast(inputs["harmonic_distribution"], tf.float32)
        f0_hz = tf.cast(inputs["f0_hz"], tf.float32)
        if self.scale:
            amplitudes = dsp.exp_sigmoid(amplitudes)
            distribution = dsp.exp_sigmoid(distribution)
        distribution = dsp.normalize_harmonics(
            distribution,
            f0_hz if self.normalize_below_nyquist else None,
            sample_rate=self.sample_rate,
        )
        return {"amplitudes": amplitudes, "harmonic_distribution": distribution, "f0_hz": f0_hz}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase."""
        audio, turns = dsp.stream_harmonic(
            *(
                controls[key][:, : n_frames + 1]
                for key in ("f0_hz", "amplitudes", "harmonic_distribution")
            ),
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
            amplitude_method=self.amplitude_method,
            jit_compile=self.jit_compile,
        )
        return audio, {"turns": turns}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_harmonics": self.n_harmonics,
            "amplitude_method": self.amplitude_method,
            "normalize_below_nyquist": self.normalize_below_nyquist,
            "scale": self.scale,
        }
