"""How much begins at each moment."""

import numpy as np

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.extractors.mel_db import mel_levels_db
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, Progress, Signal

RISE_S = 0.024


class OnsetStrength(Extractor):
    """`onset_strength`: the rise of the mel levels across 24 ms, averaged over bands, in dB.

    At frame i it is the mean over the 80 bands of `max(0, mel_db[i + r] - mel_db[i - r])`, where
    2 r frames are 24 ms, at least two frames. It is not negative; steady sound has about 0, a note
    out of silence several tens. Decibels rise most when a window first touches what begins, so
    that the maximum is up to 24 ms before the onset of a note out of silence.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> click = np.zeros(16000, np.float32)
        >>> click[8000:] = np.sin(np.arange(8000))
        >>> values = OnsetStrength().extract(click, FeatureSettings())["onset_strength"]
        >>> 119 <= values.argmax() <= 125
        True

    Reference:
        Böck and Widmer (2013), Maximum filter vibrato suppression for onset detection, section
        2.1, for the spectral flux; without the filter, and centred.
    """

    columns = ("onset_strength",)

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One number a frame, 0 in silence."""
        signal = Signal("frames", unit="dB", low=0.0)
        name = "onset_strength"
        return {name: Column(name, signal, settings.hop_length, silence=0.0)}

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Measures it."""
        levels = mel_levels_db(audio, settings)
        return {"onset_strength": rises(levels, half_width(settings))}


def half_width(settings: FeatureSettings) -> int:
    """Half of the time across which levels are compared, in frames, at least 1."""
    return max(1, round(RISE_S * settings.frame_rate / 2))


def rises(levels_db: Float32Array, half: int) -> Float32Array:
    """The mean rise of levels `[n_frames, n_bands]` around each frame; the ends are held."""
    held = np.pad(levels_db, ((half, half), (0, 0)), mode="edge")
    return np.maximum(held[2 * half :] - held[: -2 * half], 0.0).mean(axis=1)
