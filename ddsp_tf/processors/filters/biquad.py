"""One filter of the usual kinds."""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.filters.section_filter import SectionFilter
from ddsp_tf.types import Signal

_DESIGNS: dict[str, Callable[..., tf.Tensor]] = {
    "low_pass": dsp.low_pass_biquad,
    "high_pass": dsp.high_pass_biquad,
    "band_pass": dsp.band_pass_biquad,
    "notch": dsp.notch_biquad,
    "all_pass": dsp.all_pass_biquad,
    "peak": dsp.peak_biquad,
    "low_shelf": dsp.low_shelf_biquad,
    "high_shelf": dsp.high_shelf_biquad,
    "one_pole_low_pass": dsp.one_pole_low_pass,
    "one_pole_high_pass": dsp.one_pole_high_pass,
}


@keras.saving.register_keras_serializable("ddsp_tf")
class Biquad(SectionFilter):
    """Filters a sound by one section: a pass filter, band, notch, all-pass, bell, shelf or pole.

    Inputs: `audio` `[batch, n_samples]`, `frequency_hz` (20 to 0.475 of the sample rate), and of
    the kinds that have them `q` (0.1 to 40) and `gain_db` (-24 to 24), each `[batch, 1]`, or
    `[batch, n_frames, 1]` if `modulated`. Controls: `audio`, and `sections`, the coefficients
    b0, b1, b2, a1, a2.

    Args:
        kind: "low_pass", "high_pass", "band_pass", "notch", "all_pass", "peak", "low_shelf",
            "high_shelf", "one_pole_low_pass" or "one_pole_high_pass".
        name: The processor's name.
        **kwargs: As for `SectionFilter`: `method`, `fft_length`, `modulated`, `sample_rate`,
            `hop_length`.

    Raises:
        ArgumentError: An unknown kind, or what `SectionFilter` refuses.

    Example:
        >>> filter = Biquad(kind="high_pass", sample_rate=16000)
        >>> filter.input_names
        ('audio', 'frequency_hz', 'q')
        >>> bool(abs(filter({"audio": tf.ones([1, 4000])})[0, -1]) < 1e-6)
        True

    Reference:
        Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients".
    """

    def __init__(self, *, kind: str = "low_pass", name: str = "biquad", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if kind not in _DESIGNS:
            raise ArgumentError(f"`kind` should be one of {', '.join(_DESIGNS)}. Got {kind!r}.")
        self.kind = kind

    @property
    def n_sections(self) -> int:
        """One."""
        return 1

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and what the kind's design takes."""
        known = {
            "frequency_hz": self.frequency(),
            "gain_db": self.parameter(unit="dB", low=-24.0, high=24.0, default=0.0),
            "q": self.parameter(low=0.1, high=40.0, default=math.sqrt(0.5)),
        }
        taken = inspect.signature(_DESIGNS[self.kind]).parameters
        return {"audio": Signal("samples"), **{key: known[key] for key in taken if key in known}}

    def design(self, parameters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Designs the section."""
        section = _DESIGNS[self.kind](**parameters, sample_rate=self.sample_rate)
        return section[..., tf.newaxis, :]

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "kind": self.kind}
