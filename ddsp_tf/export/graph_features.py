"""Features from audio inside a graph."""

from dataclasses import replace

import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.export.resampler import Resampler
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.crepe.crepe_f0 import CrepeF0
from ddsp_tf.features.crepe.first_layer import HOP_LENGTH
from ddsp_tf.features.crepe.network import SAMPLE_RATE
from ddsp_tf.features.crepe.salience import FRAME_RATE
from ddsp_tf.features.loudness import measure_loudness_db
from ddsp_tf.features.track import interpolate_track

_CREPE = "crepe-"


class GraphFeatures(tf.Module):
    """Does the work of `extract_features` for a batch, in standard TensorFlow operations.

    At 16 kHz the numbers are those of `extract_features` but for rounding; at other rates the
    audio that CREPE hears is resampled by other filters, which changes the pitch by less than a
    cent.

    Args:
        settings: Of the model. A tracker that can't run in a graph is replaced, see
            `graph_settings`.

    Raises:
        ModelError: The tracker's weights are not installed.
    """

    def __init__(self, settings: FeatureSettings) -> None:
        super().__init__(name="graph_features")
        self.settings = graph_settings(settings)
        self._resampler = None
        hop_length = settings.hop_length
        if settings.sample_rate != SAMPLE_RATE:
            self._resampler = Resampler(settings.sample_rate, SAMPLE_RATE)
            hop_length = HOP_LENGTH
        capacity = self.settings.f0_tracker.removeprefix(_CREPE)
        self._tracker = CrepeF0(capacity, hop_length=hop_length)

    def __call__(self, audio: tf.Tensor) -> dict[str, tf.Tensor]:
        """Extracts features.

        Args:
            audio: At the model's sample rate, `[batch, n_samples]`, at least one sample.

        Returns:
            `f0_hz`, `f0_confidence` (0 to 1) and `loudness_db`, each `[batch, n_frames]`.
        """
        f0_hz, f0_confidence = self._track(audio)
        return {
            "f0_hz": f0_hz,
            "f0_confidence": f0_confidence,
            "loudness_db": measure_loudness_db(audio, self.settings),
        }

    def _track(self, audio: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._resampler is None:
            return self._tracker(audio)
        hop_length = self.settings.hop_length
        return interpolate_track(
            *self._tracker(self._resampler(audio)),
            track_rate=FRAME_RATE,
            sample_rate=self.settings.sample_rate,
            hop_length=hop_length,
            n_frames=dsp.n_frames(tf.shape(audio)[1], hop_length),
        )


def live_settings(settings: FeatureSettings) -> FeatureSettings:
    """Gives the settings by which the players in C++ and TorchScript find features: by a CREPE.

    They refine its pitch as `LiveFeatures` does.
    """
    return replace(graph_settings(settings), f0_refined=settings.f0_refined)


def graph_settings(settings: FeatureSettings) -> FeatureSettings:
    """Gives the settings by which a graph finds features: CREPE alone, tiny for pYIN."""
    settings = replace(settings, f0_refined=False)
    if settings.f0_tracker.startswith(_CREPE):
        return settings
    return replace(settings, f0_tracker="crepe-tiny")
