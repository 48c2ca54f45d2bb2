"""Reads the TFRecords of magenta's DDSP library, whose settings must be guessed from lengths."""

import glob
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf.data.frame_table import FrameTable
from ddsp_tf.data.memory_frames import MemoryFrames
from ddsp_tf.data.recording import Recording, to_pcm
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import (
    Column,
    Features,
    FeatureSettings,
    columns_of,
    extract_loudness_db,
    samples_column,
)
from ddsp_tf.types import PathLike

_TRACKER_RATE = 16000
_TRACKER_LEAD_SAMPLES = 512  # Half of CREPE's window: what an uncentred f0 is ahead by.
_KEYS = ("audio", "f0_hz", "f0_confidence")

Values = dict[str, np.ndarray]


@dataclass(frozen=True)
class MagentaLayout:
    """How the records of a file are laid out.

    Attributes:
        settings: The rates found, with the loudness wanted.
        audio_key: Which audio is used: `"audio"`, or `"audio_16k"` when the hop of the other
            isn't a whole number of samples.
        n_samples: Samples a record.
        n_frames: Frames that are used of each record.
        centred: Whether frames were centred when it was written; they have one frame more.
        realigned: Whether f0 is moved to where it was heard.
    """

    settings: FeatureSettings
    audio_key: str
    n_samples: int
    n_frames: int
    centred: bool
    realigned: bool

    def to_dict(self) -> dict[str, Any]:
        """What is known of such a dataset, as JSON-compatible values."""
        return {
            "name": "magenta",
            "settings": {"features": self.settings.to_dict()},
            "framing": "center" if self.centred else "same",
            "audio_key": self.audio_key,
            "realigned": self.realigned,
        }


def read_magenta(
    patterns: Mapping[str, PathLike | None],
    *,
    sample_rate: int | None,
    loudness: str,
    realign: bool,
) -> tuple[MagentaLayout, dict[str, Column], dict[str, FrameTable], list[Features]]:
    """Reads all records into memory; see `Dataset.open_magenta`.

    Returns:
        The layout, the columns, the table of each split, and the features of the training
        records.
    """
    layout: MagentaLayout | None = None
    tables: dict[str, FrameTable] = {}
    of_train: list[Features] = []
    for split, pattern in patterns.items():
        recordings: list[Recording] = []
        for values in _records(pattern):
            layout = layout or find_layout(
                {key: len(value) for key, value in values.items()},
                sample_rate=sample_rate,
                loudness=loudness,
                realign=realign,
            )
            recordings.append(_convert(values, layout))
        if layout is None:
            raise DatasetError(f"The files at `{pattern}` hold no records.")
        tables[split] = _table(recordings, layout, split)
        if split == "train":
            of_train = [recording.features for recording in recordings]
    if layout is None:
        raise DatasetError("There is no training pattern. Name the files to train on.")
    return layout, _columns(layout), tables, of_train


def find_layout(
    lengths: Mapping[str, int], *, sample_rate: int | None, loudness: str, realign: bool
) -> MagentaLayout:
    """Concludes rates and framing from the lengths of a record's values.

    Args:
        lengths: How many values each key has.
        sample_rate: Of `audio`, when there is no `audio_16k` to tell.
        loudness: Definition for the settings.
        realign: Whether an uncentred f0 will be moved.

    Raises:
        DatasetError: The lengths contradict each other.
    """
    n_samples, n_values = lengths["audio"], lengths["f0_hz"]
    n_16k = lengths.get("audio_16k")
    if n_16k is None:
        rate = sample_rate or _TRACKER_RATE
    else:
        rate = round(n_samples * _TRACKER_RATE / n_16k)
        if sample_rate not in (None, rate):
            raise ArgumentError(
                f"`sample_rate` is {sample_rate}, but the records are at {rate} Hz."
            )
    for centred in (False, True):
        n_frames = n_values - centred
        for key, length, key_rate in (
            ("audio", n_samples, rate),
            ("audio_16k", n_16k or 0, _TRACKER_RATE),
        ):
            if n_frames > 0 and length and length % n_frames == 0:
                settings = FeatureSettings(
                    sample_rate=key_rate,
                    hop_length=length // n_frames,
                    f0_tracker="crepe-full",
                    f0_refined=False,
                    loudness=loudness,
                )
                moved = realign and not centred
                return MagentaLayout(settings, key, length, n_frames, centred, moved)
    raise DatasetError(
        f"A record has {n_samples} samples and {n_values} frames; neither {n_values} nor "
        f"{n_values - 1} frames divide that. The records were written with a rate that isn't "
        "supported: prepare the recordings anew."
    )


def _records(pattern: PathLike | None) -> Iterator[Values]:
    if pattern is None:
        return
    paths = sorted(glob.glob(os.fspath(pattern)))
    if not paths:
        raise DatasetError(f"No file matches `{pattern}`. Name TFRecords, e.g. data/violin-train*")
    for path in paths:
        try:
            for record in tf.data.TFRecordDataset(path):
                yield _values(record.numpy(), path)
        except tf.errors.DataLossError as error:
            raise DatasetError(f"`{path}` is not a TFRecord file, or is damaged.") from error


def _values(record: bytes, path: str) -> Values:
    try:
        stored = tf.train.Example.FromString(record).features.feature
    except ValueError as error:
        raise DatasetError(f"`{path}` holds another kind of record.") from error
    missing = [key for key in _KEYS if key not in stored]
    if missing:
        raise DatasetError(
            f"The records of `{path}` lack {missing}; they have {sorted(stored)}. "
            "These are not training records of magenta's DDSP library."
        )
    keys = [key for key in (*_KEYS, "audio_16k") if key in stored]
    return {key: np.asarray(stored[key].float_list.value, np.float32) for key in keys}


def _convert(values: Values, layout: MagentaLayout) -> Recording:
    audio, f0_hz = values[layout.audio_key], values["f0_hz"]
    n_values = layout.n_frames + layout.centred
    if len(audio) != layout.n_samples or len(f0_hz) != n_values:
        raise DatasetError(
            f"Records differ in length: one has {len(audio)} samples and {len(f0_hz)} frames, "
            f"the first {layout.n_samples} and {n_values}. Read differing sets one at a time."
        )
    settings = layout.settings
    f0_hz = np.nan_to_num(f0_hz[: layout.n_frames])
    confidence = np.nan_to_num(values["f0_confidence"][: layout.n_frames])
    if layout.realigned:
        late = _TRACKER_LEAD_SAMPLES / _TRACKER_RATE * settings.frame_rate
        f0_hz = np.exp2(_later(np.log2(np.maximum(f0_hz, 1.0)), late))
        confidence = _later(confidence, late)
    features = Features(f0_hz, confidence, extract_loudness_db(audio, settings))
    n_frames = layout.n_frames
    return Recording(n_frames, features, [(0, n_frames)], {}, {}, {"audio": to_pcm(audio)})


def _later(values: np.ndarray, n_frames: float) -> np.ndarray:
    """Moves a curve later by a number of frames that need not be whole."""
    position = np.arange(len(values))
    return np.interp(position - n_frames, position, values).astype(np.float32)


def _columns(layout: MagentaLayout) -> dict[str, Column]:
    return {"audio": samples_column("audio"), **columns_of(layout.settings)}


def _table(recordings: list[Recording], layout: MagentaLayout, split: str) -> FrameTable:
    columns, hop_length = _columns(layout), layout.settings.hop_length
    return FrameTable(
        [f"{split}-{index:05d}" for index in range(len(recordings))],
        [recording.n_frames for recording in recordings],
        MemoryFrames(recordings, columns, hop_length=hop_length),
        columns,
        hop_length=hop_length,
        frame_rate=layout.settings.frame_rate,
    )
