"""Two oscillators and a resonant low-pass, as a sum of partials."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
from ddsp_tf.types import Signal

_LOWEST_HZ = 30.0


@keras.saving.register_keras_serializable("ddsp_tf")
class SawSquare(Processor):
    """A subtractive synthesiser without aliases: two waves of partials with the filter's gains.

    Inputs: `f0_hz` (32 to 2000), `envelope` and `filter_envelope` (0 to 1, as an `Adsr` gives)
    `[batch, n_frames, 1]`; and each `[batch, 1]`: `amplitude` (0 to 1), `cutoff_hz` (30 to half the
    sample rate), `sweep_octaves` (-8 to 8: where a filter envelope of 1 moves the cutoff to), `q`
    (0.1 to 2), `mix_1` and `mix_2` (0: saw, 1: square), `ratio` (1 to 8: of the second oscillator's
    frequency). Plays `[batch, n_frames * hop_length]`, whole sounds.

    A partial at or above half the sample rate is silent, as in `dsp.harmonic`.

    Args:
        n_harmonics: Partials of each oscillator.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        name: The processor's name.

    Raises:
        ArgumentError: No partial.

    Example:
        >>> ones = tf.ones([1, 250, 1])
        >>> synth = SawSquare(sample_rate=16000, hop_length=64)
        >>> synth({"f0_hz": 220.0 * ones, "envelope": ones, "filter_envelope": ones}).shape
        TensorShape([1, 16000])

    Reference:
        Masuda and Saito 2021, "Synthesizer sound matching with differentiable DSP", section 3.1.
    """

    streamable = False

    def __init__(
        self,
        *,
        n_harmonics: int = 24,
        sample_rate: int = 16000,
        hop_length: int = 64,
        name: str = "saw_square",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        if n_harmonics < 1:
            raise ArgumentError(f"`n_harmonics` should be at least 1. Received {n_harmonics}.")
        self.n_harmonics = n_harmonics
        self.jit_compile = False

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The pitch, two envelopes, and the settings of the oscillators and of the filter."""
        nyquist = 0.5 * self.sample_rate
        cutoff = {"low": _LOWEST_HZ, "high": nyquist, "default": min(1000.0, nyquist)}
        mix = Signal("value", low=0.0, high=1.0, default=0.5)
        return {
            "f0_hz": Signal("frames", unit="Hz", low=32.0, high=2000.0, default=220.0),
            "envelope": Signal("frames", low=0.0, high=1.0),
            "filter_envelope": Signal("frames", low=0.0, high=1.0),
            "amplitude": Signal("value", low=0.0, high=1.0, default=0.5),
            "cutoff_hz": Signal("value", unit="Hz", **cutoff),
            "sweep_octaves": Signal("value", unit="octaves", low=-8.0, high=8.0, default=0.0),
            "q": Signal("value", low=0.1, high=2.0, default=0.7),
            "mix_1": mix,
            "mix_2": mix,
            "ratio": Signal("value", low=1.0, high=8.0, default=1.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """As the inputs, and the cutoff frame by frame."""
        nyquist = 0.5 * self.sample_rate
        cutoff = Signal("frames", unit="Hz", low=_LOWEST_HZ, high=nyquist)
        return {**self.input_signals, "moved_cutoff_hz": cutoff}

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """One channel."""
        return {"signal": Signal("samples")}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Moves the cutoff by its envelope."""
        sweep = inputs["sweep_octaves"][:, tf.newaxis] * inputs["filter_envelope"]
        moved = inputs["cutoff_hz"][:, tf.newaxis] * 2.0**sweep
        moved = tf.clip_by_value(moved, _LOWEST_HZ, 0.5 * self.sample_rate)
        return {**super().controls(inputs), "moved_cutoff_hz": moved}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays the whole sound."""
        del n_frames
        amplitude = controls["envelope"] * controls["amplitude"][:, tf.newaxis]
        numbers = tf.range(1, self.n_harmonics + 1, dtype=tf.float32)

        def oscillator(f0_hz: tf.Tensor, mix: tf.Tensor) -> tf.Tensor:
            partials = dsp.saw_square_amplitudes(mix, self.n_harmonics)
            gains = dsp.resonant_low_pass_gain(
                f0_hz * numbers, controls["moved_cutoff_hz"], controls["q"][:, tf.newaxis]
            )
            audio, _ = dsp.stream_harmonic(
                *(dsp.hold_last_frame(x, 1) for x in (f0_hz, amplitude, partials * gains)),
                initial_turns=None,
                hop_length=self.hop_length,
                sample_rate=self.sample_rate,
                amplitude_method="linear",
                jit_compile=self.jit_compile,
            )
            return audio

        f0_hz = controls["f0_hz"]
        first = oscillator(f0_hz, controls["mix_1"])
        second = oscillator(f0_hz * controls["ratio"][:, tf.newaxis], controls["mix_2"])
        return first + second, state

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_harmonics": self.n_harmonics}
