"""Which octave of a melody an instrument plays best."""

import numpy as np

from ddsp_tf.features.midi_pitch import SEMITONES_PER_OCTAVE
from ddsp_tf.types import FloatArray

_MOST_OCTAVES = 4
_OUT_OF_RANGE_WEIGHT = 2.0
_QUANTILES = np.linspace(0.0, 1.0, 101)


def choose_octave(
    midi: FloatArray,
    instrument_quantiles_midi: FloatArray,
    *,
    lowest_midi: float,
    highest_midi: float,
) -> int:
    """Chooses the octaves to shift a melody by, so that it lies where the instrument was trained.

    Each shift costs the distance, in semitones, between the distributions of pitch of the
    shifted melody and of the instrument (Wasserstein-1, the mean difference of their quantiles),
    plus twice the mean number of semitones by which it leaves the trained range. The cheapest
    wins, and of two equal ones the smaller shift. Unlike rounding a difference of means this has
    no bias upwards, and it sees when the end of a wide melody would fall off the instrument.

    Args:
        midi: MIDI pitch of the melody's note frames, `[n]`; may be empty.
        instrument_quantiles_midi: Quantiles of the training notes' MIDI pitch, evenly spaced from
            0 to 100 %, `[n_quantiles]`.
        lowest_midi: Lowest pitch the instrument was trained on.
        highest_midi: Highest pitch the instrument was trained on.

    Returns:
        Octaves, -4 to 4.

    Example:
        >>> violin = np.linspace(55, 88, 101)
        >>> choose_octave(np.full(9, 48.0), violin, lowest_midi=55, highest_midi=88)
        2
        >>> choose_octave(np.full(9, 70.0), violin, lowest_midi=55, highest_midi=88)
        0
    """
    if midi.size == 0:
        return 0
    melody = np.quantile(midi, _QUANTILES)
    given = np.linspace(0.0, 1.0, len(instrument_quantiles_midi))
    instrument = np.interp(_QUANTILES, given, instrument_quantiles_midi)

    def cost(octaves: int) -> float:
        shifted = melody + SEMITONES_PER_OCTAVE * octaves
        outside = np.maximum(lowest_midi - shifted, 0) + np.maximum(shifted - highest_midi, 0)
        distance = np.mean(np.abs(shifted - instrument))
        return float(distance + _OUT_OF_RANGE_WEIGHT * np.mean(outside))

    candidates = range(-_MOST_OCTAVES, _MOST_OCTAVES + 1)
    return min(candidates, key=lambda octaves: (round(cost(octaves), 6), abs(octaves)))
