"""Where the middle of the spectrum is."""

import numpy as np

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.analysis_window import by_frames, hann, window_length
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal

SILENT_MEAN_SQUARE = 1e-8
"""-80 dB: frames below it have no spectrum of their own, and continue a neighbour's centroid."""


class SpectralCentroidHz(Extractor):
    """`spectral_centroid_hz`: the mean frequency, weighted by the magnitudes of 64 ms.

    Frames of silence hold the value before them, those at the beginning the first. Nothing but
    silence has that of white noise, a quarter of the sample rate.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(16000)).astype(np.float32)
        >>> hz = SpectralCentroidHz().extract(tone, FeatureSettings())["spectral_centroid_hz"]
        >>> round(float(hz[125]))
        1000
    """

    columns = ("spectral_centroid_hz",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One number a frame, up to Nyquist. In silence it stays."""
        signal = Signal("frames", unit="Hz", low=0.0, high=settings.sample_rate / 2)
        name = "spectral_centroid_hz"
        return {name: Column(name, signal, settings.hop_length)}

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures it."""
        length = window_length(settings)
        window = hann(length)
        frequencies = np.arange(length // 2 + 1) * settings.sample_rate / length

        def measure(frames: FloatArray) -> FloatArray:
            magnitudes = np.abs(np.fft.rfft(frames * window))
            total = magnitudes.sum(axis=1)
            centroid = magnitudes @ frequencies / np.maximum(total, 1e-12)
            silent = np.mean(np.square(frames), axis=1) < SILENT_MEAN_SQUARE
            return np.where(silent, np.nan, centroid)

        values = by_frames(audio, settings, measure, length=length)
        return {"spectral_centroid_hz": _held(values, otherwise=settings.sample_rate / 4)}


def _held(values: Float32Array, *, otherwise: float) -> Float32Array:
    """Replaces NaN by the number before it, or else by the first."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.full_like(values, otherwise)
    place = np.searchsorted(known, np.arange(len(values)), side="right") - 1
    return values[known[np.maximum(place, 0)]]
