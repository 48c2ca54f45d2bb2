"""The wavetable synthesiser."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.envelopes import Interpolation
from ddsp_tf.dsp.wavetables import require_points, stream_wavetable
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Wavetable(Synthesizer):
    """Reads one period of a wave, which changes from frame to frame, at the pace of a fundamental.

    Inputs: `amplitudes` `[batch, n_frames, 1]`, any real numbers; `wavetables`
    `[batch, n_frames, n_points]`; `f0_hz` `[batch, n_frames, 1]`, >= 0. Controls: the same names;
    `amplitudes` is positive. Partials that reach Nyquist are silent, and there are no aliases
    above -90 dB, see `dsp.wavetable`.

    Args:
        n_points: Of a period, at least 4.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        amplitude_method: How waves go from frame to frame: "window" (Hann) or "linear".
        scale: Whether amplitudes pass through `exp_sigmoid`. Without it they are taken as >= 0.
        name: The processor's name.

    Raises:
        ArgumentError: Fewer than 4 points, an unknown method, or a hop that isn't a positive
            integer.

    Example:
        >>> import numpy as np
        >>> saw = np.linspace(1.0, -1.0, 512, endpoint=False, dtype=np.float32)
        >>> frames = np.ones([1, 250, 1], np.float32)
        >>> Wavetable(n_points=512)({"amplitudes": frames, "wavetables": saw * frames,
        ...                          "f0_hz": 220.0 * frames}).shape
        TensorShape([1, 16000])

    Reference:
        Shan et al. 2022, "Differentiable wavetable synthesis", section 3.
    """

    def __init__(
        self,
        *,
        n_points: int = 512,
        sample_rate: int = 16000,
        hop_length: int = 64,
        amplitude_method: Interpolation = "window",
        scale: bool = True,
        name: str = "wavetable",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, amplitude_method)  # Refuses wrong arguments now, not when played.
        require_points(n_points, name="n_points")
        self.n_points = n_points
        self.amplitude_method = amplitude_method
        self.scale = scale
        self.jit_compile = False

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`amplitudes`, what gives the wave, and `f0_hz`."""
        return {
            "amplitudes": Signal("frames", low=None if self.scale else 0.0),
            **self.wave_signals(raw=True),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same names; amplitudes that are positive."""
        return {
            "amplitudes": Signal("frames", low=0.0),
            **self.wave_signals(raw=False),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    def wave_signals(self, *, raw: bool) -> dict[str, Signal]:
        """Declares what gives the wave, as it comes (raw) or as a control."""
        del raw
        return {"wavetables": Signal("frames", self.n_points)}

    def wave_controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes the controls that give the wave."""
        return {"wavetables": tf.cast(inputs["wavetables"], tf.float32)}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes amplitudes positive."""
        amplitudes, f0_hz = (tf.cast(inputs[key], tf.float32) for key in ("amplitudes", "f0_hz"))
        if self.scale:
            amplitudes = dsp.exp_sigmoid(amplitudes)
        return {"amplitudes": amplitudes, **self.wave_controls(inputs), "f0_hz": f0_hz}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phase 0, in turns."""
        return {"turns": tf.zeros([batch_size, 1], tf.float64)}

    def read(self, controls: Mapping[str, Any], **settings: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Reads the waves of one block: audio, and the phase after it."""
        return stream_wavetable(
            *(controls[key] for key in ("f0_hz", "amplitudes", "wavetables")), **settings
        )

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phase."""
        audio, turns = self.read(
            {key: controls[key][:, : n_frames + 1] for key in self.control_signals},
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
            "n_points": self.n_points,
            "amplitude_method": self.amplitude_method,
            "scale": self.scale,
        }
