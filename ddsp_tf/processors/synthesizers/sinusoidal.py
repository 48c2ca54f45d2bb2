"""The bank of free sinusoids."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.envelopes import Interpolation
from ddsp_tf.processors.processor import Controls, Processor, State


@keras.saving.register_keras_serializable("ddsp_tf")
class Sinusoidal(Processor):
    """Sums sinusoids whose frequencies and amplitudes are free.

    Inputs: `amplitudes` `[batch, n_frames, n_sinusoids]`, any real numbers; `frequencies_hz`
    of the same shape, in Hz, >= 0. Controls: the same names; `amplitudes` is positive, and zero
    where the frequency is at or above Nyquist.

    Args:
        sample_rate: In Hz.
        hop_length: Samples per frame.
        amplitude_method: How amplitudes go from frame to frame: "window" (Hann) or "linear".
        scale: Whether amplitudes pass through `exp_sigmoid`. Without it they are taken as >= 0.
        name: The processor's name.

    Reference:
        Engel et al. 2020 (ICML workshop), "Self-supervised pitch detection by inverse audio
        synthesis", section 2.
    """

    input_names = ("amplitudes", "frequencies_hz")
    control_names = input_names

    def __init__(
        self,
        *,
        sample_rate: int = 16000,
        hop_length: int = 64,
        amplitude_method: Interpolation = "window",
        scale: bool = True,
        name: str = "sinusoidal",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, amplitude_method)  # Refuses wrong arguments now, not when played.
        self.amplitude_method = amplitude_method
        self.scale = scale

    @property
    def lookahead_frames(self) -> int:
        """The next frame: the last one glides towards it."""
        return 1

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes amplitudes positive, and zero at and above Nyquist."""
        amplitudes = tf.cast(inputs["amplitudes"], tf.float32)
        frequencies_hz = tf.cast(inputs["frequencies_hz"], tf.float32)
        if self.scale:
            amplitudes = dsp.exp_sigmoid(amplitudes)
        amplitudes = dsp.remove_above_nyquist(
            frequencies_hz, amplitudes, sample_rate=self.sample_rate
        )
        return {"amplitudes": amplitudes, "frequencies_hz": frequencies_hz}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0 in turns; it broadcasts over the sinusoids."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64)}

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
            "amplitude_method": self.amplitude_method,
            "scale": self.scale,
        }
