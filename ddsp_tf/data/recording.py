"""One recording, analysed: its sound, columns and what was measured on it."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ddsp_tf.data.segments import Segment
from ddsp_tf.features import Features
from ddsp_tf.types import FloatArray

PCM_SCALE = 32767.0
"""Audio stored with 16 bits: sample = round(audio * 32767), exact to half a step."""


def to_pcm(audio: np.ndarray) -> np.ndarray:
    """Quantises float audio within [-1, 1] to int16."""
    return np.round(np.clip(audio, -1.0, 1.0) * PCM_SCALE).astype(np.int16)


def from_pcm(pcm: np.ndarray) -> FloatArray:
    """Restores float32 audio from int16; what is float32 stays as it is."""
    if pcm.dtype == np.float32:
        return pcm
    return pcm.astype(np.float32) / np.float32(PCM_SCALE)


@dataclass(frozen=True)
class Recording:
    """What preparation knows of one example: a file, a pair, or a file with its score.

    Attributes:
        n_frames: Its length in frames of `hop_length` samples.
        features: The frame columns.
        segments: Where it sounds, in frames.
        measures: Plain numbers for the report; see `measure_recording`.
        source: Rate, channels, seconds, format and gain of the file it came from.
        samples: The sound columns as they are stored, int16 or float32
            `[n_frames * hop_length]`, or `[n_frames * hop_length, width]` of several channels.
        events: The columns of notes, `[n_notes, 5]` with times from its start, and those of one
            value, `[width]`.
    """

    n_frames: int
    features: Features
    segments: list[Segment]
    measures: dict[str, float]
    source: dict[str, Any]
    samples: dict[str, np.ndarray] = field(default_factory=dict)
    events: dict[str, np.ndarray] = field(default_factory=dict)

    def without_sound(self) -> "Recording":
        """The same without what takes much memory."""
        return replace(self, samples={})
