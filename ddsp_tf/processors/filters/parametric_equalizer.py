"""The parametric equaliser."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.filters.section_filter import HIGHEST_SHARE, SectionFilter
from ddsp_tf.types import Signal

BANDS: tuple[tuple[str, float, float], ...] = (
    ("low_shelf", 20.0, 200.0),
    ("peak", 200.0, 2000.0),
    ("peak", 200.0, 4000.0),
    ("peak", 2000.0, 8000.0),
    ("peak", 4000.0, 10800.0),
    ("high_shelf", 4000.0, 10800.0),
)
"""Kind of each band, and the lowest and highest frequency in Hz that it may have."""

_DESIGNS = {
    "low_shelf": dsp.low_shelf_biquad,
    "peak": dsp.peak_biquad,
    "high_shelf": dsp.high_shelf_biquad,
}
_BUTTERWORTH_Q = math.sqrt(0.5)
_GAIN_DB, _LOWEST_Q, _HIGHEST_Q = 24.0, 0.1, 10.0


@keras.saving.register_keras_serializable("ddsp_tf")
class ParametricEqualizer(SectionFilter):
    """Boosts and cuts bands of a sound: shelves at the ends, bells between them.

    Inputs: `audio` `[batch, n_samples]`, and for band i (from 1) `band_<i>_hz`, `band_<i>_db` and
    `band_<i>_q`, each `[batch, 1]`, or `[batch, n_frames, 1]` if `modulated`: its corner or centre
    in Hz, its gain in dB (-24 to 24) and its quality (0.1 to 10). At 0 dB everywhere the sound
    passes unchanged. Controls: `audio`, and `sections`, the coefficients b0, b1, b2, a1, a2 of band
    after band.

    Args:
        bands: Kind ("low_shelf", "peak" or "high_shelf"), lowest and highest frequency in Hz of
            each band. The highest is lowered to 0.475 of the sample rate.
        name: The processor's name.
        **kwargs: As for `SectionFilter`: `method`, `fft_length`, `modulated`, `sample_rate`,
            `hop_length`.

    Raises:
        ArgumentError: An unknown kind, no band, a band without any frequency below Nyquist, or what
            `SectionFilter` refuses.

    Example:
        >>> equalizer = ParametricEqualizer(sample_rate=16000)
        >>> equalizer.input_names[:4]
        ('audio', 'band_1_hz', 'band_1_db', 'band_1_q')
        >>> sound = tf.random.stateless_normal([1, 1000], [1, 2])
        >>> bool(tf.reduce_max(tf.abs(equalizer({"audio": sound}) - sound)) < 1e-6)
        True

    Reference:
        Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients";
        Steinmetz, Bryan and Reiss 2022, section 4 (the bands); Nercessian 2020 (sampled responses).
    """

    def __init__(
        self,
        *,
        bands: Sequence[tuple[str, float, float]] = BANDS,
        name: str = "equalizer",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.bands = [(kind, float(low), float(high)) for kind, low, high in bands]
        if not self.bands:
            raise ArgumentError("`bands` should list at least one band.")
        for kind, low, high in self.bands:
            if kind not in _DESIGNS:
                raise ArgumentError(
                    f"A band is one of {', '.join(_DESIGNS)}. Received {kind!r}. "
                    "Write it as (kind, lowest Hz, highest Hz)."
                )
            if not 0.0 < low < min(high, HIGHEST_SHARE * self.sample_rate):
                raise ArgumentError(
                    f"The band {kind} should begin above 0 Hz and below its end and "
                    f"{HIGHEST_SHARE * self.sample_rate:.0f} Hz, 0.475 of the sample rate. "
                    f"Received {low:g} to {high:g} Hz."
                )

    @property
    def n_sections(self) -> int:
        """One a band."""
        return len(self.bands)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and three numbers a band."""
        signals = {"audio": Signal("samples")}
        for number, (_, low, high) in enumerate(self.bands, 1):
            high = min(high, HIGHEST_SHARE * self.sample_rate)
            signals |= {
                f"band_{number}_hz": self.parameter(
                    unit="Hz", low=low, high=high, default=math.sqrt(low * high)
                ),
                f"band_{number}_db": self.parameter(
                    unit="dB", low=-_GAIN_DB, high=_GAIN_DB, default=0.0
                ),
                f"band_{number}_q": self.parameter(
                    low=_LOWEST_Q, high=_HIGHEST_Q, default=_BUTTERWORTH_Q
                ),
            }
        return signals

    def design(self, parameters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Designs a section a band."""
        return tf.stack(
            [
                _DESIGNS[kind](
                    *(parameters[f"band_{number}_{unit}"] for unit in ("hz", "db", "q")),
                    sample_rate=self.sample_rate,
                )
                for number, (kind, _, _) in enumerate(self.bands, 1)
            ],
            axis=-2,
        )

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "bands": [list(band) for band in self.bands]}
