"""Datasets of any columns, and those that 0.1.0 wrote."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from recorded_sounds import HOP

from ddsp_tf.data import Dataset
from ddsp_tf.data.frame_table import FrameTable
from ddsp_tf.data.notes import cut_notes, most_notes_within
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.recording_cache import RecordingCache
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import (
    Column,
    Features,
    FeatureSettings,
    columns_of,
    notes_column,
    samples_column,
)
from ddsp_tf.types import Signal

FORMAT_1 = Path(__file__).parent / "format_1"
SETTINGS = FeatureSettings(columns=("loudness_db", "mel_db"))
COLUMNS = {
    "audio": samples_column("audio", 2, stored="float32"),
    "dry": samples_column("dry"),
    **columns_of(SETTINGS),
    "fine": Column("fine", Signal("frames", 3), HOP // 4, silence=-1.0),
    "notes": notes_column(),
    "which": Column("which", Signal("value", 2)),
}
MEASURES = {"peak_db": -6.0, "loud_db": -20.0, "silent_share": 0.0, "clipped_share": 0.0}


def rich_recording(n_frames: int, *, first: int = 0, segments=None) -> Recording:
    """A recording with columns of every kind, whose frames tell their own number."""
    numbers = np.arange(first, first + n_frames, dtype=np.float32)
    samples = np.repeat(numbers, HOP)
    fine = np.repeat(numbers, 4)[:, np.newaxis] + [0.0, 0.25, 0.5]
    onsets_s = np.arange(0.0, n_frames / 250, 0.5)
    notes = np.stack(
        [
            onsets_s,
            onsets_s + 0.75,
            60 + np.arange(len(onsets_s)) % 12,
            np.full(len(onsets_s), 0.5),
            np.zeros(len(onsets_s)),
        ],
        axis=1,
    )
    return Recording(
        n_frames,
        Features(
            loudness_db=-numbers % 60,
            mel_db=numbers[:, np.newaxis] + np.arange(80),
            fine=fine,
            rows={"fine": 4},
        ),
        segments or [(0, n_frames)],
        MEASURES,
        {"sample_rate": 16000, "n_channels": 2, "seconds": n_frames / 250, "gain_db": 0.0},
        {"audio": np.stack([samples, -2 * samples], axis=1), "dry": samples.astype(np.int16)},
        {"notes": notes.astype(np.float32), "which": np.array([first, 1.0], np.float32)},
    )


@pytest.fixture
def rich(make_dataset) -> Dataset:
    recordings = {
        "a.wav": rich_recording(1300, segments=[(0, 400), (600, 1300)]),
        "b.wav": rich_recording(300, first=5000),
    }
    return make_dataset(recordings, COLUMNS, eval_fraction=0.0, features=SETTINGS)


def test_all_columns_of_a_clip_belong_together(rich):
    assert rich.columns == COLUMNS
    assert rich.statistics is None
    batch = next(rich.batches(batch_size=32, clip_s=1.0).as_numpy_iterator())
    assert list(batch) == list(COLUMNS)
    assert {value.dtype for value in batch.values()} == {np.dtype(np.float32)}
    assert batch["audio"].shape == (32, 250 * HOP, 2)
    assert batch["dry"].shape == (32, 250 * HOP)
    assert batch["mel_db"].shape == (32, 250, 80)
    assert batch["fine"].shape == (32, 1000, 3)
    assert batch["which"].shape == (32, 2)
    numbers = batch["mel_db"][:, :, 0]
    np.testing.assert_array_equal(batch["audio"][:, ::HOP, 0], numbers)
    np.testing.assert_array_equal(batch["audio"][:, ::HOP, 1], -2 * numbers)
    np.testing.assert_allclose(batch["dry"][:, ::HOP] * 32767, numbers, atol=0.01)
    np.testing.assert_array_equal(batch["fine"][:, ::4, 1], numbers + 0.25)
    np.testing.assert_array_equal(batch["which"][:, 0], np.where(numbers[:, 0] < 5000, 0, 5000))


def test_notes_are_those_that_sound_in_the_clip(rich):
    batch = next(rich.batches(batch_size=32, clip_s=1.0).as_numpy_iterator())
    # Every half second one begins, and it lasts for three quarters.
    assert batch["notes"].shape == (32, 4, 5)
    for clip in range(32):
        first = batch["mel_db"][clip, 0, 0]
        start_s = (first - (5000 if first >= 5000 else 0)) / 250
        notes = batch["notes"][clip][batch["notes"][clip, :, 3] > 0]
        assert len(notes) in (2, 3, 4)
        absolute = notes[:, 0] + start_s
        np.testing.assert_allclose(absolute, np.round(absolute * 2) / 2, atol=1e-4)
        np.testing.assert_allclose(notes[:, 2], 60 + np.round(absolute * 2) % 12)
        assert (notes[:, 1] > 0).all()
        assert (notes[:, 0] < 1.0).all()


def test_what_follows_a_short_segment_is_what_its_column_says(make_dataset):
    dataset = make_dataset(
        {"a.wav": rich_recording(100, first=7)}, COLUMNS, eval_fraction=0.0, features=SETTINGS
    )
    batch = next(dataset.batches(batch_size=1, clip_s=1.0).as_numpy_iterator())
    assert (batch["audio"][0, 100 * HOP :] == 0).all()
    assert (batch["fine"][0, 400:] == -1).all()
    assert (batch["mel_db"][0, 100:] == -100).all()
    assert (batch["fine"][0, 399] > 100).all()


def test_whole_segments_have_all_columns(rich):
    (name, batch), _, _ = rich.segments("train")
    assert name == "a.wav"
    assert batch["audio"].shape == (1, 400 * HOP, 2)
    assert batch["fine"].shape == (1, 1600, 3)
    assert batch["notes"].shape == (1, 4, 5)
    np.testing.assert_array_equal(batch["which"], [[0.0, 1.0]])
    (_, audio, features), *_ = rich.recordings("train")
    assert audio.shape == (400 * HOP, 2)
    assert list(features) == ["loudness_db", "mel_db"]
    assert features.mel_db.shape == (400, 80)


def test_reading_clip_by_clip_from_disk_is_the_same(rich, tmp_path):
    table = rich._tables["train"]
    lengths = table.segment_lengths.tolist()
    from_disk = FrameTable(
        table.names,
        lengths,
        table._frames,
        COLUMNS,
        hop_length=HOP,
        frame_rate=250.0,
        events=lambda: table._events,
        memory_bytes=0,
    )
    clips = np.array([[0, 300], [1, 450], [2, 0]], np.int64)
    for key, value in table.reader(250)(clips).items():
        np.testing.assert_array_equal(from_disk.reader(250)(clips)[key].numpy(), value.numpy())


def test_ranges_of_the_columns_are_those_of_the_training_side(rich):
    statistics = rich.column_statistics
    assert set(statistics) == {"loudness_db", "mel_db", "fine"}
    assert len(statistics["mel_db"].mean) == 80
    assert statistics["mel_db"].quantiles[-1][79] == 5299 + 79


def test_a_recording_that_waits_is_the_same_afterwards(tmp_path):
    cache = RecordingCache(tmp_path, PrepareSettings(), COLUMNS)
    recording = rich_recording(30)
    cache.save("0" * 64, recording)
    loaded = cache.load("0" * 64)
    assert loaded.segments == recording.segments
    assert loaded.n_frames == 30
    for stored, original in (
        (loaded.samples, recording.samples),
        (loaded.events, recording.events),
    ):
        assert stored.keys() == original.keys()
        for key, value in original.items():
            np.testing.assert_array_equal(stored[key], value)
            assert stored[key].dtype == value.dtype
    for key, value in recording.features.items():
        np.testing.assert_array_equal(loaded.features[key], value)
    other = RecordingCache(tmp_path, PrepareSettings(), {"audio": samples_column("audio")})
    assert not other.has("0" * 64)


def test_lost_events_are_noticed(rich, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(tmp_path / "dataset", folder)
    (folder / "train-events.tfrecord").unlink()
    with pytest.raises(DatasetError, match="are missing"):
        Dataset.open(folder).batches(batch_size=1)
    shutil.copy(folder / "train-00000.tfrecord", folder / "train-events.tfrecord")
    with pytest.raises(DatasetError, match=r"where 3 are listed|doesn't hold"):
        Dataset.open(folder).batches(batch_size=1)


def test_a_column_that_the_shards_lack_is_named(rich, tmp_path):
    path = tmp_path / "dataset" / "dataset.json"
    info = json.loads(path.read_text())
    info["columns"].append(Column("other", Signal("frames"), HOP).to_dict())
    path.write_text(json.dumps(info))
    with pytest.raises(DatasetError, match=r"A record lacks \['other'\]"):
        Dataset.open(tmp_path / "dataset").batches(batch_size=1)


def test_a_dataset_of_0_1_0_gives_the_same_batch_as_it_gave():
    """Written by commit e8b7206, and read by it with these arguments."""
    dataset = Dataset.open(FORMAT_1)
    assert dataset.info["format_version"] == 1
    assert list(dataset.columns) == ["audio", "f0_hz", "f0_confidence", "loudness_db"]
    assert dataset.statistics is not None
    assert dataset.seconds("train") == pytest.approx(0.6, abs=0.02)
    batch = next(iter(dataset.batches(batch_size=2, clip_s=0.2, seed=5, start_step=3)))
    with np.load(FORMAT_1 / "batch.npz") as expected:
        assert set(expected) == set(batch)
        for key, value in expected.items():
            np.testing.assert_array_equal(batch[key].numpy(), value)
    ((_, audio, features),) = dataset.recordings("eval")
    assert len(audio) == 80 * features.n_frames


def test_cutting_and_counting_notes():
    notes = np.array([[0.0, 1.0, 60, 0.5, 0], [0.9, 2.0, 62, 0.5, 0], [1.5, 1.6, 64, 0.5, 0]])
    assert cut_notes(notes, 1.0, 1.5)[:, 2].tolist() == [62]
    np.testing.assert_allclose(cut_notes(notes, 0.5, 1.6)[:, 0], [-0.5, 0.4, 1.0], atol=1e-6)
    assert len(cut_notes(notes, 5.0, 6.0)) == 0
    rng = np.random.default_rng(0)
    onsets = np.sort(rng.uniform(0, 20, 60))
    many = np.stack([onsets, onsets + rng.uniform(0.01, 2, 60), *np.ones([3, 60])], axis=1)
    starts = np.linspace(-1, 21, 5000)
    for seconds in (0.1, 1.0, 4.0):
        counted = max(len(cut_notes(many, start, start + seconds)) for start in starts)
        assert counted <= most_notes_within(many, seconds) <= counted + 1
