"""The loudness of notes so low that single waves can be told apart."""

import numpy as np

from ddsp_tf.features import Features
from ddsp_tf.types import FloatArray

_SURE_OF_PITCH = 0.4
_LONGEST_PERIOD_S = 0.04


def smooth_low_notes(features: Features, *, frame_rate: float) -> FloatArray:
    """Averages loudness over one period of the pitch where a period lasts several frames.

    A window of loudness is no longer than a wave of the lowest notes, so their loudness swings
    with every wave, by 20 dB for a bass. An instrument that plays them octaves higher would flutter
    at that rate. From about 100 Hz on, and where no pitch is sure, nothing changes.

    Args:
        features: What was found in the input.
        frame_rate: Frames per second.

    Returns:
        Loudness in dB, `[n_frames]`.

    Example:
        >>> from ddsp_tf.features import Features
        >>> swinging = np.tile(np.float32([-20, -30, -40, -30]), 50)
        >>> low = Features(np.full(200, 62.5), np.ones(200), swinging)
        >>> smooth_low_notes(low, frame_rate=250.0)[90:110].std().item() < 1e-6
        True
    """
    loudness_db = np.asarray(features.loudness_db, np.float64)
    periods_s = np.minimum(1.0 / np.maximum(features.f0_hz, 1.0), _LONGEST_PERIOD_S)
    lengths = np.round(frame_rate * periods_s).astype(int)
    averaged = (lengths >= 3) & (features.f0_confidence >= _SURE_OF_PITCH)
    if not averaged.any():
        return loudness_db
    frames = np.flatnonzero(averaged)
    starts = np.maximum(frames - lengths[frames] // 2, 0)
    ends = np.minimum(frames - lengths[frames] // 2 + lengths[frames], loudness_db.size)
    sums = np.concatenate([[0.0], np.cumsum(loudness_db)])
    smoothed = loudness_db.copy()
    smoothed[frames] = (sums[ends] - sums[starts]) / (ends - starts)
    return smoothed
