"""Voices: who plays which note, what is stolen, what is struck again."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.midi import allocate_voices, read_notes, search_scores


def allocate(*notes, n_voices=2, n_frames=10):
    rows = np.array([[*note, 0.5 + 0.1 * i, 0] for i, note in enumerate(notes)])
    return allocate_voices(rows, n_voices=n_voices, frame_rate=1.0, n_frames=n_frames)


def test_a_note_that_follows_takes_the_voice_that_has_rested_longest():
    voices = allocate((0, 2, 60), (1, 4, 64), (5, 7, 67), (6, 8, 69))
    assert voices.midi[-1].tolist() == [67, 69]
    assert voices.gate[:, 0].tolist() == [1, 1, 0, 0, 0, 1, 1, 0, 0, 0]
    assert voices.gate[:, 1].tolist() == [0, 1, 1, 1, 0, 0, 1, 1, 0, 0]
    # A voice keeps its key while it rings, and is set to its first before it plays.
    assert voices.midi[:, 1].tolist() == [64, 64, 64, 64, 64, 64, 69, 69, 69, 69]
    assert voices.n_stolen == 0


def test_velocity_stands_in_the_frame_of_the_onset_alone():
    voices = allocate((2, 4, 60))
    assert np.flatnonzero(voices.velocity[:, 0]).tolist() == [2]
    assert voices.velocity[2, 0] == pytest.approx(0.5)
    assert not voices.gate[:, 1].any()
    assert set(voices.columns()) == {"midi", "velocity", "gate"}


def test_the_last_note_steals_from_the_one_that_began_first():
    voices = allocate((0, 9, 60), (1, 9, 64), (3, 9, 67))
    assert voices.midi[3].tolist() == [67, 64]
    assert voices.velocity[3].tolist() == pytest.approx([0.7, 0.0])
    assert voices.n_stolen == 1
    single = allocate((0, 9, 60), (3, 5, 72), n_voices=1)
    assert single.midi[:, 0].tolist() == [60] * 3 + [72] * 7
    assert single.gate[:, 0].tolist() == [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]


def test_a_key_struck_again_takes_its_own_voice():
    held = allocate((0, 6, 60), (1, 3, 64), (4, 7, 60))
    assert held.midi[5].tolist() == [60, 64]
    assert np.flatnonzero(held.velocity[:, 0]).tolist() == [0, 4]
    assert held.gate[:, 0].tolist() == [1] * 7 + [0] * 3
    assert held.n_stolen == 0
    ringing = allocate((0, 1, 60), (1, 3, 64), (4, 7, 60))
    assert np.flatnonzero(ringing.velocity[:, 0]).tolist() == [0, 4]


def test_short_and_late_notes():
    voices = allocate((1.2, 1.3, 60), (20, 21, 64))
    assert np.flatnonzero(voices.gate[:, 0]).tolist() == [1]
    assert voices.gate.sum() == 1
    with pytest.raises(ArgumentError, match="`n_voices` should be at least 1"):
        allocate((0, 1, 60), n_voices=0)
    with pytest.raises(ArgumentError, match="Received none"):
        allocate_voices(np.zeros([0, 5]), n_voices=1, frame_rate=1.0, n_frames=3)


def test_a_real_chorale_needs_four_voices(recordings):
    notes = read_notes(recordings / "piano" / "bach_chorales_assembled_1.mid")
    n_frames = int(250 * (notes[:, 1].max() + 1))
    made = {
        n: allocate_voices(notes, n_voices=n, frame_rate=250.0, n_frames=n_frames) for n in (2, 6)
    }
    assert made[6].n_stolen == 0
    # Two parts in unison strike one key.
    struck = {(round(250 * onset_s), key) for onset_s, key in notes[:, [0, 2]].tolist()}
    assert np.count_nonzero(made[6].velocity) == len(struck) > 540
    assert made[2].n_stolen > 50
    # Whatever is held is held at the pitch and for as long as the score says.
    for onset_s, offset_s, key in notes[::7, :3].tolist():
        middle = round(125 * (onset_s + offset_s))
        assert key in made[6].midi[middle][made[6].gate[middle] > 0]


def test_scores_are_found(tmp_path, recordings):
    assert len(search_scores(recordings / "midi").files) == 14
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "A.MID").write_bytes(b"MThd")
    (tmp_path / ".hidden.mid").write_bytes(b"MThd")
    (tmp_path / "notes.txt").write_text("no score")
    found = search_scores(tmp_path)
    assert [path.name for path in found.files] == ["A.MID"]
    assert found.skipped == ["Files that are no scores by their names: 1."]
    assert search_scores(tmp_path / "notes.txt").files == [tmp_path / "notes.txt"]
    with pytest.raises(DatasetError, match="does not exist"):
        search_scores(tmp_path / "missing")
    (tmp_path / "deep" / "A.MID").unlink()
    with pytest.raises(DatasetError, match="holds no MIDI file"):
        search_scores(tmp_path)


def test_as_many_voices_as_are_wanted():
    cluster = [(i, 40, 40 + i) for i in range(36)]
    all_heard = allocate(*cluster, n_voices=36, n_frames=50)
    assert all_heard.n_stolen == 0
    assert all_heard.gate[38].sum() == 36
    sixteen = allocate(*cluster, n_voices=16, n_frames=50)
    assert sixteen.n_stolen == 20
    assert sorted(sixteen.midi[38].tolist()) == list(range(60, 76))
