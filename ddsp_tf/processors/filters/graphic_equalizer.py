"""The graphic equaliser."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.processors.filters.section_filter import SectionFilter
from ddsp_tf.types import Signal

_GAIN_DB = 18.0


@keras.saving.register_keras_serializable("ddsp_tf")
class GraphicEqualizer(SectionFilter):
    """Sets the gain of fixed bands of a sound.

    Inputs: `audio` `[batch, n_samples]`, and for band i (from 1) `band_<i>_db` (-18 to 18), each
    `[batch, 1]`, or `[batch, n_frames, 1]` if `modulated`. The gain at each centre is the one asked
    for, see `dsp.graphic_equalizer_sections`; at 0 dB everywhere the sound passes unchanged.
    Controls: `audio`, and `sections`, the coefficients b0, b1, b2, a1, a2 of band after band.

    Args:
        frequencies_hz: Centres, rising. None: octaves around 1 kHz, `dsp.octave_bands_hz`.
        name: The processor's name.
        **kwargs: As for `SectionFilter`: `method`, `fft_length`, `modulated`, `sample_rate`,
            `hop_length`.

    Raises:
        ArgumentError: Centres that don't rise below half the sample rate, or what `SectionFilter`
            refuses.

    Example:
        >>> equalizer = GraphicEqualizer(sample_rate=16000)
        >>> len(equalizer.frequencies_hz), equalizer.input_names[:2]
        (8, ('audio', 'band_1_db'))

    Reference:
        Valimaki and Liski 2017, "Accurate cascade graphic equalizer".
    """

    def __init__(
        self,
        *,
        frequencies_hz: Sequence[float] | None = None,
        name: str = "graphic_equalizer",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.frequencies_hz = list(
            dsp.octave_bands_hz(sample_rate=self.sample_rate)
            if frequencies_hz is None
            else frequencies_hz
        )
        # What centres may be is known where they are used.
        dsp.graphic_equalizer_sections(
            tf.zeros([len(self.frequencies_hz)]), self.frequencies_hz, sample_rate=self.sample_rate
        )

    @property
    def n_sections(self) -> int:
        """One a band."""
        return len(self.frequencies_hz)

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and a gain a band."""
        gain = self.parameter(unit="dB", low=-_GAIN_DB, high=_GAIN_DB, default=0.0)
        bands = {f"band_{number}_db": gain for number in range(1, self.n_sections + 1)}
        return {"audio": Signal("samples"), **bands}

    def design(self, parameters: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Designs a bell a band."""
        gains_db = [parameters[f"band_{number}_db"] for number in range(1, self.n_sections + 1)]
        return dsp.graphic_equalizer_sections(
            tf.stack(gains_db, axis=-1), self.frequencies_hz, sample_rate=self.sample_rate
        )

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {**super().get_config(), "frequencies_hz": self.frequencies_hz}
