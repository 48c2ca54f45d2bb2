"""From audio to what a model is conditioned on: fundamental, confidence and loudness."""

from ddsp_tf.features.crepe.crepe_f0 import CrepeF0
from ddsp_tf.features.crepe.network import build_crepe_network
from ddsp_tf.features.extraction import extract_features
from ddsp_tf.features.features import Features
from ddsp_tf.features.loudness import extract_loudness_db, measure_loudness_db
from ddsp_tf.features.settings import F0_TRACKERS, LOUDNESS_KINDS, FeatureSettings
from ddsp_tf.features.statistics import Statistics
from ddsp_tf.features.track import fill_unvoiced, interpolate_track
from ddsp_tf.features.tracker import F0Tracker, get_tracker
from ddsp_tf.features.voicing import note_mask, note_ratio

__all__ = [
    "F0_TRACKERS",
    "LOUDNESS_KINDS",
    "CrepeF0",
    "F0Tracker",
    "FeatureSettings",
    "Features",
    "Statistics",
    "build_crepe_network",
    "extract_features",
    "extract_loudness_db",
    "fill_unvoiced",
    "get_tracker",
    "interpolate_track",
    "measure_loudness_db",
    "note_mask",
    "note_ratio",
]
