"""Public data sets: small ones in the exact formats, as their makers describe them."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from recorded_sounds import tone

from ddsp_tf.data import Dataset, PrepareReport, PrepareSettings, prepare
from ddsp_tf.data.labels import Labels
from ddsp_tf.data.public_records import unpack_records
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings

NOTES = (
    ("bass_synthetic_033-022-050", "bass_synthetic_033", "bass", "synthetic", 45, 50),
    ("flute_acoustic_002-077-100", "flute_acoustic_002", "flute", "acoustic", 77, 100),
    ("flute_acoustic_002-080-100", "flute_acoustic_002", "flute", "acoustic", 80, 100),
)
FAMILIES = ["bass", "brass", "flute"]
INSTRUMENTS = ["bass_synthetic_033", "brass_acoustic_000", "flute_acoustic_002"]


def sound(pitch: int, seconds: float = 1.5) -> np.ndarray:
    return tone(seconds, f0_hz=440.0 * 2.0 ** ((pitch - 69) / 12)).astype(np.float32)


def feature(value: object) -> tf.train.Feature:
    values = value if isinstance(value, list | np.ndarray) else [value]
    if isinstance(values[0], str):
        encoded = [text.encode() for text in values]
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=encoded))
    if isinstance(values[0], bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
    if isinstance(values[0], int | np.integer):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Feature(float_list=tf.train.FloatList(value=values))


def write(path: Path, examples: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            content = {key: feature(value) for key, value in example.items()}
            record = tf.train.Example(features=tf.train.Features(feature=content))
            writer.write(record.SerializeToString())


def nsynth(folder: Path) -> Path:
    """NSynth as `nsynth-valid.jsonwav.tar.gz` unpacks."""
    (folder / "audio").mkdir(parents=True)
    described = {}
    for index, (note, instrument, family, source, pitch, velocity) in enumerate(NOTES):
        soundfile.write(folder / "audio" / f"{note}.wav", sound(pitch), 16000)
        described[note] = {
            "note": 201034 + index, "note_str": note, "instrument": 417, "sample_rate": 16000,
            "instrument_str": instrument, "pitch": pitch, "velocity": velocity,
            "qualities": [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], "qualities_str": ["dark"],
            "instrument_family": 0, "instrument_family_str": family, "instrument_source": 2,
            "instrument_source_str": source,
        }  # fmt: skip
    (folder / "examples.json").write_text(json.dumps(described))
    return folder


def nsynth_records(folder: Path) -> Path:
    """NSynth's own TFRecords."""
    write(
        folder / "nsynth-valid.tfrecord",
        [
            {
                "note": 201034, "note_str": note, "instrument": 417, "instrument_str": instrument,
                "pitch": pitch, "velocity": velocity, "sample_rate": 16000, "audio": sound(pitch),
                "qualities": [0, 1, 0, 0, 0, 0, 0, 0, 0, 0], "qualities_str": ["dark"],
                "instrument_family": 0, "instrument_family_str": family, "instrument_source": 2,
                "instrument_source_str": source,
            }
            for note, instrument, family, source, pitch, velocity in NOTES
        ],
    )  # fmt: skip
    return folder / "nsynth-valid.tfrecord"


def nsynth_tfds(folder: Path) -> Path:
    """`nsynth/full/2.3.3` of TensorFlow Datasets: classes as numbers, their names beside."""
    for shard, notes in enumerate((NOTES[:1], NOTES[1:])):
        write(
            folder / f"nsynth-valid.tfrecord-0000{shard}-of-00002",
            [
                {
                    "id": note, "audio": sound(pitch), "pitch": pitch, "velocity": velocity,
                    "instrument/label": INSTRUMENTS.index(instrument),
                    "instrument/family": FAMILIES.index(family),
                    "instrument/source": ["acoustic", "electronic", "synthetic"].index(source),
                    "qualities/dark": 1, "qualities/tempo-synced": 0,
                    "f0/hz": np.full(375, 440.0), "loudness/db": np.full(375, -20.0),
                }
                for note, instrument, family, source, pitch, velocity in notes
            ],
        )  # fmt: skip
    (folder / "instrument-label.labels.txt").write_text("\n".join(INSTRUMENTS))
    (folder / "instrument-family.labels.txt").write_text("\n".join(FAMILIES))
    (folder / "instrument-source.labels.txt").write_text("acoustic\nelectronic\nsynthetic")
    (folder / "features.json").write_text(
        json.dumps({"featuresDict": {"features": {"audio": {"audio": {"sampleRate": "16000"}}}}})
    )
    return folder


def urmp(folder: Path) -> Path:
    """The URMP records of magenta's library: windows of recordings, two of each."""
    write(
        folder / "urmp_all_solo_ddsp_conditioning_train.tfrecord-00000-of-00001",
        [
            {
                "audio": sound(60 + 3 * number + window), "f0_hz": np.full(375, 261.6),
                "f0_confidence": np.full(375, 0.9), "loudness_db": np.full(375, -20.0),
                "instrument_id": instrument, "recording_id": f"{instrument}_{number}",
                "power_db": np.full(375, -20.0), "note_onsets": np.zeros(375 * 128),
            }
            for number, instrument in enumerate(("vn", "fl", "tpt", "vn"))
            for window in range(2)
        ],
    )  # fmt: skip
    return folder


def made_of(sounds: Path, output: Path, **settings: object) -> Dataset:
    features = FeatureSettings(columns=("loudness_db",))
    settings = {"eval_fraction": 0.0, **settings}
    prepare(sounds, output, settings=PrepareSettings(features=features, **settings), n_workers=1)
    return Dataset.open(output)


@pytest.fixture(autouse=True)
def _no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PrepareReport, "save_figure", lambda self, path: None)


@pytest.mark.parametrize("make", [nsynth, nsynth_records, nsynth_tfds])
def test_nsynth_keeps_its_labels_in_each_of_its_forms(make, tmp_path):
    dataset = made_of(make(tmp_path / "nsynth"), tmp_path / "dataset")
    assert dataset.labels["instrument"] == ("bass_synthetic_033", "flute_acoustic_002")
    assert dataset.labels["instrument_family"] == ("bass", "flute")
    assert dataset.labels["pitch"] == dataset.labels["velocity"] == ()
    found = {}
    for _, batch in dataset.segments("train"):
        found[float(batch["pitch"][0, 0])] = batch
        assert dataset.columns["pitch"].signal.kind == "value"
    assert sorted(found) == [45, 77, 80]
    for _, instrument, family, _, pitch, velocity in NOTES:
        batch = found[pitch]
        assert dataset.labels["instrument"][int(batch["instrument"][0, 0])] == instrument
        assert dataset.labels["instrument_family"][int(batch["instrument_family"][0, 0])] == family
        assert batch["velocity"] == velocity
        np.testing.assert_allclose(batch["audio"][0], sound(pitch), atol=2e-4)
    batch = next(iter(dataset.batches(batch_size=3, clip_s=1.0)))
    assert batch["instrument"].shape == (3, 1)
    assert not list(tmp_path.glob(".*"))


def test_urmp_windows_of_a_recording_stay_on_one_side(tmp_path):
    dataset = made_of(
        urmp(tmp_path / "urmp"), tmp_path / "dataset", eval_fraction=0.25, split_by="file"
    )
    assert dataset.labels["instrument"] == ("fl", "tpt", "vn")
    sides = {
        split: {int(batch["recording_id"][0, 0]) for _, batch in dataset.segments(split)}
        for split in ("train", "eval")
    }
    assert len(sides["train"]) == 3
    assert len(sides["eval"]) == 1
    assert not sides["train"] & sides["eval"]


def test_windows_that_do_not_say_where_they_are_from_are_refused(tmp_path):
    frames = np.full(375, 440.0)
    write(tmp_path / "train.tfrecord-00000-of-00001", [{"audio": sound(69), "f0_hz": frames}])
    with pytest.raises(DatasetError, match=r"records overlap.*open_magenta"):
        made_of(tmp_path, tmp_path / "dataset")
    assert not (tmp_path / "dataset").exists()


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_folder_with_a_table_of_its_files(suffix, tmp_path):
    """As Hugging Face's folders of audio: also one table in each of `train/` and `test/`."""
    folder = tmp_path / "oboe"
    rows = []
    for index, split in enumerate(("train", "train", "test")):
        (folder / split).mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / split / f"{index}.wav", sound(60 + index), 16000)
        label, speaker = "ab"[index % 2], f"who_{index}"
        row = {"file_name": f"{index}.wav", "label": label, "bpm": 90.5, "by": speaker}
        rows.append((split, row))
    for split in ("train", "test"):
        of_split = [row for where, row in rows if where == split]
        lines = [json.dumps(row) for row in of_split]
        if suffix == "csv":
            lines = [",".join(of_split[0]), *(",".join(map(str, r.values())) for r in of_split)]
        (folder / split / f"metadata.{suffix}").write_text("\n".join(lines))
    dataset = made_of(folder, tmp_path / "dataset")
    assert dataset.labels == {"label": ("a", "b"), "bpm": ()}
    report = (tmp_path / "dataset" / "report.txt").read_text()
    assert "`by` is different for every sound" in " ".join(report.split())
    found = {name: batch for name, batch in dataset.segments("train")}
    assert sorted(found) == ["test/2.wav", "train/0.wav", "train/1.wav"]
    assert float(found["train/1.wav"]["label"][0, 0]) == 1.0
    assert all(float(batch["bpm"][0, 0]) == 90.5 for batch in found.values())
    named = made_of(folder, tmp_path / "named", labels=("instrument=label",))
    assert named.labels == {"instrument": ("a", "b")}
    only = named.only("instrument", "b")
    assert [name for name, _ in only.segments("train")] == ["train/1.wav"]
    assert only.seconds("train") == pytest.approx(1.5, abs=0.01)
    np.testing.assert_allclose(next(only.segments("train"))[1]["audio"][0], sound(61), atol=2e-4)
    with pytest.raises(DatasetError, match=r"no `instrument` 'c'; it has a, b"):
        named.only("instrument", "c")


def test_a_missing_file_is_listed_and_folders_can_be_the_labels(tmp_path):
    folder = tmp_path / "sounds"
    for name in ("reed", "pipe"):
        (folder / name).mkdir(parents=True)
        soundfile.write(folder / name / "a.wav", sound(60 + len(name) + ord(name[0])), 16000)
    dataset = made_of(folder, tmp_path / "dataset", source="labelled")
    assert dataset.labels == {"instrument": ("pipe", "reed")}
    (folder / "metadata.csv").write_text("file_name,key\nreed/a.wav,3\npipe/gone.wav,4\n", "utf-8")
    dataset = made_of(folder, tmp_path / "table")
    assert list(dataset.info["failed"]) == ["pipe/gone.wav"]
    assert dataset.labels == {"key": ()}


def test_descriptions_that_cannot_be_used_say_why(tmp_path):
    soundfile.write(tmp_path / "a.wav", sound(60), 16000)
    (tmp_path / "metadata.csv").write_text("file,key\na.wav,3\n")
    with pytest.raises(DatasetError, match=r"no `file_name` in row 1.*It has file, key"):
        made_of(tmp_path, tmp_path / "dataset")
    (tmp_path / "metadata.csv").write_text("file_name,audio\na.wav,3\n")
    with pytest.raises(DatasetError, match=r"--labels NEW=audio"):
        made_of(tmp_path, tmp_path / "dataset")
    with pytest.raises(DatasetError, match=r"no label `pitch`"):
        made_of(tmp_path, tmp_path / "dataset", labels=("pitch",))
    (tmp_path / "metadata.csv").unlink()
    with pytest.raises(ArgumentError, match=r"metadata.csv describes. These are recordings"):
        made_of(tmp_path, tmp_path / "dataset", labels=("pitch",))
    assert not (tmp_path / "dataset").exists()


def test_a_damaged_file_of_records_gives_those_before_the_damage(tmp_path):
    path = nsynth_records(tmp_path)
    content = bytearray(path.read_bytes())
    content[-1000] ^= 0xFF
    path.write_bytes(content)
    unpacked = unpack_records([path], tmp_path / "out")
    assert "damaged after 2 records" in unpacked.failed["nsynth-valid.tfrecord"]
    assert len((tmp_path / "out" / "metadata.jsonl").read_text().splitlines()) == 2


def test_sound_in_records_may_be_whole_numbers_or_a_file(tmp_path):
    quiet = (0.25 * sound(60) / np.abs(sound(60)).max()).astype(np.float32)
    soundfile.write(tmp_path / "a.flac", quiet, 44100)
    write(
        tmp_path / "all.tfrecord",
        [
            {"id": "whole", "audio": np.round(quiet * 32768).astype(np.int64)},
            {"id": "file", "audio": (tmp_path / "a.flac").read_bytes()},
        ],
    )
    (tmp_path / "a.flac").unlink()
    into = unpack_records([tmp_path], tmp_path / "out").paths[0]
    rows = [json.loads(line) for line in (into / "metadata.jsonl").read_text().splitlines()]
    whole, rate = soundfile.read(into / rows[0]["file_name"])
    assert rate == 16000
    np.testing.assert_allclose(whole, quiet, atol=1e-4)
    assert soundfile.info(into / rows[1]["file_name"]).samplerate == 44100


def test_labels_that_all_sounds_have_become_numbers():
    rows = {
        "a": {"instrument": "flute", "pitch": "60", "take": "x1", "some": 1},
        "b": {"instrument": "bass", "pitch": 61, "take": "x2"},
    }
    labels = Labels.of_rows(rows)
    assert labels.classes == {"instrument": ("bass", "flute"), "pitch": ()}
    assert labels.values == {
        "a": {"instrument": 1.0, "pitch": 60.0},
        "b": {"instrument": 0.0, "pitch": 61.0},
    }
    assert labels.left_out == ("`take` is different for every sound, and was left out.",)
    assert Labels.of_rows(rows, ["take"]).classes == {"take": ("x1", "x2")}
