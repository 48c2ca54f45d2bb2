"""Recordings into datasets, and datasets into batches."""

from ddsp_tf.data.audio_files import (
    AudioInfo,
    audio_info,
    check_usable,
    find_audio_files,
    iterate_audio,
    read_audio,
    write_audio,
)
from ddsp_tf.data.dataset import Dataset
from ddsp_tf.data.preparation import prepare
from ddsp_tf.data.prepare_report import PrepareReport
from ddsp_tf.data.prepare_settings import PrepareSettings

__all__ = [
    "AudioInfo",
    "Dataset",
    "PrepareReport",
    "PrepareSettings",
    "audio_info",
    "check_usable",
    "find_audio_files",
    "iterate_audio",
    "prepare",
    "read_audio",
    "write_audio",
]
