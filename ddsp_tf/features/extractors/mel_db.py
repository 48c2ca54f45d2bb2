"""Levels in mel bands."""

import numpy as np

from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.analysis_window import hann, window_length
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, Progress, Signal

N_BANDS = 80
FLOOR_DB = -100.0


class MelDb(Extractor):
    """`mel_db`: the mean square of the sound in 80 mel bands, in dB relative to full scale.

    Bands are Slaney's triangles of height 1 from 0 Hz to Nyquist, over the power spectrum of
    64 ms under a Hann window. A sine of full scale at a band's centre has -3 dB there.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> MelDb().extract(np.zeros(640, np.float32), FeatureSettings())["mel_db"].shape
        (10, 80)
    """

    columns = ("mel_db",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """80 numbers a frame, -100 in silence."""
        signal = Signal("frames", N_BANDS, "dB", low=FLOOR_DB)
        return {"mel_db": Column("mel_db", signal, settings.hop_length, silence=FLOOR_DB)}

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures them."""
        return {"mel_db": mel_levels_db(audio, settings)}


def mel_levels_db(audio: Float32Array, settings: FeatureSettings) -> Float32Array:
    """The levels of `MelDb`, `[n_frames, 80]`."""
    length = window_length(settings)
    power = mel_power(
        audio,
        sample_rate=settings.sample_rate,
        fft_length=length,
        hop_length=settings.hop_length,
        n_bands=N_BANDS,
        per_hz=False,
    )[: settings.n_frames(len(audio))]
    # Both halves of the spectrum, by Parseval's theorem.
    mean_square = 2.0 * power / (length * np.sum(np.square(hann(length))))
    return (10.0 * np.log10(np.maximum(mean_square, 10.0 ** (FLOOR_DB / 10.0)))).astype(np.float32)
