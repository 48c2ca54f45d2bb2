"""What WORLD's vocoder is told, as few numbers: an envelope in mel, and how much is noise."""

from collections.abc import Mapping

import numpy as np

from ddsp_tf import dsp
from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.pitch import BesidePitch
from ddsp_tf.features.refined_pitch import refine_tracked_pitch
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.features.world.world_analysis import analyze_world
from ddsp_tf.types import Float32Array, Progress, Signal

N_BANDS, N_POINTS = 80, 16
FLOOR = -5.0
_BLOCK_FRAMES = 1024


class WorldSpectra(BesidePitch):
    """`world_envelope` and `world_aperiodicity`, as `processors.World` takes them.

    The envelope is the power of `cheap_trick` in 80 mel bands, `log10(M sqrt(sp) + 1e-5)`: a step
    of 1 is 20 dB. The aperiodicity is that of `d4c` at 16 frequencies from 0 Hz to Nyquist, 1 where
    the tracker is less sure than 0.4. Both are read at the tracked pitch, made exact by
    `refine_tracked_pitch`.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> steady = {"f0_hz": np.full(100, 160.0), "f0_confidence": np.ones(100)}
        >>> buzz = np.zeros(6400, np.float32)
        >>> buzz[::100] = 1.0
        >>> made = WorldSpectra().extract_beside(buzz, FeatureSettings(), steady)
        >>> made["world_envelope"][50, 40].round(1), made["world_aperiodicity"].shape
        (np.float32(-1.0), (100, 16))

    Reference:
        Nercessian 2023, "Differentiable WORLD synthesizer-based neural vocoder", section 2.
    """

    columns = ("world_envelope", "world_aperiodicity")

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """80 and 16 numbers a frame."""
        hop = settings.hop_length
        envelope = Signal("frames", N_BANDS, low=FLOOR)
        aperiodicity = Signal("frames", N_POINTS, low=0.0, high=1.0)
        return {
            "world_envelope": Column("world_envelope", envelope, hop, silence=FLOOR),
            "world_aperiodicity": Column("world_aperiodicity", aperiodicity, hop, silence=1.0),
        }

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
        rate, hop = settings.sample_rate, settings.hop_length
        f0_hz = refine_tracked_pitch(
            audio, made["f0_hz"], made["f0_confidence"], sample_rate=rate, hop_length=hop
        )
        envelopes, aperiodicities = [], []
        for start in range(0, len(f0_hz), _BLOCK_FRAMES):
            part = f0_hz[start : start + _BLOCK_FRAMES]
            found = analyze_world(audio, part, sample_rate=rate, hop_length=hop, first_frame=start)
            envelopes.append(
                dsp.compress_envelope(found.envelope, n_bands=N_BANDS, sample_rate=rate).numpy()
            )
            aperiodicities.append(
                dsp.compress_aperiodicity(found.aperiodicity, n_points=N_POINTS).numpy()
            )
        return {
            "world_envelope": np.concatenate(envelopes),
            "world_aperiodicity": np.clip(np.concatenate(aperiodicities), 0.0, 1.0),
        }
