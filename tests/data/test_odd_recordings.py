"""Recordings as they come: offsets, cancelled channels, takes too loud, strange names and files."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recorded_sounds import tone

from ddsp_tf.audio import read_audio
from ddsp_tf.data import Dataset, PrepareReport, PrepareSettings, prepare
from ddsp_tf.data.common_level import at_gain, common_gain_db
from ddsp_tf.data.recording import Recording, from_pcm
from ddsp_tf.features import Features, FeatureSettings, columns_of

sys.path.append(str(Path(__file__).parents[1] / "audio"))
from phone_files import write_phone_file

RATE = 16000


@pytest.fixture(autouse=True)
def _no_picture(monkeypatch):
    monkeypatch.setattr(PrepareReport, "save_figure", lambda self, path: None)


def settings(**others) -> PrepareSettings:
    return PrepareSettings(features=FeatureSettings(), eval_fraction=0.0, **others)


def prepared(folder: Path, **others) -> tuple[PrepareReport, dict[str, np.ndarray]]:
    output = folder.parent / "dataset"
    report = prepare(folder, output, settings=settings(**others), n_workers=1, overwrite=True)
    stored: dict[str, np.ndarray] = {}
    for name, audio, _ in Dataset.open(output).recordings("train"):
        stored[name] = np.concatenate([stored.get(name, audio[:0]), audio])
    return report, stored


def warned_of(report: PrepareReport, words: str) -> bool:
    return any(words in warning for warning in report.warnings)


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def test_an_offset_hides_no_silence_and_is_not_learnt(folder):
    gap = np.zeros(3 * RATE, np.float32)
    played = np.concatenate([tone(2.0), gap, tone(2.0, f0_hz=330)])
    soundfile.write(folder / "a.wav", played, RATE)
    without, clean = prepared(folder)
    soundfile.write(folder / "a.wav", played + 0.02, RATE)
    report, stored = prepared(folder)
    recording, expected = report.recordings["a.wav"], without.recordings["a.wav"]
    assert recording.segments == expected.segments
    assert len(recording.segments) == 2
    assert recording.measures["loud_db"] == pytest.approx(expected.measures["loud_db"], abs=0.01)
    assert recording.measures["silent_share"] == expected.measures["silent_share"]
    np.testing.assert_allclose(stored["a.wav"], clean["a.wav"], atol=2e-4)
    assert warned_of(report, "`a.wav` had a constant offset (DC) of -34 dBFS")
    assert not warned_of(without, "offset")


def test_opposite_channels_train_on_the_sound(folder):
    y = tone(3.0)
    soundfile.write(folder / "a.wav", np.stack([y, -y], 1), RATE)
    report, stored = prepared(folder)
    np.testing.assert_allclose(stored["a.wav"][: len(y)], y, atol=1e-4)
    assert warned_of(report, "`a.wav` has channels of opposite polarity")
    assert "opposite polarity" in report.text()


def test_takes_20_db_apart_stay_so_and_loud_floats_are_not_clipped(folder):
    soundfile.write(folder / "forte.wav", tone(2.0, amplitude=4.0), RATE, subtype="FLOAT")
    soundfile.write(folder / "piano.wav", tone(2.0, amplitude=0.4), RATE, subtype="FLOAT")
    report, stored = prepared(folder)
    levels = [20 * np.log10(np.std(stored[name])) for name in ("forte.wav", "piano.wav")]
    assert levels[0] - levels[1] == pytest.approx(20.0, abs=0.02)
    measures = {name: rec.measures for name, rec in report.recordings.items()}
    for name in ("peak_db", "loud_db"):
        assert measures["forte.wav"][name] - measures["piano.wav"][name] == pytest.approx(
            20.0, abs=0.1
        )
    loudness = [
        np.median(report.recordings[n].features.loudness_db) for n in ("forte.wav", "piano.wav")
    ]
    assert loudness[0] - loudness[1] == pytest.approx(20.0, abs=0.1)
    assert all(of["clipped_share"] == 0.0 for of in measures.values())
    (gain_db,) = {rec.source["gain_db"] for rec in report.recordings.values()}
    assert gain_db == pytest.approx(-20 * np.log10(4.0), abs=0.01)
    assert warned_of(report, "turned down by 12 dB, because `forte.wav` exceeds full scale")


def test_loudness_at_a_lower_gain_is_that_of_softer_sound():
    columns = columns_of(FeatureSettings())
    pcm = np.round(20000 * np.sin(np.arange(640))).astype(np.int16)
    loudness = np.linspace(-80.0, 0.0, 10)
    features = Features(np.full(10, 220.0), np.ones(10), loudness)
    recording = Recording(
        n_frames=10,
        features=features,
        segments=[(0, 10)],
        measures={"peak_db": -4.0, "loud_db": -7.0, "silent_share": 0.0},
        source={"gain_db": -2.0},
        samples={"audio": pcm},
    )
    assert common_gain_db([recording]) == -2.0
    assert at_gain(recording, -2.0, columns) is recording
    softer = at_gain(recording, -8.0, columns)
    np.testing.assert_allclose(
        softer.features.loudness_db, np.maximum(loudness - 6, -80), atol=1e-5
    )
    np.testing.assert_array_equal(softer.features.f0_hz, features.f0_hz)
    np.testing.assert_allclose(
        from_pcm(softer.samples["audio"]), from_pcm(pcm) * 10 ** (-6 / 20), atol=1.6e-5
    )
    assert softer.measures == {"peak_db": -10.0, "loud_db": -13.0, "silent_share": 0.0}


def test_a_name_that_is_no_utf_8_spoils_nothing(folder):
    soundfile.write(folder / "good.wav", tone(2.0), RATE)
    strange = Path(os.fsdecode(os.fsencode(folder) + b"/take_\xe9.wav"))
    strange.write_bytes((folder / "good.wav").read_bytes()[:-2] + b"\x01\x00")
    broken = Path(os.fsdecode(os.fsencode(folder) + b"/broken_\xff.wav"))
    broken.write_text("no sound")
    report, stored = prepared(folder)
    assert sorted(stored) == ["good.wav", "take_\\xe9.wav"]
    assert "broken_\\xff.wav` is not audio" in report.failed["broken_\\xff.wav"]
    description = json.loads((folder.parent / "dataset" / "dataset.json").read_text())
    for text in (report.text(), json.dumps(description, ensure_ascii=False)):
        assert text.encode("utf-8")


def test_what_nobody_foresaw_ends_one_file_alone(folder, monkeypatch):
    from ddsp_tf.audio import sndfile_reader
    from ddsp_tf.data.sources import recordings

    for name in ("a.wav", "b.wav", "c.wav"):
        soundfile.write(folder / name, tone(2.0, f0_hz=200 + ord(name[0])), RATE)
    find_parts, analyse_file = sndfile_reader.find_parts, recordings.analyse_file

    def fail_to_open(path):
        if path.name == "b.wav":
            raise ZeroDivisionError("a header of zeros")
        return find_parts(path)

    def fail_to_analyse(path, *args, **options):
        if path.name == "c.wav":
            raise RuntimeError("a tracker gave up")
        return analyse_file(path, *args, **options)

    monkeypatch.setattr(sndfile_reader, "find_parts", fail_to_open)
    monkeypatch.setattr(recordings, "analyse_file", fail_to_analyse)
    report, stored = prepared(folder)
    assert list(stored) == ["a.wav"]
    assert "b.wav` cannot be read: a header of zeros (ZeroDivisionError)" in report.failed["b.wav"]
    assert "c.wav` could not be analysed: a tracker gave up" in report.failed["c.wav"]


def test_phones_files_are_prepared_and_what_is_no_audio_is_listed(folder):
    write_phone_file(folder / "memo.m4a", tone(3.0, sample_rate=44100), 44100, "aac")
    (folder / "notes.txt").write_text("bring the good microphone")
    (folder / "gone.wav").symlink_to(folder / "nothing.wav")
    report, stored = prepared(folder)
    assert report.recordings["memo.m4a"].source["seconds"] == 3.0
    assert report.recordings["memo.m4a"].source["format"] == "MOV AAC"
    audio, _ = read_audio(folder / "memo.m4a", sample_rate=RATE)
    np.testing.assert_allclose(stored["memo.m4a"][: len(audio)], audio, atol=0.5 / 32767)
    text = report.text()
    assert "gone.wav` is a link to nothing." in text
    assert "Files that are no audio by their names: 1 .txt." in text
    assert not warned_of(report, ".txt")


def test_joined_files_are_told(folder):
    soundfile.write(folder / "a.flac", tone(2.0), RATE)
    content = (folder / "a.flac").read_bytes()
    (folder / "a.flac").write_bytes(content + content)
    report, stored = prepared(folder)
    assert len(stored["a.flac"]) == 4 * RATE
    assert report.recordings["a.flac"].source["seconds"] == 4.0
    assert warned_of(report, "`a.flac` is 2 recordings joined end to end; all of them were read.")
