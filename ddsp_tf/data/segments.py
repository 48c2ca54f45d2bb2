"""Where a recording sounds: long silences are cut out, with a little of them kept."""

import numpy as np

Segment = tuple[int, int]
"""First frame and the frame after the last."""

LEVEL_WINDOW_SAMPLES = 1024


def frame_levels_db(audio: np.ndarray, *, hop_length: int) -> np.ndarray:
    """RMS level around every frame, over a window of 1024 samples.

    Args:
        audio: `[n_samples]`, full scale 1.0, without constant offset, which would fill its
            silences (`ddsp_tf.audio.constant_offset`).
        hop_length: Samples from frame to frame; frame i stands at sample i * hop_length.

    Returns:
        dBFS `[n_frames]`, at least -120; a full-scale sine has -3.01 dB.
    """
    n_frames = -(-len(audio) // hop_length)
    energy = np.concatenate([[0.0], np.cumsum(np.square(audio, dtype=np.float64))])
    centre = np.arange(n_frames) * hop_length
    start = np.maximum(centre - LEVEL_WINDOW_SAMPLES // 2, 0)
    end = np.minimum(centre + LEVEL_WINDOW_SAMPLES // 2, len(audio))
    mean_square = (energy[end] - energy[start]) / np.maximum(end - start, 1)
    return (10.0 * np.log10(np.maximum(mean_square, 1e-12))).astype(np.float32)


def loud_level_db(levels_db: np.ndarray) -> float:
    """The level that the loud parts of a recording reach: the 95th percentile."""
    return float(np.percentile(levels_db, 95))


def silent_frames(levels_db: np.ndarray, *, below_db: float, floor_db: float) -> np.ndarray:
    """Marks frames far below the recording's loud level, or below an absolute floor.

    Args:
        levels_db: `[n_frames]` from `frame_levels_db`.
        below_db: Distance to the loud level in dB, > 0.
        floor_db: Level in dBFS that is silence in any recording.

    Returns:
        bool `[n_frames]`.
    """
    return levels_db < max(loud_level_db(levels_db) - below_db, floor_db)


def sounding_segments(
    silent: np.ndarray, *, min_silence: int, keep_silence: int, min_segment: int
) -> list[Segment]:
    """Cuts silences out of a recording.

    Args:
        silent: bool `[n_frames]`.
        min_silence: A silence of more frames than this is cut.
        keep_silence: Frames of it that stay at either side.
        min_segment: Stretches with fewer sounding frames than this are dropped.

    Returns:
        Segments in order, without overlap.

    Example:
        >>> silent = np.array([0, 1, 1, 1, 1, 1, 0, 0], bool)
        >>> sounding_segments(silent, min_silence=3, keep_silence=1, min_segment=1)
        [(0, 2), (5, 8)]
    """
    segments = []
    start = 0
    for first, end in _runs(silent):
        long = end - first > min_silence
        if long and first > 0:
            segments.append((start, first + keep_silence))
        if long:
            start = max(end - keep_silence, 0)
    if start < len(silent) and not (len(silent) and silent[start:].all()):
        segments.append((start, len(silent)))
    return [
        (first, end)
        for first, end in segments
        if np.count_nonzero(~silent[first:end]) >= max(min_segment, 1)
    ]


def _runs(mask: np.ndarray) -> list[Segment]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]
