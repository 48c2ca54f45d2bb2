"""The crossover: a sound split into bands that add up to it again."""

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.filters.section_filter import HIGHEST_SHARE, LOWEST_HZ, SectionFilter
from ddsp_tf.processors.processor import State
from ddsp_tf.types import Signal


@keras.saving.register_keras_serializable("ddsp_tf")
class Crossover(SectionFilter):
    """Splits a sound into bands by Linkwitz-Riley filters of 24 dB an octave.

    Inputs: `audio` `[batch, n_samples]`, and for split i (from 1) `split_<i>_hz` (20 to 0.475 of
    the sample rate), rising, each `[batch, 1]`, or `[batch, n_frames, 1]` if `modulated`. Outputs:
    `band_1`, the lowest, to `band_<n_splits + 1>`. Both sides of a split are at -6 dB there and in
    phase, and bands pass the all-passes of splits that are not theirs; so the sum of all bands has
    the spectrum of the sound, with its phase turned. Controls: `audio`, and `sections`.

    Args:
        n_splits: Frequencies at which it is split, at least 1.
        name: The processor's name.
        **kwargs: As for `SectionFilter`: `method`, `fft_length`, `modulated`, `sample_rate`,
            `hop_length`.

    Raises:
        ArgumentError: Below 1 split, or what `SectionFilter` refuses.

    Example:
        >>> crossover = Crossover(n_splits=1, sample_rate=16000)
        >>> bands = crossover({"audio": tf.ones([1, 4000])})
        >>> [bool(abs(bands[name][0, -1]) > 0.99) for name in ("band_1", "band_2")]
        [True, False]

    Reference:
        Linkwitz 1976, "Active crossover networks for noncoincident drivers".
    """

    def __init__(self, *, n_splits: int = 1, name: str = "crossover", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        if n_splits < 1:
            raise ArgumentError(f"`n_splits` should be at least 1. Received {n_splits}.")
        self.n_splits = n_splits

    @property
    def n_sections(self) -> int:
        """Of all bands."""
        return sum(self._counts)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and the splits."""
        signals = {"audio": Signal("samples")}
        ratio = HIGHEST_SHARE * self.sample_rate / LOWEST_HZ
        for number in range(1, self.n_splits + 1):
            default_hz = LOWEST_HZ * ratio ** (number / (self.n_splits + 1))
            signals[f"split_{number}_hz"] = self.frequency(default_hz)
        return signals

    @property
    def output_signals(self) -> Mapping[str, Signal]:
        """The bands, from the lowest."""
        band = Signal("samples", width=None)
        return {f"band_{number}": band for number in range(1, self.n_splits + 2)}

    def design(self, parameters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Designs the sections of band after band."""
        splits = [parameters[f"split_{number}_hz"] for number in range(1, self.n_splits + 1)]
        rate = {"sample_rate": self.sample_rate}
        low, high, turned = (
            [design(split, **rate) for split in splits]
            for design in (dsp.low_pass_biquad, dsp.high_pass_biquad, dsp.all_pass_biquad)
        )
        sections = []
        for band in range(self.n_splits + 1):
            # Two Butterworth filters at each split that it passes on its way up, two where it ends.
            sections += [section for section in high[:band] for _ in range(2)]
            sections += 2 * low[band : band + 1]
            sections += turned[band + 1 :]
        return tf.stack(sections, axis=-2)

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence in the sections of each band."""
        return {
            f"band_{number}": self.silence(batch_size, count)
            for number, count in enumerate(self._counts, 1)
        }

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[Any, State]:
        """Filters one block to each band."""
        del n_frames
        bands = tf.split(self.unpacked(controls["sections"]), self._counts, axis=-2)
        played, after = {}, {}
        for number, band in enumerate(bands, 1):
            name = f"band_{number}"
            played[name], after[name] = self.run(controls["audio"], band, state[name])
        return played, after

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "n_splits": self.n_splits}

    @property
    def _counts(self) -> list[int]:
        n = self.n_splits
        return [2 * band + 2 * (band < n) + max(n - band - 1, 0) for band in range(n + 1)]
