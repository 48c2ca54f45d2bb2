"""All-passes in series."""

import math
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.filters.section_filter import HIGHEST_SHARE, LOWEST_HZ, SectionFilter
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class AllPassChain(SectionFilter):
    """Turns the phase of a sound and leaves its spectrum: what phasers mix with the sound itself.

    Inputs: `audio` `[batch, n_samples]`, and for stage i (from 1) `stage_<i>_hz` (20 to 0.475 of
    the sample rate), where it turns by -90 degrees (order 1) or -180 (order 2), and with order 2
    `stage_<i>_q` (0.1 to 10); each `[batch, 1]`, or `[batch, n_frames, 1]` if `modulated`.
    Controls: `audio`, and `sections`, the coefficients b0, b1, b2, a1, a2 of stage after stage.

    Args:
        n_stages: All-passes, at least 1.
        order: Of each, 1 or 2.
        name: The processor's name.
        **kwargs: As for `SectionFilter`: `method`, `fft_length`, `modulated`, `sample_rate`,
            `hop_length`.

    Raises:
        ArgumentError: Below 1 stage, another order, or what `SectionFilter` refuses.

    Example:
        >>> chain = AllPassChain(n_stages=2, sample_rate=16000)
        >>> click = tf.one_hot([0], 4000)
        >>> round(float(tf.reduce_sum(chain({"audio": click}) ** 2)), 4)
        1.0

    Reference:
        Regalia, Mitra and Vaidyanathan 1988, "The digital all-pass filter".
    """

    def __init__(
        self, *, n_stages: int = 4, order: int = 1, name: str = "all_pass_chain", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        if n_stages < 1 or order not in (1, 2):
            raise ArgumentError(
                f"`n_stages` should be at least 1 and `order` 1 or 2. Got {n_stages} and {order}."
            )
        self.n_stages = n_stages
        self.order = order

    @property
    def n_sections(self) -> int:
        """One a stage."""
        return self.n_stages

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound and each stage's frequency."""
        signals = {"audio": Signal("samples")}
        # Stages stand spread over the spectrum, as far as nobody says where.
        octaves = math.log2(HIGHEST_SHARE * self.sample_rate / LOWEST_HZ)
        for number in range(1, self.n_stages + 1):
            default_hz = LOWEST_HZ * 2 ** (octaves * number / (self.n_stages + 1))
            signals[f"stage_{number}_hz"] = self.frequency(default_hz)
            if self.order == 2:
                signals[f"stage_{number}_q"] = self.parameter(
                    low=0.1, high=10.0, default=math.sqrt(0.5)
                )
        return signals

    def design(self, parameters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Designs a section a stage."""
        sections = []
        for number in range(1, self.n_stages + 1):
            frequency_hz = parameters[f"stage_{number}_hz"]
            if self.order == 1:
                section = dsp.first_order_all_pass(frequency_hz, sample_rate=self.sample_rate)
            else:
                q = parameters[f"stage_{number}_q"]
                section = dsp.all_pass_biquad(frequency_hz, q, sample_rate=self.sample_rate)
            sections.append(section)
        return tf.stack(sections, axis=-2)

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_stages": self.n_stages, "order": self.order}
