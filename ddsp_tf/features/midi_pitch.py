"""Pitch as MIDI numbers in numpy, where features are looked at before they become tensors.

`dsp.hz_to_midi` is the same on tensors.
"""

import numpy as np

from ddsp_tf.types import FloatArray

SEMITONES_PER_OCTAVE = 12
LOWEST_MIDI = 0.0
HIGHEST_MIDI = 110.0
"""Pitch is kept in this range (8.2 to 4698.6 Hz), as in the paper's library."""


def to_midi(f0_hz: FloatArray) -> FloatArray:
    """Converts Hz to MIDI pitch in float64; at or below 8.176 Hz it is 0."""
    lowest_hz = 440.0 * 2.0 ** (-69.0 / 12.0)
    return 69.0 + 12.0 * np.log2(np.maximum(np.asarray(f0_hz, np.float64), lowest_hz) / 440.0)


def to_hz(midi: FloatArray) -> FloatArray:
    """Converts MIDI pitch to Hz."""
    return 440.0 * 2.0 ** ((np.asarray(midi, np.float64) - 69.0) / 12.0)
