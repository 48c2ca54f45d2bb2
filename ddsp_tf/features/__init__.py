"""From audio to what a model is conditioned on: named columns, such as pitch and loudness."""

from ddsp_tf.features.column import NOTE_FIELDS, Column, notes_column, samples_column
from ddsp_tf.features.column_statistics import ColumnStatistics
from ddsp_tf.features.crepe.crepe_f0 import CrepeF0
from ddsp_tf.features.crepe.embedding import hear_by_crepe
from ddsp_tf.features.crepe.network import build_crepe_network
from ddsp_tf.features.extraction import extract_features
from ddsp_tf.features.extractors import Extractor, columns_of, extractor_columns, extractor_for
from ddsp_tf.features.features import Features, join_features
from ddsp_tf.features.loudness import extract_loudness_db, measure_loudness_db
from ddsp_tf.features.settings import DEFAULT_COLUMNS, LOUDNESS_KINDS, FeatureSettings
from ddsp_tf.features.statistics import Statistics
from ddsp_tf.features.track import fill_unvoiced, interpolate_track
from ddsp_tf.features.tracker import F0Tracker
from ddsp_tf.features.trackers import F0_TRACKERS, get_tracker
from ddsp_tf.features.voicing import note_mask, note_ratio

__all__ = [
    "DEFAULT_COLUMNS",
    "F0_TRACKERS",
    "LOUDNESS_KINDS",
    "NOTE_FIELDS",
    "Column",
    "ColumnStatistics",
    "CrepeF0",
    "Extractor",
    "F0Tracker",
    "FeatureSettings",
    "Features",
    "Statistics",
    "build_crepe_network",
    "columns_of",
    "extract_features",
    "extract_loudness_db",
    "extractor_columns",
    "extractor_for",
    "fill_unvoiced",
    "get_tracker",
    "hear_by_crepe",
    "interpolate_track",
    "join_features",
    "measure_loudness_db",
    "note_mask",
    "note_ratio",
    "notes_column",
    "samples_column",
]
