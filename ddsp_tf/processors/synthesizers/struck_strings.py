"""The additive synthesiser of struck strings."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf.dsp.held_oscillators import stream_held_sinusoids
from ddsp_tf.dsp.inharmonic import inharmonic_frequencies
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class StruckStrings(Synthesizer):
    """Sums the partials of a key's two strings, which begin together at each strike.

    Partial k lies at k f0 sqrt(1 + B k^2), f0 being the mean of both strings. It has a part that
    both strings play as one, `prompt_amplitudes`, and one that they play each at its own pitch,
    `beating_amplitudes`: sin(a) + sin(b) = 2 cos((a - b) / 2) sin((a + b) / 2), so that two strings
    cost what one does. The strings of real keys are in step when the hammer leaves them, whenever
    that is, and these are at an `age_s` of 0.

    Inputs, also the controls: `prompt_amplitudes` and `beating_amplitudes`
    `[batch, n_frames, n_harmonics]`, linear; `f0_hz` `[batch, n_frames, 2]` and `inharmonicity` (B)
    `[batch, n_frames, 1]`, both >= 0; `age_s` `[batch, n_frames, 1]`, seconds since the strike.

    Pitches hold for a frame, amplitudes go linearly to the next. Phases are continuous, summed in
    float64, and don't drift. Partials below 20 Hz, and at Nyquist and above, are silent.

    Args:
        n_harmonics: Partials, >= 1.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        lowest_hz: Partials below are silent.
        name: The processor's name.

    Raises:
        ArgumentError: There is no partial.

    Example:
        >>> strings = StruckStrings(n_harmonics=20)
        >>> flat = tf.ones([1, 250, 20])
        >>> strings({"prompt_amplitudes": 0.01 * flat, "beating_amplitudes": 0.01 * flat,
        ...          "f0_hz": 220.0 + flat[..., :2], "inharmonicity": 3e-4 * flat[..., :1],
        ...          "age_s": flat[..., :1]}).shape
        TensorShape([1, 16000])

    Reference:
        Renault, Mignot and Roebel 2022, section 2.3; Weinreich 1977, "Coupled piano strings", for
        the prompt sound and the aftersound.
    """

    def __init__(
        self,
        *,
        n_harmonics: int = 96,
        sample_rate: int = 16000,
        hop_length: int = 64,
        lowest_hz: float = 20.0,
        name: str = "struck_strings",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        self.n_harmonics = n_harmonics
        self.lowest_hz = lowest_hz

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """Both amplitudes of every partial, the pitch of each string, stiffness and age."""
        return {
            "prompt_amplitudes": Signal("frames", self.n_harmonics),
            "beating_amplitudes": Signal("frames", self.n_harmonics),
            "f0_hz": Signal("frames", 2, unit="Hz", low=0.0),
            "inharmonicity": Signal("frames", low=0.0),
            "age_s": Signal("frames", unit="s", low=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same."""
        return self.input_signals

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Passes the inputs on."""
        return {key: tf.cast(inputs[key], tf.float32) for key in self.input_signals}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """The phase of every partial, in turns."""
        return {"turns": tf.zeros([batch_size, self.n_harmonics], tf.float64)}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phases."""
        given = {key: controls[key][:, : n_frames + 1] for key in self.input_signals}
        f0_hz = tf.reduce_mean(given["f0_hz"], axis=-1, keepdims=True)
        partials_hz = inharmonic_frequencies(
            f0_hz, given["inharmonicity"], n_harmonics=self.n_harmonics
        )
        apart = tf.math.divide_no_nan(given["f0_hz"][..., 1:] - given["f0_hz"][..., :1], f0_hz)
        beat = tf.cos(math.pi * apart * partials_hz * given["age_s"])
        amplitudes = given["prompt_amplitudes"] + beat * given["beating_amplitudes"]
        audio, turns = stream_held_sinusoids(
            partials_hz[:, :n_frames],
            tf.where(partials_hz >= self.lowest_hz, amplitudes, 0.0),
            initial_turns=state["turns"],
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
        )
        return audio, {"turns": turns}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "n_harmonics": self.n_harmonics,
            "lowest_hz": self.lowest_hz,
        }
