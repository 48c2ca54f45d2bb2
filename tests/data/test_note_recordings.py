"""Recordings of single notes as examples."""

import numpy as np
import pytest

from ddsp_tf.data import Generated
from ddsp_tf.data.note_recordings import NoteRecordings
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings

SETTINGS = FeatureSettings(columns=())


@pytest.fixture(scope="module")
def folder(recordings):
    return recordings / "piano" / "notes"


def test_an_example_is_a_note_from_its_onset_on(folder):
    notes = NoteRecordings(folder, keys=[60, 72], dynamics=["MF"], n_voices=2)
    made = notes(np.random.default_rng(0), 250, SETTINGS)
    key = int(made["midi"][0, 0])
    assert key in (60, 72)
    voice = int(made["velocity"][0].argmax())
    assert made["velocity"].sum() == pytest.approx(0.63)
    assert made["gate"][:, voice].min() == 1.0
    assert made["gate"][:, 1 - voice].max() == 0.0
    assert np.abs(made["audio"][:200]).max() > 0.01
    np.testing.assert_array_equal(made["audio"], notes.sound(key, "MF", 16000)[:16000])
    long = notes(np.random.default_rng(0), 1500, SETTINGS)
    assert not long["audio"][66_000:].any()


def test_it_is_a_source_of_batches(folder):
    source = Generated(NoteRecordings(folder, n_voices=3), features=SETTINGS)
    batch = next(iter(source.batches(batch_size=8, clip_s=0.5, seed=3)))
    assert {key: tuple(x.shape) for key, x in batch.items()} == {
        "audio": (8, 8000),
        **{key: (8, 125, 3) for key in ("midi", "velocity", "gate")},
    }
    assert len(set(batch["midi"].numpy()[:, 0, 0])) > 2
    assert (
        len({0.25, 0.5, 0.63, 0.95} - set(np.round(batch["velocity"].numpy().max((1, 2)), 2))) < 3
    )


def test_what_is_not_there_is_said(folder, tmp_path):
    with pytest.raises(DatasetError, match="holds no recording of 61 such as"):
        NoteRecordings(folder, keys=[60, 61])
    with pytest.raises(DatasetError, match="holds no recording of any such as"):
        NoteRecordings(tmp_path)
    with pytest.raises(DatasetError, match="There is no folder"):
        NoteRecordings(tmp_path / "missing")
    with pytest.raises(ArgumentError, match="`n_voices`"):
        NoteRecordings(folder, n_voices=0)
