"""The additive synthesiser of stiff strings."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.envelopes import Interpolation
from ddsp_tf.dsp.inharmonic import inharmonic_frequencies
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal

Wave = Literal["cosine", "sine"]
_START_TURNS = {"cosine": 0.25, "sine": 0.0}


@keras.saving.register_keras_serializable("ddsp_tf")
class InHarmonic(Synthesizer):
    """Sums the partials of one note's stiff strings, at k f0 sqrt(1 + B k^2).

    Inputs: `amplitudes` `[batch, n_frames, 1]` and `harmonic_distribution`
    `[batch, n_frames, n_harmonics]`, any real numbers; `f0_hz` `[batch, n_frames, n_strings]` and
    `inharmonicity` (B) `[batch, n_frames, 1]`, both >= 0. Controls: the same names. `amplitudes` is
    positive, the distribution sums to one over the partials that are heard: those below Nyquist,
    and, as no ear hears lower ones, from `lowest_hz` on. Each string plays all partials with its
    share of the amplitude, so that two that are a little out of tune with each other beat and decay
    in two stages.

    Phases are summed in float64 and don't drift. At the sound's start all partials have the same
    phase, and every one is silent at each sample where it reaches Nyquist.

    Args:
        n_harmonics: Partials, >= 1: what a decoder is asked to make, and what the state of a stream
            is sized for.
        n_strings: Strings that a note has, >= 1.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        wave: With which phase the sound starts: "cosine", all partials at their crests, as the
            paper has it, or "sine", all at zero.
        lowest_hz: Partials below are silent.
        amplitude_method: How amplitudes go from frame to frame: "window" (Hann) or "linear".
        scale: Whether amplitudes and distribution pass through `exp_sigmoid`. Without it they are
            taken as >= 0.
        name: The processor's name.

    Raises:
        ArgumentError: No partial or string, an unknown wave or method, or a hop that isn't a
            positive integer.

    Example:
        >>> strings = InHarmonic(n_harmonics=20, n_strings=2)
        >>> flat = tf.zeros([1, 250, 20])
        >>> strings({"amplitudes": flat[..., :1], "harmonic_distribution": flat,
        ...          "f0_hz": 220.0 + flat[..., :2], "inharmonicity": 3e-4 + flat[..., :1]}).shape
        TensorShape([1, 16000])

    Reference:
        Renault, Mignot and Roebel 2022, "Differentiable piano model for MIDI-to-audio performance
        synthesis", section 2.3.
    """

    def __init__(
        self,
        *,
        n_harmonics: int = 96,
        n_strings: int = 1,
        sample_rate: int = 16000,
        hop_length: int = 64,
        wave: Wave = "cosine",
        lowest_hz: float = 20.0,
        amplitude_method: Interpolation = "window",
        scale: bool = True,
        name: str = "in_harmonic",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, amplitude_method)  # Refuses wrong arguments now, not when played.
        if n_harmonics < 1 or n_strings < 1:
            raise ArgumentError(
                "`n_harmonics` and `n_strings` should be at least 1. "
                f"Received {n_harmonics} and {n_strings}."
            )
        if wave not in _START_TURNS:
            raise ArgumentError(f'`wave` should be "cosine" or "sine". Received {wave!r}.')
        self.n_harmonics = n_harmonics
        self.n_strings = n_strings
        self.wave = wave
        self.lowest_hz = lowest_hz
        self.amplitude_method = amplitude_method
        self.scale = scale

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`amplitudes`, `harmonic_distribution`, `f0_hz` of each string, `inharmonicity`."""
        low = None if self.scale else 0.0
        return {
            "amplitudes": Signal("frames", low=low),
            "harmonic_distribution": Signal("frames", self.n_harmonics, low=low),
            "f0_hz": Signal("frames", self.n_strings, unit="Hz", low=0.0),
            "inharmonicity": Signal("frames", low=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same names; amplitudes and shares that are positive."""
        return {
            **self.input_signals,
            "amplitudes": Signal("frames", low=0.0),
            "harmonic_distribution": Signal("frames", self.n_harmonics, low=0.0, high=1.0),
        }

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Makes amplitudes positive and the distribution sum to one over what is heard."""
        controls = {key: tf.cast(inputs[key], tf.float32) for key in self.input_signals}
        if self.scale:
            for key in ("amplitudes", "harmonic_distribution"):
                controls[key] = dsp.exp_sigmoid(controls[key])
        highest, lowest = (
            self._frequencies(reduce(controls["f0_hz"], axis=-1, keepdims=True), controls)
            for reduce in (tf.reduce_max, tf.reduce_min)
        )
        heard = (highest < 0.5 * self.sample_rate) & (lowest >= self.lowest_hz)
        distribution = controls["harmonic_distribution"]
        distribution = tf.where(heard, distribution, tf.zeros_like(distribution))
        total = tf.reduce_sum(distribution, axis=-1, keepdims=True)
        controls["harmonic_distribution"] = tf.math.divide_no_nan(distribution, total)
        return controls

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """The phase of every string's partials, in turns."""
        n_partials = self.n_strings * self.n_harmonics
        return {"turns": tf.fill([batch_size, n_partials], tf.constant(self._start, tf.float64))}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phases."""
        given = {key: controls[key][:, : n_frames + 1] for key in self.input_signals}
        strings = tf.split(given["f0_hz"], self.n_strings, axis=-1)
        frequencies_hz = tf.concat([self._frequencies(f0_hz, given) for f0_hz in strings], axis=-1)
        share = given["amplitudes"] * given["harmonic_distribution"] / self.n_strings
        audio, turns = dsp.stream_sinusoidal(
            frequencies_hz,
            tf.tile(share, [1, 1, self.n_strings]),
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
            "n_harmonics": self.n_harmonics,
            "n_strings": self.n_strings,
            "wave": self.wave,
            "lowest_hz": self.lowest_hz,
            "amplitude_method": self.amplitude_method,
            "scale": self.scale,
        }

    @property
    def _start(self) -> float:
        return _START_TURNS[self.wave]

    def _frequencies(self, f0_hz: tf.Tensor, controls: Mapping[str, Any]) -> tf.Tensor:
        return inharmonic_frequencies(
            f0_hz, controls["inharmonicity"], n_harmonics=self.n_harmonics
        )
