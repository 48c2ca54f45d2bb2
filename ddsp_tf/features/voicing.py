"""Which frames belong to notes."""

import numpy as np
import numpy.typing as npt

from ddsp_tf.features.features import Features
from ddsp_tf.types import Float32Array

SMOOTHING_S = 0.16
CONFIDENCE_EXPONENT = 2
CONFIDENCE_THRESHOLD = 0.7
SILENCE_DB = -80.0
QUIET_DB = -60.0


def note_ratio(features: Features, *, frame_rate: float = 250.0) -> Float32Array:
    """How clearly each frame belongs to a note: loudness times confidence, against the average.

    The product of squared confidence (averaged over 160 ms) and level above -80 dB is divided by
    that of a frame of average level and confidence 0.7. The average is taken over the frames
    that aren't silence, so that pauses don't lower it.

    Args:
        features: Of one recording.
        frame_rate: Frames a second.

    Returns:
        `[n_frames]`, >= 0; 1 or more is a note. All 0 for silence.

    Example:
        >>> from ddsp_tf.features import Features
        >>> loud = Features(np.full(500, 440.0), np.full(500, 0.9), np.full(500, -20.0))
        >>> bool(note_ratio(loud).min() > 1)
        True

    Reference:
        The note detection of Engel et al. (2020)'s timbre transfer demonstration, apart from
        which frames its average is taken over.
    """
    level = np.maximum(features.loudness_db.astype(np.float64) - SILENCE_DB, 0.0)
    sounding = features.loudness_db > QUIET_DB
    if not sounding.any():
        return np.zeros(features.n_frames, np.float32)
    length = max(1, round(SMOOTHING_S * frame_rate))
    certainty = _moving_mean(features.f0_confidence.astype(np.float64) ** 2, length)
    threshold = level[sounding].mean() * CONFIDENCE_THRESHOLD**CONFIDENCE_EXPONENT
    return (certainty * level / threshold).astype(np.float32)


def note_mask(
    features: Features, threshold: float = 1.0, *, frame_rate: float = 250.0
) -> npt.NDArray[np.bool_]:
    """Marks the frames that belong to notes.

    Args:
        features: Of one recording.
        threshold: A frame whose `note_ratio` is at least this is a note, 0 to 2. At 0, every
            frame that is louder than -60 dB is one.
        frame_rate: Frames a second.

    Returns:
        `[n_frames]`. Frames at or below -60 dB are never notes.

    Example:
        >>> from ddsp_tf.features import Features
        >>> silence = Features(np.full(9, 440.0), np.zeros(9), np.full(9, -80.0))
        >>> note_mask(silence).any()
        np.False_
    """
    loud_enough = features.loudness_db > QUIET_DB
    return (note_ratio(features, frame_rate=frame_rate) >= threshold) & loud_enough


def _moving_mean(values: npt.NDArray[np.float64], length: int) -> npt.NDArray[np.float64]:
    """Centred mean over `length` frames; at the ends, over those that exist."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    frames = np.arange(len(values))
    first = np.maximum(frames - length // 2, 0)
    end = np.minimum(frames - length // 2 + length, len(values))
    return (sums[end] - sums[first]) / (end - first)
