"""The fundamental, and how sure it is."""

import numpy as np

from ddsp_tf.features.column import Column
from ddsp_tf.features.extractors.extractor import Extractor
from ddsp_tf.features.refined_pitch import refine_track
from ddsp_tf.features.settings import FeatureSettings
from ddsp_tf.features.track import interpolate_track
from ddsp_tf.features.trackers import get_tracker
from ddsp_tf.types import Float32Array, Progress, Signal


class Pitch(Extractor):
    """`f0_hz` and `f0_confidence`, as the tracker of the settings hears them; see `refine_track`.

    Raises:
        ModelError: The tracker's weights are not installed.

    Example:
        >>> from ddsp_tf.features import FeatureSettings
        >>> Pitch().describe(FeatureSettings())["f0_confidence"].silence
        0.0
    """

    columns = ("f0_hz", "f0_confidence")
    depends_on = ("f0_tracker", "f0_refined")

    def describe(self, settings: FeatureSettings) -> dict[str, Column]:
        """Both have one number a frame. In silence the pitch stays."""
        hop = settings.hop_length
        confidence = Signal("frames", low=0.0, high=1.0)
        return {
            "f0_hz": Column("f0_hz", Signal("frames", unit="Hz", low=0.0), hop),
            "f0_confidence": Column("f0_confidence", confidence, hop, silence=0.0),
        }

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Tracks the sound and reads the track at the frames."""
        tracker = get_tracker(settings.f0_tracker)
        track, confidence = tracker.track(audio, settings.sample_rate, progress=progress)
        f0_hz, f0_confidence = interpolate_track(
            track[np.newaxis],
            confidence[np.newaxis],
            track_rate=tracker.frame_rate,
            sample_rate=settings.sample_rate,
            hop_length=settings.hop_length,
            n_frames=settings.n_frames(len(audio)),
        )
        heard, sure = f0_hz[0].numpy(), f0_confidence[0].numpy()
        if settings.f0_refined:
            times_s = np.arange(len(heard)) / settings.frame_rate
            heard = refine_track(audio, heard, sure, times_s, sample_rate=settings.sample_rate)
        return {"f0_hz": heard, "f0_confidence": sure}


class BesidePitch(Extractor):
    """What is measured at the tracked pitch; alone, it tracks the pitch first."""

    depends_on = Pitch.depends_on
    needs = Pitch.columns

    def extract(
        self, audio: Float32Array, settings: FeatureSettings, *, progress: Progress | None = None
    ) -> dict[str, Float32Array]:
        """Tracks the pitch, and measures there."""
        made = Pitch().extract(audio, settings, progress=progress)
        return self.extract_beside(audio, settings, made)
