"""What a harmonic and a noise synthesiser are told: levels of partials and of bands of noise."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.pitch import BesidePitch
from ddsp_tf.features.features import Features
from ddsp_tf.features.harmonic_analysis import analyze_harmonics
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.types import Float32Array, FloatArray, Progress, Signal

N_HARMONICS, N_BANDS = 60, 65
FLOOR_DB = -100.0
_PERIODS = 5.0


class SynthesisLevels(BesidePitch):
    """`fine_f0_hz`, `harmonics_db`, `noise_db`: what a harmonic and a noise synthesiser imitate.

    `fine_f0_hz` is the tracked pitch, refined by the phases of its partials: a tracker sees a
    vibrato smaller than it is. `harmonics_db` are the amplitudes of the first 60 multiples of the
    tracked pitch, 0 dB for a partial of amplitude 1; `noise_db` the gains of 65 bands of noise from
    0 Hz to Nyquist in what the partials leave over, 0 dB where the noise of `FilteredNoise` passes
    as it is. See `analyze_harmonics`. Levels are -100 in silence and above Nyquist.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(6400) / 16000).astype(np.float32)
        >>> steady = {"f0_hz": np.full(100, 440.0), "f0_confidence": np.ones(100)}
        >>> made = SynthesisLevels().extract_beside(tone, FeatureSettings(), steady)
        >>> made["harmonics_db"][50, 0].round(1), made["noise_db"].shape
        (np.float32(-6.0), (100, 65))
    """

    columns = ("fine_f0_hz", "harmonics_db", "noise_db")

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """One, 60 and 65 numbers a frame."""
        hop = settings.hop_length
        widths = {"harmonics_db": N_HARMONICS, "noise_db": N_BANDS}
        pitch = Column("fine_f0_hz", Signal("frames", unit="Hz", low=0.0), hop)
        levels = {
            name: Column(name, Signal("frames", width, "dB", low=FLOOR_DB), hop, silence=FLOOR_DB)
            for name, width in widths.items()
        }
        return {"fine_f0_hz": pitch, **levels}

    def extract_beside(
        self,
        audio: Float32Array,
        settings: FeatureSettings,
        made: Mapping[str, Float32Array],
        *,
        progress: Progress | None = None,
    ) -> dict[str, Float32Array]:
        """Measures them at the pitch that was tracked."""
        del progress
        pitch = Features.from_columns({key: made[key] for key in self.needs})
        found = analyze_harmonics(
            audio,
            pitch,
            settings,
            n_harmonics=N_HARMONICS,
            n_noise_bands=N_BANDS,
            periods=_PERIODS,
        )
        return {
            "fine_f0_hz": found.fine_f0_hz.astype(np.float32),
            "harmonics_db": _db(found.harmonic_amplitudes),
            "noise_db": _db(found.noise_magnitudes),
        }


def _db(amplitudes: FloatArray) -> Float32Array:
    return (20.0 * np.log10(np.maximum(amplitudes, 10.0 ** (FLOOR_DB / 20.0)))).astype(np.float32)
