"""The parametric equaliser."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.processor import Controls, Processor, State
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
_HIGHEST_SHARE = 0.475
"""Of the sample rate: near its half a bell has no room above its centre."""


@keras.saving.register_keras_serializable("ddsp_tf")
class ParametricEqualizer(Processor):
    """Boosts and cuts bands of a sound: shelves at the ends, bells between them.

    Inputs: `audio` `[batch, n_samples]`, and for band i (from 1) `band_<i>_hz`, `band_<i>_db` and
    `band_<i>_q`, each `[batch, 1]`: its corner or centre in Hz, its gain in dB (-24 to 24) and its
    quality (0.1 to 10). At 0 dB everywhere the sound passes unchanged. Controls: `audio`, and
    `sections` `[batch, 5 * n_bands]`, the coefficients b0, b1, b2, a1, a2 of band after band.

    Sections run sample after sample, which is exact, or as a product of spectra, which trains
    several times as fast and leaves an error below -80 dB. Both play in blocks, and have no
    weights: what was trained by one is played by the other. Live sound is always exact, see
    `for_live`.

    Args:
        bands: Kind ("low_shelf", "peak" or "high_shelf"), lowest and highest frequency in Hz of
            each band. The highest is lowered to 0.475 of the sample rate.
        method: "exact", or "frequency" for sampled responses.
        fft_length: Points of the sampled response, even. None: the next power of two above
            1.33 seconds, for the error of -80 dB of a section that rings for a second
            (`dsp.fft_length_for_decay`).
        sample_rate: In Hz.
        name: The processor's name.

    Raises:
        ArgumentError: An unknown kind or method, no band, a band without any frequency below
            Nyquist, or an odd `fft_length`.

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
        method: Literal["exact", "frequency"] = "exact",
        fft_length: int | None = None,
        sample_rate: int = 44100,
        name: str = "equalizer",
        **kwargs: Any,
    ) -> None:
        super().__init__(sample_rate=sample_rate, name=name, **kwargs)
        if method not in ("exact", "frequency"):
            raise ArgumentError(f'`method` should be "exact" or "frequency". Received {method!r}.')
        self.bands = [(kind, float(low), float(high)) for kind, low, high in bands]
        if not self.bands:
            raise ArgumentError("`bands` should list at least one band.")
        for kind, low, high in self.bands:
            if kind not in _DESIGNS:
                raise ArgumentError(
                    f"A band is one of {', '.join(_DESIGNS)}. Received {kind!r}. "
                    "Write it as (kind, lowest Hz, highest Hz)."
                )
            if not 0.0 < low < min(high, _HIGHEST_SHARE * sample_rate):
                raise ArgumentError(
                    f"The band {kind} should begin above 0 Hz and below its end and "
                    f"{_HIGHEST_SHARE * sample_rate:.0f} Hz, 0.475 of the sample rate. "
                    f"Received {low:g} to {high:g} Hz."
                )
        if fft_length is not None and (fft_length < 2 or fft_length % 2):
            raise ArgumentError(f"`fft_length` should be even and above 0. Received {fft_length}.")
        self.method = method
        self.fft_length = fft_length

    @property
    def input_signals(self) -> Mapping[str, Signal]:
        """The sound, and three numbers a band."""
        signals = {"audio": Signal("samples")}
        for number, (_, low, high) in enumerate(self.bands, 1):
            high = min(high, _HIGHEST_SHARE * self.sample_rate)
            signals |= {
                f"band_{number}_hz": Signal(
                    "value", unit="Hz", low=low, high=high, default=math.sqrt(low * high)
                ),
                f"band_{number}_db": Signal(
                    "value", unit="dB", low=-_GAIN_DB, high=_GAIN_DB, default=0.0
                ),
                f"band_{number}_q": Signal(
                    "value", low=_LOWEST_Q, high=_HIGHEST_Q, default=_BUTTERWORTH_Q
                ),
            }
        return signals

    @property
    def control_signals(self) -> Mapping[str, Signal]:
        """The sound and the coefficients."""
        return {"audio": Signal("samples"), "sections": Signal("value", width=5 * len(self.bands))}

    def controls(self, inputs: Mapping[str, Any]) -> Controls:
        """Designs the sections, in float64: low corners need its precision."""
        audio, sections = inputs["audio"], []
        for number, (kind, _, _) in enumerate(self.bands, 1):
            numbers = (inputs[f"band_{number}_{unit}"][:, 0] for unit in ("hz", "db", "q"))
            frequency_hz, gain_db, q = (tf.cast(x, tf.float64) for x in numbers)
            design = _DESIGNS[kind]
            sections.append(design(frequency_hz, gain_db, q, sample_rate=self.sample_rate))
        return {"audio": audio, "sections": tf.concat(sections, axis=-1)}

    def initial_state(self, batch_size: int | tf.Tensor) -> State:
        """Silence: in both memories of each section, or in the tail of what was played."""
        if self.method == "exact":
            return {"memories": tf.zeros([batch_size, len(self.bands), 2], tf.float64)}
        return {"tail": tf.zeros([batch_size, self._n_points - 1])}

    def stream(
        self, controls: Mapping[str, Any], state: State, n_frames: int | tf.Tensor
    ) -> tuple[tf.Tensor, State]:
        """Filters one block; the state is what the sections remember."""
        del n_frames
        audio = controls["audio"]
        sections = tf.reshape(controls["sections"], [-1, len(self.bands), 5])
        if self.method == "exact":
            filtered, memories = dsp.filter_biquads(audio, sections, state["memories"])
            return filtered, {"memories": memories}
        n_samples = audio.shape[1] or tf.shape(audio)[1]
        filtered = dsp.filter_biquads_by_frequency(
            tf.pad(audio, [[0, 0], [0, self._n_points - 1]]), sections, fft_length=self._n_points
        )
        filtered += tf.pad(state["tail"], [[0, 0], [0, n_samples]])
        return filtered[:, :n_samples], {"tail": filtered[:, n_samples:]}

    def for_live(self, hop_length: int) -> Processor:
        """Gives the exact one, for which a short block costs little."""
        del hop_length
        return ParametricEqualizer.from_config({**self.get_config(), "method": "exact"})

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        return {
            **super().get_config(),
            "bands": [list(band) for band in self.bands],
            "method": self.method,
            "fft_length": self.fft_length,
        }

    @property
    def _n_points(self) -> int:
        return self.fft_length or 2 ** math.ceil(math.log2(4 / 3 * self.sample_rate))
