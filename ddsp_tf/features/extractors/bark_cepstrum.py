"""Speech as 18 numbers a frame."""

import numpy as np

from ddsp_tf.dsp.bark_cepstrum import (
    BIN_HZ,
    N_BARK_BANDS,
    N_BARK_BINS,
    PRE_EMPHASIS,
    bark_cepstrum,
)
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.analysis_window import by_frames
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal

_LEAST_RATE = 2 * BIN_HZ * (N_BARK_BINS - 1)
_FULL_SCALE = 32768.0


class BarkCepstrum(Extractor):
    """`bark_cepstrum`: the cosine transform of the levels of 18 Bark bands from 0 to 8 kHz.

    Of 20 ms of pre-emphasised sound, y_t = x_t - 0.85 x_{t-1}, under the window
    sin(pi/2 sin^2(pi (n + 1/2) / N)); see `dsp.bark_cepstrum`.

    Raises:
        ArgumentError: The sample rate is below 16 kHz, or no multiple of 50 Hz.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> settings = FeatureSettings(hop_length=160)
        >>> BarkCepstrum().extract(np.zeros(1600, np.float32), settings)["bark_cepstrum"].shape
        (10, 18)

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 2.
    """

    columns = ("bark_cepstrum",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """18 numbers a frame."""
        _check_rate(settings)
        signal = Signal("frames", N_BARK_BANDS)
        return {"bark_cepstrum": Column("bark_cepstrum", signal, settings.hop_length)}

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures them."""
        _check_rate(settings)
        length = settings.sample_rate // BIN_HZ
        ramp = np.sin(np.pi * (np.arange(length) + 0.5) / length)
        window = _FULL_SCALE / length * np.sin(0.5 * np.pi * np.square(ramp))

        def measure(frames: FloatArray) -> FloatArray:
            spectrum = np.fft.rfft(frames * window)[:, :N_BARK_BINS]
            return bark_cepstrum(np.square(np.abs(spectrum)))

        emphasised = audio - PRE_EMPHASIS * np.pad(audio, (1, 0))[:-1]
        return {"bark_cepstrum": by_frames(emphasised, settings, measure, length=length)}


def _check_rate(settings: FeatureSettings) -> None:
    rate = settings.sample_rate
    if rate < _LEAST_RATE or rate % (2 * BIN_HZ):
        raise ArgumentError(
            "Bark cepstra are of bands up to 8 kHz: the sample rate should be a multiple of "
            f"100 Hz, and {_LEAST_RATE} Hz at least. Received {rate}."
        )
