"""Recordings with scores: what fits, how much beside, and what is refused."""

import shutil
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from ddsp_tf.data import Dataset, PrepareSettings, prepare
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import FeatureSettings

RATE = 16000
KEYS = [60, 64, 67, 62, 65, 69, 64, 67, 72, 60, 65, 71, 62, 67, 59, 60]
SETTINGS = PrepareSettings(features=FeatureSettings(columns=("loudness_db",)))


def play(keys, *, start_s: float = 0.0, note_s: float = 0.4) -> np.ndarray:
    """Decaying tones, one after another."""
    time_s = np.arange(round(note_s * RATE)) / RATE
    notes = [
        np.sum(
            [
                np.sin(2 * np.pi * k * 440 * 2 ** ((key - 69) / 12) * time_s) / k
                for k in range(1, 5)
            ],
            axis=0,
        )
        * np.exp(-3 * time_s)
        for key in keys
    ]
    return 0.2 * np.concatenate([np.zeros(round(start_s * RATE)), *notes])


def write_midi(path: Path, keys, *, note_s: float = 0.4, start_s: float = 0.0) -> None:
    file = mido.MidiFile(ticks_per_beat=1000)
    track = mido.MidiTrack()
    file.tracks.append(track)
    ticks = round(note_s * 2000)  # Half a second a quarter note.
    wait = round(start_s * 2000)
    for key in keys:
        track.append(mido.Message("note_on", note=key, velocity=100, time=wait))
        track.append(mido.Message("note_off", note=key, time=ticks))
        wait = 0
    file.save(path)


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    for name, keys in (("one", KEYS), ("two", KEYS[::-1])):
        soundfile.write(folder / f"{name}.wav", play(keys, start_s=0.1), RATE)
        write_midi(folder / f"{name}.mid", keys)
    return folder


def test_scores_are_found_and_their_offset_is_measured(songs, tmp_path):
    report = prepare(songs, tmp_path / "out", settings=SETTINGS, n_workers=1)
    assert report.settings.source == "scores"
    for name in ("one.wav", "two.wav"):
        measures = report.recordings[name].measures
        assert measures["offset_ms"] == pytest.approx(100, abs=16)
        assert measures["fit_db"] > 10
    assert "In 2 of 2 recordings the notes aren't heard where the score has them" in report.text()
    assert "offset: how much later" in report.text()
    dataset = Dataset.open(tmp_path / "out")
    assert list(dataset.columns) == ["audio", "loudness_db", "notes"]
    _, batch = next(dataset.segments("train"))
    np.testing.assert_allclose(batch["notes"][0, :3, 0], [0.0, 0.4, 0.8], atol=2e-3)
    np.testing.assert_allclose(batch["notes"][0, :, 3], 100 / 127, atol=1e-5)


def test_notes_are_moved_to_where_they_are_heard_on_request(songs, tmp_path):
    settings = PrepareSettings(features=SETTINGS.features, compensate_delay=True)
    report = prepare(songs, tmp_path / "out", settings=settings, n_workers=1)
    assert "The notes were moved" in report.text()
    _, batch = next(Dataset.open(tmp_path / "out").segments("train"))
    np.testing.assert_allclose(batch["notes"][0, :3, 0], [0.1, 0.5, 0.9], atol=0.016)


def test_recordings_of_which_only_some_have_scores_are_recordings(songs, tmp_path):
    (songs / "two.mid").unlink()
    report = prepare(songs, tmp_path / "out", settings=SETTINGS, n_workers=1)
    assert report.settings.source == "recordings"
    assert "1 of 2 recordings have a MIDI file of their name" in report.text()
    settings = PrepareSettings(features=SETTINGS.features, source="scores")
    report = prepare(songs, tmp_path / "scores", settings=settings, n_workers=1)
    assert list(report.recordings) == ["one.wav"]
    assert "no `two.mid` or `two.notes.csv` lies beside it" in report.failed["two.wav"]
    (songs / "one.mid").unlink()
    with pytest.raises(DatasetError, match="No recording has a score"):
        prepare(songs, tmp_path / "none", settings=settings)


def test_scores_that_do_not_fit_are_refused_with_the_reason(songs, tmp_path):
    def add(name: str, score) -> None:
        soundfile.write(songs / f"{name}.wav", play(KEYS) * (1 + len(name) / 100), RATE)
        score(songs / f"{name}.mid")

    good = (songs / "one.mid").read_bytes()
    add("text", lambda path: path.write_text("not a score"))
    add("cut", lambda path: path.write_bytes(good[: len(good) // 2]))
    add("empty", lambda path: write_midi(path, []))
    add("transposed", lambda path: write_midi(path, [key + 1 for key in KEYS]))
    add("longer", lambda path: write_midi(path, KEYS * 2))
    add("slower", lambda path: write_midi(path, KEYS, note_s=0.415))
    report = prepare(songs, tmp_path / "out", settings=SETTINGS, n_workers=1)
    assert sorted(report.recordings) == ["one.wav", "two.wav"]
    for name, reason in {
        "text": "is not a MIDI file",
        "cut": "is truncated",
        "empty": "holds no notes",
        "transposed": "1 semitones lower than the score has them",
        "longer": "has notes up to 12.4 s, but",
        "slower": "runs away from",
    }.items():
        assert reason in report.failed.pop(f"{name}.wav")
    assert not report.failed


@pytest.mark.parametrize(
    ("name", "least_fit_db"),
    [
        ("piano/bach_chorales_assembled_1", 10),
        pytest.param("rendered/trumpet_rendered", 20, marks=pytest.mark.slow),
    ],
)
def test_real_music_fits_its_own_score_alone(recordings, tmp_path, name, least_fit_db):
    folder = tmp_path / "in"
    folder.mkdir()
    for suffix in (".flac", ".mid"):
        shutil.copy(recordings / f"{name}{suffix}", folder / f"right{suffix}")
    shutil.copy(folder / "right.flac", folder / "wrong.flac")
    audio, rate = soundfile.read(folder / "right.flac")
    soundfile.write(folder / "wrong.flac", 0.9 * audio[: 40 * rate], rate)
    shutil.copy(recordings / "midi" / "oneill_001.mid", folder / "wrong.mid")
    report = prepare(folder, tmp_path / "out", settings=SETTINGS, n_workers=1)
    measures = report.recordings["right.flac"].measures
    assert measures["fit_db"] > least_fit_db
    assert abs(measures["offset_ms"]) < 50
    assert "doesn't fit" in report.failed["wrong.flac"]
