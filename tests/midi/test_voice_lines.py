"""Notes that sound together, as lines of one note at a time."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.midi import most_together, read_notes, split_voices, top_line


def notes(*rows):
    return np.array([[*row, 0.5, 0] for row in rows], np.float64)


def keys(lines):
    return [line[:, 2].tolist() for line in lines.lines]


def test_the_top_line_of_chords_and_slurs():
    chord = notes((0, 1, 60), (0.01, 1, 64), (0.0, 1, 67), (0.5, 0.9, 48))
    assert top_line(chord)[:, :3].tolist() == [[0, 1, 67]]
    broken = notes((0, 2, 60), (0.5, 1, 64), (1.5, 2, 62))
    assert top_line(broken)[:, :3].tolist() == [[0, 0.5, 60], [0.5, 1, 64], [1.5, 2, 62]]
    slurred = notes((0, 1.05, 67), (1, 2, 60))
    assert top_line(slurred)[:, :3].tolist() == [[0, 1, 67], [1, 2, 60]]


def test_voices_do_not_cross_and_a_melody_stays_in_its_voice():
    parts = notes((0, 1, 48), (0, 1, 60), (1, 2, 50), (1, 2, 59), (2, 3, 62), (3, 4, 64))
    assert keys(split_voices(parts, n_voices=4)) == [[48, 50], [60, 59, 62, 64]]
    # A slur of 50 ms needs no second voice, a chord does.
    assert most_together(notes((0, 1.05, 60), (1, 2, 62))) == 1
    assert most_together(notes((0, 1, 60), (0.02, 1, 62))) == 2
    assert most_together(notes((0, 1.2, 60), (1, 2, 62))) == 2
    assert most_together(notes((0, 0.05, 60), (0, 0.05, 64), (0.05, 0.1, 62))) == 2


def test_stealing_and_striking_again():
    held = split_voices(notes((0, 9, 60), (1, 9, 64), (3, 9, 67)), n_voices=2)
    assert held.n_stolen == 1
    assert [line[:, 1].tolist() for line in held.lines] == [[3, 9], [9]]
    again = split_voices(notes((0, 6, 60), (1, 9, 64), (4, 7, 60)), n_voices=3)
    assert keys(again) == [[60, 60], [64]]
    assert again.lines[0][:, 1].tolist() == [4, 7]


def test_a_chord_of_all_keys_plays_the_top_ones():
    everything = notes(*[(0, 1, key) for key in range(128)])
    lines = split_voices(everything, n_voices=16)
    assert sorted(line[0, 2] for line in lines.lines) == list(range(112, 128))
    assert (lines.n_left_out, lines.n_stolen) == (112, 0)
    assert most_together(everything) == 128


def test_a_chorale_comes_apart_into_its_parts(recordings):
    score = read_notes(recordings / "piano" / "bach_chorales_assembled_1.mid")
    lines = split_voices(score, n_voices=most_together(score))
    assert 4 <= len(lines.lines) <= 6
    assert (lines.n_stolen, lines.n_left_out) == (0, 0)
    assert len(lines.notes) == len(score)
    for line in lines.lines:
        assert (line[1:, 0] >= line[:-1, 1] - 1e-9).all()
    # Singers move by steps: by less than a third in the mean, where notes by chance go a tenth.
    steps = np.concatenate([np.abs(np.diff(line[:, 2])) for line in lines.lines])
    assert steps.mean() < 4.0


def test_no_voice_and_no_note():
    with pytest.raises(ArgumentError, match="`n_voices` should be at least 1"):
        split_voices(notes((0, 1, 60)), n_voices=0)
    with pytest.raises(ArgumentError, match="Received none"):
        split_voices(np.zeros([0, 5]), n_voices=1)
