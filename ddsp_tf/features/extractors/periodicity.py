"""How much a sound repeats itself, whatever its pitch."""

import numpy as np

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.analysis_window import by_frames
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal

LOWEST_HZ = 32.0
_SILENT_MEAN_SQUARE = 1e-8


class Periodicity(Extractor):
    """`periodicity`: the highest normalised cross-correlation with a later stretch, 0 to 1.

    A stretch of 31 ms is compared with those up to 31 ms later, beyond the first delay at which
    they don't resemble each other any more. Both together are centred on the frame within 8 ms.
    1 repeats exactly, at 32 Hz or more; white noise has
    about 0.13, silence 0. It is no tracker's confidence: needs no network, and has no octave.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> tone = np.sin(2 * np.pi * 100 / 16000 * np.arange(16000)).astype(np.float32)
        >>> values = Periodicity().extract(tone, FeatureSettings())["periodicity"]
        >>> round(float(values[125]), 2)
        1.0

    Reference:
        Talkin (1995), A robust algorithm for pitch tracking (RAPT), section 3, for the function.
    """

    columns = ("periodicity",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One number a frame, 0 in silence."""
        signal = Signal("frames", low=0.0, high=1.0)
        return {"periodicity": Column("periodicity", signal, settings.hop_length, silence=0.0)}

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures it."""
        stretch = round(settings.sample_rate / LOWEST_HZ)
        # What is compared is centred between half and the whole of a stretch, by the period.
        centre = 3 * stretch // 4
        values = by_frames(audio, settings, _measure, length=2 * stretch, centre=centre)
        return {"periodicity": values}


def _measure(frames: FloatArray) -> FloatArray:
    """Of `[n, 2 * stretch]`."""
    frames = frames - frames.mean(axis=1, keepdims=True)
    stretch = frames.shape[1] // 2
    size = 2 ** int(np.ceil(np.log2(3 * stretch)))
    spectrum = np.fft.rfft(frames, size)
    of_first = np.fft.rfft(frames[:, :stretch], size)
    products = np.fft.irfft(spectrum * np.conj(of_first), size)[:, : stretch + 1]
    energy = np.cumsum(np.pad(np.square(frames), ((0, 0), (1, 0))), axis=1)
    energies = energy[:, stretch:] - energy[:, : stretch + 1]
    floor = stretch * _SILENT_MEAN_SQUARE
    correlation = products / np.sqrt((energies[:, :1] + floor) * (energies + floor))
    # The peak around no delay at all says nothing: what follows the first dip below 0 does.
    beyond = np.logical_or.accumulate(correlation <= 0.0, axis=1)
    return np.clip(np.max(np.where(beyond, correlation, 0.0), axis=1), 0.0, 1.0)
