"""The state-variable filter."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.filters.section_filter import SectionFilter
from ddsp_tf.processors.processor import Controls, State
from ddsp_tf.types import Signal

_KINDS = ("low_pass", "high_pass", "band_pass", "notch", "all_pass", "peak")


@keras.saving.register_keras_serializable("ddsp_tf")
class StateVariableFilter(SectionFilter):
    """Filters a sound by a state-variable filter, which may be swept as fast as one likes.

    Inputs: `audio` `[batch, n_samples]`, `frequency_hz` (20 to 0.475 of the sample rate), `q`
    (0.1 to 40), and either, without a `kind`, `mix_low`, `mix_band` and `mix_high` (-2 to 2), which
    reach every filter of second order, or, of a "peak", `gain_db` (-24 to 24); each `[batch, 1]`,
    or `[batch, n_frames, 1]` if `modulated`. Controls: `audio`, and `settings`: frequency, Q and
    the three weights.

    Args:
        kind: "low_pass", "high_pass", "band_pass", "notch", "all_pass", "peak", or None for a
            mixture that is given.
        exact_match: Whether the corner lies exactly at `frequency_hz`, as
            `dsp.state_variable_filter` says.
        name: The processor's name.
        **kwargs: As for `SectionFilter`: `method`, `fft_length`, `modulated`, `sample_rate`,
            `hop_length`.

    Raises:
        ArgumentError: An unknown kind, or what `SectionFilter` refuses.

    Example:
        >>> filter = StateVariableFilter(kind="low_pass", sample_rate=16000)
        >>> round(float(filter({"audio": tf.ones([1, 4000])})[0, -1]), 3)
        1.0

    Reference:
        Zavalishin 2012, The Art of VA Filter Design, section 4; Kuznetsov, Parker and Esqueda 2020,
        "Differentiable IIR filters for machine learning applications", section 4.
    """

    def __init__(
        self,
        *,
        kind: str | None = None,
        exact_match: bool = True,
        name: str = "state_variable_filter",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if kind is not None and kind not in _KINDS:
            raise ArgumentError(
                f"`kind` should be one of {', '.join(_KINDS)}, or None. Received {kind!r}."
            )
        self.kind = kind
        self.exact_match = exact_match

    @property
    def n_sections(self) -> int:
        """One."""
        return 1

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, corner, Q, and what is made of low, band and high-pass."""
        signals = {
            "audio": Signal("samples"),
            "frequency_hz": self.frequency(),
            "q": self.parameter(low=0.1, high=40.0, default=math.sqrt(0.5)),
        }
        if self.kind is None:
            for key, weight in (("mix_low", 1.0), ("mix_band", 0.0), ("mix_high", 0.0)):
                signals[key] = self.parameter(low=-2.0, high=2.0, default=weight)
        elif self.kind == "peak":
            signals["gain_db"] = self.parameter(unit="dB", low=-24.0, high=24.0, default=0.0)
        return signals

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The sound; and frequency in Hz, Q, and the weights of low, band and high-pass."""
        return {"audio": Signal("samples"), "settings": self.parameter(width=5)}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Puts the settings side by side."""
        frequency_hz, q = inputs["frequency_hz"], inputs["q"]
        if self.kind is None:
            mix = tf.concat([inputs[key] for key in ("mix_low", "mix_band", "mix_high")], axis=-1)
        else:
            gain_db = inputs["gain_db"][..., 0] if self.kind == "peak" else 0.0
            mix = dsp.state_variable_mix(self.kind, q=q[..., 0], gain_db=gain_db)
        settings = tf.concat([frequency_hz, q, mix], axis=-1)
        return {"audio": inputs["audio"], "settings": settings}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence."""
        if self.method == "exact":
            return {"memories": tf.zeros([batch_size, 2])}
        return super().initial_state(batch_size)

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Filters one block."""
        del n_frames
        audio, settings = controls["audio"], controls["settings"]
        settings = tf.ensure_shape(settings, [None, None, 5] if self.modulated else [None, 5])
        about = {"sample_rate": self.sample_rate, "exact_match": self.exact_match}
        if self.method == "frequency":
            frequency_hz, q = settings[..., 0], settings[..., 1]
            section = dsp.state_variable_section(frequency_hz, q, settings[..., 2:], **about)
            return self.run(audio, section[..., tf.newaxis, :], state)
        if self.modulated:
            settings = dsp.resample_envelope(settings, hop_length=self.hop_length, method="linear")
            settings = settings[:, : audio.shape[1] or tf.shape(audio)[1]]
        else:
            settings = settings[:, tf.newaxis]
        filtered, memories = dsp.state_variable_filter(
            audio,
            settings[..., 0],
            settings[..., 1],
            settings[..., 2:],
            state["memories"],
            **about,
        )
        return filtered, {"memories": memories}

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "kind": self.kind, "exact_match": self.exact_match}
