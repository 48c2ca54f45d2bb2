"""The frequency modulation synthesiser."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.envelopes import Interpolation
from ddsp_tf.dsp.frequency_modulation import carriers, operator_order, stream_fm
from ddsp_tf.dsp.waveshaping import decimation_state, require_factor
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.processors.synthesizers.synthesizer import Synthesizer
from ddsp_tf.types import Signal

PATCHES: dict[str, tuple[tuple[float, ...], tuple[tuple[int, int], ...]]] = {
    "strings": ((1.0, 1.0, 1.0, 1.0, 3.0, 14.0), ((2, 1), (4, 3), (5, 4), (6, 5))),
    "flute": ((1.0, 1.0, 1.0, 2.0, 2.0, 1.5), ((2, 1), (3, 1), (5, 1), (4, 3), (6, 5))),
    "brass": ((1.0, 1.0, 1.0, 1.0, 3.2, 8.5), ((2, 1), (3, 1), (4, 1), (5, 4), (6, 5))),
}
"""Ratios of six operators, and which modulates which."""


@keras.saving.register_keras_serializable("ddsp_tf")
class Fm(Synthesizer):
    """Plays operators, sines of fixed ratios to a fundamental that move each other's phases.

    Inputs: `levels` `[batch, n_frames, n_operators]`, any real numbers; `f0_hz`
    `[batch, n_frames, 1]`, >= 0. Controls: the same names; `levels` are 0 to `highest_level`, turns
    of phase of what modulates. What is heard is divided by `highest_level`, so a carrier reaches 1.

    FM has sidebands without end. Modulation is lowered where they would fold back (`limited`), so
    that aliases below nine tenths of Nyquist are below -80 dB, whatever the patch, note and level;
    `oversampling` leaves room for more modulation, of high notes above all. The sound comes late by
    2, 3 and 3.5 samples at 2, 4 and 8.

    Args:
        patch: "strings", "flute" or "brass": the ratios and routing of the paper's patches.
        ratios: Of the operators' frequencies to f0, in place of the patch's.
        routing: Pairs (modulator, modulated), operators being counted from 1, in place of the
            patch's; those that modulate none are heard.
        highest_level: In turns; 0.32 is an index of 2 radians.
        oversampling: 1, 2, 4 or 8 times the sample rate is what operators are made at.
        limited: Whether modulation is lowered where its sidebands would fold back.
        sample_rate: In Hz.
        hop_length: Samples per frame.
        amplitude_method: How levels go from frame to frame: "window" (Hann) or "linear".
        scale: Whether levels pass through `exp_sigmoid`. Without it they are taken as >= 0.
        name: The processor's name.

    Raises:
        ArgumentError: An unknown patch, ratios that aren't above 0, an impossible routing, another
            factor, or a hop that isn't a positive integer.

    Example:
        >>> synthesizer = Fm(patch="brass")
        >>> frames = tf.zeros([1, 250, 6])
        >>> synthesizer({"levels": frames, "f0_hz": 220.0 + frames[..., :1]}).shape
        TensorShape([1, 16000])

    Reference:
        Caspe, McPherson and Sandler 2022, "DDX7: Differentiable FM synthesis of musical instrument
        sounds", sections 3 and 4.
    """

    def __init__(
        self,
        *,
        patch: str = "strings",
        ratios: Sequence[float] | None = None,
        routing: Sequence[tuple[int, int]] | None = None,
        highest_level: float = 0.32,
        oversampling: int = 2,
        limited: bool = True,
        sample_rate: int = 16000,
        hop_length: int = 64,
        amplitude_method: Interpolation = "window",
        scale: bool = True,
        name: str = "fm",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, hop_length=hop_length, name=name, **kwargs)
        dsp.crossfade(hop_length, amplitude_method)  # Refuses wrong arguments now, not when played.
        require_factor(oversampling, name="oversampling")
        if patch not in PATCHES:
            raise ArgumentError(f"`patch` should be one of {', '.join(PATCHES)}. Got {patch!r}.")
        if (ratios is None) != (routing is None):
            raise ArgumentError("`ratios` and `routing` belong together: give both or neither.")
        if not highest_level > 0.0:
            raise ArgumentError(f"`highest_level` should be above 0. Received {highest_level}.")
        of_patch = PATCHES[patch]
        self.patch = patch
        self.ratios = tuple(float(x) for x in (of_patch[0] if ratios is None else ratios))
        given = of_patch[1] if routing is None else routing
        self.routing = tuple((int(source), int(target)) for source, target in given)
        if not self.ratios or min(self.ratios) <= 0.0:
            raise ArgumentError(f"`ratios` should be numbers above 0. Received {self.ratios}.")
        operator_order(len(self.ratios), self.routing)
        self.highest_level = highest_level
        self.oversampling = oversampling
        self.limited = limited
        self.amplitude_method = amplitude_method
        self.scale = scale
        self.jit_compile = False

    @property
    def carriers(self) -> tuple[int, ...]:
        """The operators that are heard, counted from 1."""
        return carriers(len(self.ratios), self.routing)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """`levels` and `f0_hz`."""
        low = None if self.scale else 0.0
        return {
            "levels": Signal("frames", len(self.ratios), low=low),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The same names; levels within their range."""
        high = self.highest_level
        return {
            "levels": Signal("frames", len(self.ratios), low=0.0, high=high),
            "f0_hz": Signal("frames", unit="Hz", low=0.0),
        }

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Brings levels into their range."""
        levels, f0_hz = (tf.cast(inputs[key], tf.float32) for key in ("levels", "f0_hz"))
        if self.scale:
            levels = dsp.exp_sigmoid(levels, max_value=self.highest_level)
        return {"levels": tf.minimum(levels, self.highest_level), "f0_hz": f0_hz}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Phases 0, in turns, and silence in the filters of the oversampling."""
        memories = decimation_state(batch_size, factor=self.oversampling)
        return {
            "turns": tf.zeros([batch_size, len(self.ratios)], tf.float64),
            **{f"filter_{number}": memory for number, memory in enumerate(memories)},
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Plays one block; the state is the phases and what the filters remember."""
        memories = tuple(state[key] for key in sorted(state) if key != "turns")
        audio, turns, memories = stream_fm(
            controls["f0_hz"][:, : n_frames + 1],
            controls["levels"][:, : n_frames + 1],
            ratios=self.ratios,
            routing=self.routing,
            initial_turns=state["turns"],
            filter_state=memories,
            hop_length=self.hop_length,
            sample_rate=self.sample_rate,
            oversampling=self.oversampling,
            limited=self.limited,
            amplitude_method=self.amplitude_method,
            jit_compile=self.jit_compile,
        )
        after = {f"filter_{number}": memory for number, memory in enumerate(memories)}
        return audio / self.highest_level, {"turns": turns, **after}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "patch": self.patch,
            "ratios": list(self.ratios),
            "routing": [list(pair) for pair in self.routing],
            "highest_level": self.highest_level,
            "oversampling": self.oversampling,
            "limited": self.limited,
            "amplitude_method": self.amplitude_method,
            "scale": self.scale,
        }
