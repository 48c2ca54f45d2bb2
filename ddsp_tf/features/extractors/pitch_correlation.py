"""How much a sound repeats after a period."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.pitch import BesidePitch
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal

_STRETCH_S = 0.02
_LONGEST_S = 0.02
_SILENT_MEAN_SQUARE = 1e-9
_N_BLOCK_FRAMES = 1024


class PitchCorrelation(BesidePitch):
    """`pitch_correlation`: how well 20 ms match what comes a period of the pitch later, 0 to 1.

    Both stretches lie evenly around the frame; of the three whole periods nearest to the pitch the
    best counts. 1 is a steady tone; noise and silence are near 0. Pitches below 50 Hz count as
    50 Hz.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> tone = np.sin(2 * np.pi * 100 / 16000 * np.arange(16000)).astype(np.float32)
        >>> pitch = {"f0_hz": np.full(250, 100.0), "f0_confidence": np.ones(250)}
        >>> found = PitchCorrelation().extract_beside(tone, FeatureSettings(), pitch)
        >>> round(float(found["pitch_correlation"][125]), 3)
        1.0

    Reference:
        Valin and Skoglund 2019, "LPCNet: Improving neural speech synthesis through linear
        prediction", section 2, which also searches the period so.
    """

    columns = ("pitch_correlation",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One number a frame, 0 in silence."""
        signal = Signal("frames", low=0.0, high=1.0)
        column = Column("pitch_correlation", signal, settings.hop_length, silence=0.0)
        return {"pitch_correlation": column}

    def extract_beside(
        self,
        audio: Float32Array,
        settings: FeatureSettings,
        made: Mapping[str, Float32Array],
        *,
        progress: Progress | None = None,
    ) -> dict[str, Float32Array]:
        """Measures it at the pitch that was tracked."""
        del progress
        stretch, longest = (round(x * settings.sample_rate) for x in (_STRETCH_S, _LONGEST_S))
        periods = settings.sample_rate / np.maximum(made["f0_hz"], 1.0 / _LONGEST_S)
        periods = np.clip(np.round(periods).astype(int), 2, longest)
        margin = (stretch + longest) // 2 + 2
        padded = np.pad(audio.astype(np.float64), margin)
        places = margin + settings.hop_length * np.arange(len(periods))
        values = [
            _best(padded, places[part], periods[part], stretch)
            for first in range(0, len(periods), _N_BLOCK_FRAMES)
            for part in [slice(first, first + _N_BLOCK_FRAMES)]
        ]
        return {"pitch_correlation": np.concatenate(values).astype(np.float32)}


def _best(padded: FloatArray, places: np.ndarray, periods: np.ndarray, stretch: int) -> FloatArray:
    found = [_correlation(padded, places, periods + step, stretch) for step in (-1, 0, 1)]
    return np.clip(np.max(found, axis=0), 0.0, 1.0)


def _correlation(
    padded: FloatArray, places: np.ndarray, periods: np.ndarray, stretch: int
) -> FloatArray:
    starts = places - (stretch + periods) // 2
    first, later = (
        padded[start[:, np.newaxis] + np.arange(stretch)] for start in (starts, starts + periods)
    )
    floor = _SILENT_MEAN_SQUARE * stretch
    energies = [np.sum(np.square(x), axis=1) + floor for x in (first, later)]
    return np.sum(first * later, axis=1) / np.sqrt(energies[0] * energies[1])
