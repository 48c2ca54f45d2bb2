"""Tables of notes: what is read, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.errors import ScoreFileError
from ddsp_tf.midi import find_score, read_note_table, read_notes

HEADER = "start_s,end_s,midi_pitch"


def table(folder: Path, text: str) -> Path:
    path = folder / "air.notes.csv"
    path.write_text(text)
    return path


def test_notes_are_sorted_and_other_columns_passed_over(tmp_path: Path) -> None:
    path = table(tmp_path, f"{HEADER},velocity,who\n1,2,60,0.5,a\n0.5,1,64,1,b\n3,3,60,1,c\n\n")
    notes = read_notes(path)
    assert notes.tolist() == [[0.5, 1.0, 64.0, 1.0, 0.0], [1.0, 2.0, 60.0, 0.5, 0.0]]


def test_velocities_that_are_not_there_are_not_known(tmp_path: Path) -> None:
    assert np.isnan(read_note_table(table(tmp_path, f"{HEADER}\n0,1,60\n"))[:, 3]).all()


def test_a_table_is_the_score_of_the_recording_beside_it_unless_there_is_midi(
    tmp_path: Path,
) -> None:
    path = table(tmp_path, f"{HEADER}\n0,1,60\n")
    assert find_score(tmp_path / "air.wav") == path
    (tmp_path / "air.mid").write_bytes(b"MThd")
    assert find_score(tmp_path / "air.wav") == tmp_path / "air.mid"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks start_s, end_s, midi_pitch. It has nothing"),
        ("start_s,midi_pitch\n0,60\n", "lacks end_s"),
        (f"{HEADER}\n", "holds no notes"),
        (f"{HEADER}\n0,one,60\n", "line 2: start_s, end_s, midi_pitch should be numbers"),
        (f"{HEADER}\n0,1\n", "should be numbers. Got `0,1`"),
        (f"{HEADER}\n2,1,60\n", "One is from 2 to 1 s, key 60"),
        (f"{HEADER}\n0,1,200\n", "key 200"),
        (f"{HEADER},velocity\n0,1,60,90\n", "velocity 90"),
        (f"{HEADER}\n0,nan,60\n", "not a finite number"),
    ],
)
def test_what_is_no_table_of_notes_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScoreFileError) as refused:
        read_note_table(table(tmp_path, text))
    assert message in str(refused.value)


def test_a_missing_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScoreFileError, match="can't be read: No such file"):
        read_note_table(tmp_path / "none.notes.csv")
