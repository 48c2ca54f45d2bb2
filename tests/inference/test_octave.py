"""The octave is where the instrument plays best, without a bias upwards."""

import numpy as np
import pytest

from ddsp_tf.inference import choose_octave

VIOLIN = np.linspace(55.0, 91.0, 101)


def choose(midi: np.ndarray | float, quantiles: np.ndarray = VIOLIN) -> int:
    melody = np.atleast_1d(np.asarray(midi, float))
    return choose_octave(melody, quantiles, lowest_midi=quantiles[0], highest_midi=quantiles[-1])


@pytest.mark.parametrize("octaves", [-3, -2, -1, 0, 1, 2, 3])
def test_a_melody_at_home_is_moved_back_from_any_octave(octaves: int) -> None:
    home = np.linspace(67, 79, 200)
    assert choose(home - 12 * octaves) == octaves


@pytest.mark.parametrize("offset", [-5.5, -3.0, -0.1, 0.1, 3.0, 5.5])
def test_a_melody_less_than_half_an_octave_off_stays(offset: float) -> None:
    """The predecessor's rule moves a melody that is 0.1 semitones too low up by an octave."""
    assert choose(np.linspace(67, 79, 200) + offset) == 0


def test_the_choice_is_symmetric() -> None:
    """Mirrored melodies are moved by the same number of octaves, down instead of up."""
    middle = (VIOLIN[0] + VIOLIN[-1]) / 2
    for offset in np.linspace(-40, 40, 33):
        if abs(offset / 12 % 1 - 0.5) < 0.01:
            continue  # Half an octave off: a tie goes to the smaller shift.
        assert choose(middle + offset) == -choose(middle - offset)


def test_a_wide_melody_is_not_pushed_off_the_end_of_the_instrument() -> None:
    """The mean asks for one octave up; that would put a third of the notes above the range."""
    narrow = np.linspace(60.0, 80.0, 101)
    melody = np.concatenate([np.full(70, 60.0), np.full(30, 79.0)])
    assert 12 * round((narrow.mean() - 60.0) / 12) == 12
    assert choose(melody, narrow) == 0


def test_no_notes_no_shift() -> None:
    assert choose(np.zeros(0)) == 0
