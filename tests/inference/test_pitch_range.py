"""The network reads no pitch far from its training notes; what is played stays what was asked."""

import numpy as np
import pytest
from inference_toys import RATE, cents_between, fundamental_hz, range_statistics, tone

from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.inference.pitch import to_hz, to_midi
from ddsp_tf.inference.pitch_range import soften_range, trained_range_midi
from ddsp_tf.models import Instrument


def test_inside_the_range_nothing_changes() -> None:
    statistics = range_statistics(55.0, 91.0)
    lowest, highest = trained_range_midi(statistics)
    f0_hz = to_hz(np.linspace(lowest, highest, 500)).astype(np.float32)
    np.testing.assert_array_equal(soften_range(f0_hz, statistics), f0_hz)
    np.testing.assert_array_equal(soften_range(f0_hz * 4, None), f0_hz * 4)


def test_beyond_it_pitch_rises_ever_less_and_at_most_three_semitones() -> None:
    statistics = range_statistics(55.0, 91.0)
    lowest, highest = trained_range_midi(statistics)
    midi = np.linspace(20.0, 110.0, 9001)
    read = to_midi(soften_range(to_hz(midi), statistics))
    steps = np.diff(read) / np.diff(midi)
    assert steps.min() > -1e-3
    assert steps.max() < 1.001
    assert np.abs(np.diff(steps)).max() < 0.02  # no kink, which a glide would let hear
    assert read[0] == pytest.approx(lowest - 3.0, abs=0.01)
    assert read[-1] == pytest.approx(highest + 3.0, abs=0.01)


def test_the_pitch_that_is_played_is_not_softened(following: Instrument) -> None:
    play = TimbreTransfer(following, octave=0, semitones=-24.0, reverb=False)
    result = play(tone(300.0, 1.5), RATE)
    middle = result.audio[RATE // 2 : RATE]
    assert abs(cents_between(fundamental_hz(middle, 75.0), 75.0)) < 15
    assert result.report.share_below > 0.9
