"""The multi-scale spectral loss."""

from collections.abc import Sequence
from typing import Any

import keras

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.framed_loss import FramedLoss, FramedPart
from ddsp_tf.losses.loudness import Loudness
from ddsp_tf.losses.spectra import Spectra
from ddsp_tf.losses.terms.band_level import BandLevel
from ddsp_tf.losses.terms.cumulative_frequency import CumulativeFrequency
from ddsp_tf.losses.terms.delta_frequency import DeltaFrequency
from ddsp_tf.losses.terms.delta_time import DeltaTime
from ddsp_tf.losses.terms.log_magnitude import LogMagnitude
from ddsp_tf.losses.terms.magnitude import Magnitude
from ddsp_tf.losses.terms.term import Distance


@keras.saving.register_keras_serializable("ddsp_tf")
class SpectralLoss(FramedLoss):
    """Compares spectrograms at several resolutions.

    For every FFT size, each term is the mean distance over batch, frames and bins; terms are
    weighted and summed over the sizes. Frames are Hann-windowed and centred. It is a `FramedLoss`
    of `Spectra` and `Loudness`, which compose to others.

    Args:
        fft_lengths: FFT sizes in samples.
        overlap: Share of a frame that the next one covers, in [0, 1).
        distance: "l1" (mean absolute) or "l2" (mean squared difference).
        magnitude_weight: Of the magnitudes.
        log_magnitude_weight: Of the natural logarithms of the magnitudes, floored at 1e-5.
        delta_time_weight: Of the magnitudes' differences from frame to frame.
        delta_frequency_weight: Of the magnitudes' differences from bin to bin.
        cumulative_frequency_weight: Of the magnitudes' cumulative sums over bins.
        band_level_weight: Of the levels of third-octave bands, in nepers: single bins alone have
            noise played too soft.
        loudness_weight: Of A-weighted loudness in dB, 250 times a second. It is what the model is
            told; the spectra alone leave it a decibel or two away from that.
        loudness_fft_length: FFT size of the loudness, in samples.
        sample_rate: In Hz; loudness needs it.
        name: The layer's name.

    Raises:
        ArgumentError: A negative weight, an overlap outside [0, 1), an unknown distance.

    Example:
        >>> loss = SpectralLoss()
        >>> audio = tf.random.stateless_normal([1, 16000], [1, 2])
        >>> float(loss(audio, audio))
        0.0

    Reference:
        Engel et al. 2020, section 4.2 ("multi-scale spectral loss") and its released code.
    """

    def __init__(
        self,
        *,
        fft_lengths: Sequence[int] = (2048, 1024, 512, 256, 128, 64),
        overlap: float = 0.75,
        distance: Distance = "l1",
        magnitude_weight: float = 1.0,
        log_magnitude_weight: float = 1.0,
        delta_time_weight: float = 0.0,
        delta_frequency_weight: float = 0.0,
        cumulative_frequency_weight: float = 0.0,
        band_level_weight: float = 0.0,
        loudness_weight: float = 0.0,
        loudness_fft_length: int = 2048,
        sample_rate: int = 16000,
        name: str = "spectral_loss",
        **kwargs: Any,
    ) -> None:
        weights = {
            Magnitude: magnitude_weight,
            LogMagnitude: log_magnitude_weight,
            DeltaTime: delta_time_weight,
            DeltaFrequency: delta_frequency_weight,
            CumulativeFrequency: cumulative_frequency_weight,
            BandLevel: band_level_weight,
        }
        named = {f"{term.name}_weight": weight for term, weight in weights.items()}
        for argument, weight in {**named, "loudness_weight": loudness_weight}.items():
            if weight < 0:
                raise ArgumentError(f"`{argument}` should not be negative. Received {weight}.")
        terms = [term(weight, distance=distance) for term, weight in weights.items() if weight > 0]
        # Made without terms too, so that what is wrong is refused.
        parts: list[FramedPart] = [Spectra(n, terms, overlap=overlap) for n in fft_lengths]
        loudness = Loudness(
            loudness_weight,
            distance=distance,
            sample_rate=sample_rate,
            fft_length=loudness_fft_length,
        )
        super().__init__([*parts, loudness] if loudness_weight > 0 else parts, name=name, **kwargs)
        self.fft_lengths = tuple(fft_lengths)
        self.overlap = overlap
        self.distance = distance
        self.magnitude_weight = magnitude_weight
        self.log_magnitude_weight = log_magnitude_weight
        self.delta_time_weight = delta_time_weight
        self.delta_frequency_weight = delta_frequency_weight
        self.cumulative_frequency_weight = cumulative_frequency_weight
        self.band_level_weight = band_level_weight
        self.loudness_weight = loudness_weight
        self.loudness_fft_length = loudness_fft_length
        self.sample_rate = sample_rate

    def get_config(self) -> dict[str, Any]:
        """Gives the constructor's arguments."""
        config = keras.layers.Layer.get_config(self)
        config.pop("dtype", None)
        return {
            **config,
            "fft_lengths": list(self.fft_lengths),
            "overlap": self.overlap,
            "distance": self.distance,
            "magnitude_weight": self.magnitude_weight,
            "log_magnitude_weight": self.log_magnitude_weight,
            "delta_time_weight": self.delta_time_weight,
            "delta_frequency_weight": self.delta_frequency_weight,
            "cumulative_frequency_weight": self.cumulative_frequency_weight,
            "band_level_weight": self.band_level_weight,
            "loudness_weight": self.loudness_weight,
            "loudness_fft_length": self.loudness_fft_length,
            "sample_rate": self.sample_rate,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "SpectralLoss":
        """Makes it again from `get_config`."""
        return cls(**config)
