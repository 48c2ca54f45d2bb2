"""Loudness of windows that are already cut, without a graph: a call costs microseconds."""

import numpy as np

from ddsp_tf.dsp.loudness import a_weighted_power_weights
from ddsp_tf.dsp.spectral import hann_window
from ddsp_tf.dsp.units import DB_RANGE
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array

_LEAST_POWER = 10.0 ** (-DB_RANGE / 10.0)


class WindowLoudness:
    """Measures windows as `measure_loudness_db` does.

    Args:
        settings: Definition, length of a window and rate.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> sine = np.sin(2 * np.pi * 1000.0 / 16000 * np.arange(512))
        >>> float(WindowLoudness(FeatureSettings())(sine[np.newaxis])[0].round(1))
        -3.0
    """

    def __init__(self, settings: FeatureSettings) -> None:
        self._length = settings.loudness_fft_length
        self._window = None
        if settings.loudness != "rms":
            self._window = hann_window(self._length, np.float64)
            self._weights = a_weighted_power_weights(
                sample_rate=settings.sample_rate,
                fft_length=self._length,
                mode="magenta" if settings.loudness == "magenta" else "normalized",
            )

    def __call__(self, windows: np.ndarray) -> Float32Array:
        """Gives dB, at least -80, `[n]`, of `[n, n_samples]`; zeros follow what is short."""
        if self._window is None:
            power = np.sum(np.square(windows, dtype=np.float64), axis=1) / self._length
        else:
            spectra = np.fft.rfft(windows * self._window[: windows.shape[1]], self._length)
            power = (np.square(spectra.real) + np.square(spectra.imag)) @ self._weights
        return (10.0 * np.log10(np.maximum(power, _LEAST_POWER))).astype(np.float32)
