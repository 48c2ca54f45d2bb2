"""Sounds into datasets, and datasets and generators into batches."""

from ddsp_tf.data.dataset import Dataset
from ddsp_tf.data.engines import Engine
from ddsp_tf.data.generated import Generated, Generator
from ddsp_tf.data.joined_datasets import JoinedDatasets
from ddsp_tf.data.preparation import prepare
from ddsp_tf.data.prepare_report import PrepareReport
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.random_filters import RandomFilters
from ddsp_tf.data.random_settings import RandomSettings
from ddsp_tf.data.reverberant_recordings import ReverberantRecordings
from ddsp_tf.data.rooms import room_names, room_of
from ddsp_tf.data.source import Source
from ddsp_tf.data.styled_recordings import StyledRecordings
from ddsp_tf.data.synthetic_notes import SyntheticNotes

__all__ = [
    "Dataset",
    "Engine",
    "Generated",
    "Generator",
    "JoinedDatasets",
    "PrepareReport",
    "PrepareSettings",
    "RandomFilters",
    "RandomSettings",
    "ReverberantRecordings",
    "Source",
    "StyledRecordings",
    "SyntheticNotes",
    "prepare",
    "room_names",
    "room_of",
]
