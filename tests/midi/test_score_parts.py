"""Who plays what of a score, the pedal, note columns, and MIDI files that are written."""

import numpy as np
import pytest
from midi_toys import named, off, on, save

from ddsp_tf.errors import ArgumentError, OutputError, ScoreFileError
from ddsp_tf.midi import (
    choose_parts,
    note_columns,
    read_notes,
    read_score,
    sustained,
    write_notes,
)


@pytest.fixture
def quartet(tmp_path):
    names = ("Violin I", "Violin II", "Viola", "Cello")
    tracks = [
        [named(name), on(72 - 7 * i, channel=i), off(72 - 7 * i, 480, channel=i)]
        for i, name in enumerate(names)
    ]
    drums = [on(36, channel=9), off(36, 480, channel=9)]
    return read_score(save(tmp_path / "quartet.mid", *tracks, drums))


def numbers(chosen):
    return [[part.number for part in parts] for parts in chosen]


def test_instruments_without_a_choice_share_the_parts_in_order(quartet):
    assert numbers(choose_parts(quartet, [None] * 4)) == [[1], [2], [3], [4]]
    # One alone takes all, but for the drums.
    assert numbers(choose_parts(quartet, [None])) == [[1, 2, 3, 4]]
    assert numbers(choose_parts(quartet, ["4", None])) == [[4], [1, 2, 3]]
    assert numbers(choose_parts(quartet, ["violin ii", None, None, None])) == [[2], [1], [3], [4]]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ("2", [2]),
        ("1,3", [1, 3]),
        ("2-4", [2, 3, 4]),
        ("1,3-5", [1, 3, 4, 5]),
        ("Viola", [3]),
        ("violin", [1, 2]),
        ("Violin I", [1]),
        ("track 2", [2]),
        ("channel10", [5]),
    ],
)
def test_choices(quartet, choice, found):
    assert numbers(choose_parts(quartet, [choice])) == [found]


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (["7"], "has no part `7`"),
        (["oboe"], "has no part `oboe`"),
        ([None, None], "has 4 parts for 2 instruments"),
        (["1-5", None], "one has none"),
    ],
)
def test_what_does_not_go_round_is_refused_with_the_parts(quartet, choices, words):
    with pytest.raises(ScoreFileError, match=words) as error:
        choose_parts(quartet, choices)
    assert "3: Viola (track 3, channel 3), 1 note" in str(error.value)


def test_the_pedal_holds_notes_until_it_rises_or_their_key_is_struck_again():
    notes = np.array(
        [[0, 0.5, 60, 1, 0], [1, 1.5, 64, 1, 0], [2, 2.5, 60, 1, 0], [1, 1.5, 64, 1, 1]]
    )
    pedal = {0: np.array([[0.4, 1.0], [3.0, 0.2], [5.0, 1.0]])}
    assert sustained(notes, pedal)[:, 1].tolist() == [2.0, 3.0, 3.0, 1.5]
    assert sustained(notes, {})[:, 1].tolist() == notes[:, 1].tolist()
    # Down after the release: nothing; down for good: until all is over.
    late = {0: np.array([[0.6, 1.0]])}
    assert sustained(notes, late)[:, 1].tolist() == [0.5, 2.5, 2.5, 1.5]
    # A key that is held is not cut by being struck again.
    held = np.array([[0, 3, 60, 1, 0], [1, 2, 60, 1, 0]])
    assert sustained(held, {0: np.array([[0.0, 1.0], [4.0, 0.0]])})[:, 1].tolist() == [3.0, 4.0]


def test_note_columns_say_what_a_performer_knows():
    line = np.array([[0.1, 0.3, 60, 0.5, 0], [0.3, 0.42, 62, 1.0, 0], [0.6, 0.6, 64, 0.2, 0]])
    pedal = np.array([[0.25, 1.0], [0.5, 0.0]])
    found = note_columns(line, frame_rate=10.0, n_frames=8, pedal=pedal)
    assert found.midi.tolist() == [60, 60, 60, 62, 62, 62, 64, 64]
    assert found.gate.tolist() == [0, 1, 1, 1, 0, 0, 1, 0]
    assert found.onset.tolist() == [0, 1, 0, 1, 0, 0, 1, 0]
    assert found.offset.tolist() == [0, 0, 0, 0, 1, 0, 0, 1]
    assert found.pedal.tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    np.testing.assert_allclose(found.age_s, [0, 0, 0.1, 0, 0.1, 0.2, 0, 0.1], atol=1e-6)
    columns = found.columns()
    assert {x.shape for x in columns.values()} == {(8, 1)}
    assert set(columns) == {"midi", "velocity", "onset", "offset", "age_s", "gate", "pedal"}


def test_notes_that_are_written_are_read_again(tmp_path):
    rows = np.array([[0.1234, 0.5, 60, 0.5, 0], [0.5, 0.9, 60, 1.0, 3], [0.5, 0.7, 72, 0.01, 0]])
    write_notes(tmp_path / "a.mid", rows, name="Air für Geige")
    again = read_notes(tmp_path / "a.mid")
    np.testing.assert_allclose(again[:, :3], rows[:, :3], atol=6e-4)
    np.testing.assert_allclose(again[:, 3], [64 / 127, 1, 1 / 127], atol=1e-6)
    assert read_score(tmp_path / "a.mid").parts[0].name == "Air für Geige"
    with pytest.raises(OutputError, match="exists"):
        write_notes(tmp_path / "a.mid", rows)
    for wrong, words in (
        (rows[:0], "got shape"),
        (rows - np.array([1, 0, 0, 0, 0]), "begin at 0"),
        (rows + np.array([0, 0, 100, 0, 0]), "keys from 0 to 127"),
    ):
        with pytest.raises(ArgumentError, match=words):
            write_notes(tmp_path / "b.mid", wrong)
    assert not (tmp_path / "b.mid").exists()
