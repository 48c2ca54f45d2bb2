"""Recordings with scores as examples, and mixtures of generators."""

import numpy as np
import pytest

from ddsp_tf.data import Generated
from ddsp_tf.data.mixture import Mixture
from ddsp_tf.data.note_recordings import NoteRecordings
from ddsp_tf.data.scored_recordings import ScoredRecordings
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings

SETTINGS = FeatureSettings(columns=())


@pytest.fixture(scope="module")
def music(recordings):
    return recordings / "piano" / "bach_chorales_assembled_1.flac"


def test_keys_are_heard_where_they_are_struck(music):
    source = ScoredRecordings([music], n_voices=6)
    part = source.part(music, 0, 250, SETTINGS)
    assert {key: x.shape for key, x in part.items()} == {
        "audio": (16000,),
        **{key: (250, 6) for key in ("midi", "velocity", "gate")},
    }
    onset = int(np.argmax(part["velocity"].max(axis=1) > 0))
    first = int(np.argmax(np.abs(part["audio"]) > 0.005))
    assert abs(onset * 64 - first) < 160
    end = source.part(music, len(source.columns(music, SETTINGS)["midi"]) - 10, 50, SETTINGS)
    assert not end["audio"][640:].any()
    assert not end["gate"][10:].any()
    assert (end["midi"] >= 21).all()


def test_parts_end_where_they_are_told_to(music):
    source = ScoredRecordings([music], n_voices=6, until_s=3.0, gain_db=6.0)
    whole = source.columns(music, SETTINGS)
    chance = np.random.default_rng(0)
    heard = [source(chance, 250, SETTINGS)["audio"] for _ in range(5)]
    for audio in heard:
        start = np.flatnonzero(whole["audio"][:48000] == audio[0])
        assert any(np.array_equal(whole["audio"][s : s + 16000], audio) for s in start)


def test_every_so_many_th_note_is_left_out_and_levels_follow_velocity(recordings):
    folder = recordings / "piano" / "notes"
    notes = NoteRecordings(folder, leave_out_every=4, start_s=0.5, velocity_exponent=1.0)
    assert len(notes.left_out) == 6
    assert len(notes.taken) == 18
    assert {dynamic for _, dynamic in notes.left_out} == {"PP", "MP", "MF", "FF"}
    assert not set(notes.left_out) & set(notes.taken)
    chance = np.random.default_rng(0)
    struck = set()
    for _ in range(100):
        made = notes(chance, 130, SETTINGS)
        struck.add((int(made["midi"][0, 0]), round(float(made["velocity"].max()), 2)))
    assert not {(60, 0.25), (48, 0.95)} & struck
    soft = notes.example(60, "PP", 250, SETTINGS)["audio"]
    assert not soft[:8000].any()
    np.testing.assert_allclose(soft[8000:], 0.25 * notes.sound(60, "PP", 16000)[:8000], rtol=1e-5)
    with pytest.raises(ArgumentError, match="`leave_out_every` at least 2"):
        NoteRecordings(folder, leave_out_every=1)


def test_a_mixture_chooses_and_makes_batches(recordings, music):
    notes = NoteRecordings(recordings / "piano" / "notes", keys=[60], n_voices=4)
    mixture = Mixture([notes, ScoredRecordings([music], n_voices=4)], [1, 1])
    batch = next(iter(Generated(mixture, features=SETTINGS).batches(batch_size=6, clip_s=0.5)))
    at_start = batch["velocity"].numpy()[:, 0].max(axis=1) > 0
    assert 0 < at_start.sum() < 6
    with pytest.raises(ArgumentError, match="the same columns"):
        Mixture([notes, lambda random, n_frames, settings: {}])
    with pytest.raises(ArgumentError, match="a number above 0 for each"):
        Mixture([notes], [1, 2])


def test_what_is_missing_is_said(recordings, music, tmp_path):
    with pytest.raises(DatasetError, match=r"no file `055_FF.mid`"):
        ScoredRecordings([recordings / "piano" / "notes" / "055_FF.flac"])
    with pytest.raises(DatasetError, match=r"no file `song.wav`"):
        ScoredRecordings([tmp_path / "song.wav"])
    with pytest.raises(ArgumentError, match="hold a file"):
        ScoredRecordings([])
