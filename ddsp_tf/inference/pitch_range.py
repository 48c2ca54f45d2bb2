"""The pitches an instrument knows, and what becomes of those it doesn't."""

import numpy as np

from ddsp_tf.features import Statistics
from ddsp_tf.inference.pitch import FloatArray, to_hz, to_midi

_MARGIN_SEMITONES = 3.0


def trained_range_midi(statistics: Statistics) -> tuple[float, float]:
    """The MIDI pitches an instrument knows: all but the outermost percent of its training notes.

    That percent holds the octave errors of the tracker.
    """
    return statistics.f0_midi_quantiles[1], statistics.f0_midi_quantiles[-2]


def soften_range(f0_hz: FloatArray, statistics: Statistics | None) -> FloatArray:
    """Gives the pitch that the network reads, so that it never has to guess far from its notes.

    The oscillators play every pitch exactly; the network that says how loud each harmonic is has
    learned only those of its training. Inside the trained range it reads the pitch itself. Beyond
    an end it reads a pitch ever nearer to 3 semitones past that end, on a curve without a kink,
    so that a glide out of the range is smooth: notes out there have the colour of the
    outermost notes.

    Args:
        f0_hz: Pitch to play in Hz, `[n_frames]`.
        statistics: Those of the instrument's training notes; without them nothing changes.

    Returns:
        Pitch in Hz, float32 `[n_frames]`.

    Example:
        >>> from ddsp_tf.features import Features
        >>> notes = Features(np.full(99, 440.0), np.ones(99), np.full(99, -20.0))
        >>> known = Statistics.from_features([notes], frame_rate=250.0)
        >>> soften_range(np.array([440.0, 880.0, 1760.0]), known).round().tolist()
        [440.0, 522.0, 523.0]
    """
    if statistics is None:
        return np.asarray(f0_hz, np.float32)
    lowest, highest = trained_range_midi(statistics)
    midi = to_midi(f0_hz)
    known = np.clip(midi, lowest, highest)
    beyond = (midi - known) / _MARGIN_SEMITONES
    softened = to_hz(known + _MARGIN_SEMITONES * np.sign(beyond) * -np.expm1(-np.abs(beyond)))
    return np.where(beyond == 0.0, f0_hz, softened).astype(np.float32)
