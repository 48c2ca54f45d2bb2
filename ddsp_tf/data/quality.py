"""What can be measured on a recording that tells whether a model can learn from it."""

import numpy as np

from ddsp_tf.data.pitch_limits import measure_beyond_limits
from ddsp_tf.data.polyphony import measure_pitch_doubt
from ddsp_tf.data.segments import frame_levels_db, loud_level_db, silent_frames
from ddsp_tf.features import Features

CONFIDENT = 0.5
"""Frames with at least this f0 confidence count as voiced."""

# Further below the loud level, noise and reverberation speak against any one pitch.
_CLEAR_RANGE_DB = 25.0
_CLIP_LEVEL = 0.999
_CLIP_RUN = 3


class ClippingCounter:
    """Counts clipped samples in a stream of blocks at the file's own rate.

    A sample is clipped when it belongs to a run of three or more at full scale in one channel;
    single samples at full scale are the work of a limiter and harmless. Where full scale is no
    limit, in files of floating point, only runs of one and the same value count.

    Example:
        >>> counter = ClippingCounter()
        >>> counter.add(np.array([[0.2], [1.0], [1.0], [1.0], [0.3]], np.float32))
        >>> counter.share
        0.6
    """

    def __init__(self) -> None:
        self._n_samples = 0
        self._n_clipped = 0
        self._n_flat = 0

    @property
    def share(self) -> float:
        """Share of the samples that are clipped, 0 to 1."""
        return self._n_clipped / max(self._n_samples, 1)

    @property
    def flat_share(self) -> float:
        """Share of the samples in runs of one and the same value at or beyond full scale."""
        return self._n_flat / max(self._n_samples, 1)

    def add(self, block: np.ndarray) -> None:
        """Counts a block `[n_samples, n_channels]`."""
        self._n_samples += block.size
        full = np.abs(block) >= _CLIP_LEVEL
        if np.count_nonzero(full) < _CLIP_RUN:
            return
        same = full[1:] & (block[1:] == block[:-1])
        for channel in range(block.shape[1]):
            lengths = _run_lengths(full[:, channel])
            self._n_clipped += int(lengths[lengths >= _CLIP_RUN].sum())
            # A run of n equal values has n - 1 that equal the one before.
            lengths = _run_lengths(same[:, channel]) + 1
            self._n_flat += int(lengths[lengths >= _CLIP_RUN].sum())


def measure_recording(
    audio: np.ndarray,
    features: Features,
    *,
    sample_rate: int,
    hop_length: int,
    silence_below_db: float,
    silence_floor_db: float,
) -> dict[str, float]:
    """Measures level, silence, voicing and suspicion of polyphony.

    Args:
        audio: `[n_samples]` mono, full scale 1.0.
        features: Its features.
        sample_rate: Samples a second.
        hop_length: Samples a frame.
        silence_below_db: See `PrepareSettings`.
        silence_floor_db: See `PrepareSettings`.

    Returns:
        `peak_db`, `loud_db` (dBFS), `silent_share`, `voiced_share` (of sounding frames),
        `polyphonic_share` and `octave_share` (of voiced frames; see `measure_pitch_doubt`),
        `above_share` and `below_share` (of sounding frames; see `measure_beyond_limits`), the last
        five only where the features tell of pitch.
    """
    levels = frame_levels_db(audio, hop_length=hop_length)
    silent = silent_frames(levels, below_db=silence_below_db, floor_db=silence_floor_db)
    levels_and_silence = {
        "peak_db": float(20 * np.log10(max(float(np.max(np.abs(audio))), 1e-6))),
        "loud_db": loud_level_db(levels),
        "silent_share": float(np.mean(silent)),
    }
    if not features.has("f0_hz", "f0_confidence"):
        return levels_and_silence
    voiced = ~silent & (features.f0_confidence >= CONFIDENT)
    clear = voiced & (levels > loud_level_db(levels) - _CLEAR_RANGE_DB)
    doubt = measure_pitch_doubt(
        audio, features, clear, sample_rate=sample_rate, hop_length=hop_length
    )
    beyond = measure_beyond_limits(
        audio, ~silent, ~voiced, sample_rate=sample_rate, hop_length=hop_length
    )
    return {
        **levels_and_silence,
        "above_share": beyond.above_share,
        "below_share": beyond.below_share,
        "voiced_share": _share(voiced, among=~silent),
        "polyphonic_share": doubt.polyphonic_share,
        "octave_share": doubt.octave_share,
    }


def _run_lengths(mask: np.ndarray) -> np.ndarray:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return edges[1::2] - edges[::2]


def _share(mask: np.ndarray, *, among: np.ndarray) -> float:
    n_among = int(np.count_nonzero(among))
    return int(np.count_nonzero(mask & among)) / max(n_among, 1)
