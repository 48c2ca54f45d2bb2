"""Batches: which clips come, in which order, from where, and what they hold."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from recorded_sounds import HOP, default_columns, numbered_recording

from ddsp_tf.data import Dataset
from ddsp_tf.data.frame_table import FrameTable
from ddsp_tf.data.records import read_piece_at, read_records
from ddsp_tf.data.shard_frames import ShardFrames
from ddsp_tf.errors import ArgumentError, DatasetError


def take(dataset: tf.data.Dataset, n: int) -> list[dict[str, np.ndarray]]:
    return list(dataset.take(n).as_numpy_iterator())


def assert_equal(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])


@pytest.fixture
def dataset(make_dataset) -> Dataset:
    recordings = {
        "a.wav": numbered_recording(9000, segments=[(0, 5200), (5600, 9000)]),
        "b.wav": numbered_recording(2600, first=10000),
    }
    return make_dataset(recordings, eval_fraction=0.0)


def test_audio_and_features_of_a_clip_belong_together(dataset):
    (batch,) = take(dataset.batches(batch_size=32, clip_s=2.0, seed=3), 1)
    assert batch["audio"].shape == (32, 500 * HOP)
    assert {batch[key].shape for key in ("f0_hz", "f0_confidence", "loudness_db")} == {(32, 500, 1)}
    assert {value.dtype for value in batch.values()} == {np.dtype(np.float32)}
    frame_numbers = batch["audio"].reshape(32, 500, HOP) * 32767
    np.testing.assert_allclose(frame_numbers - batch["f0_hz"] + 100, 0, atol=0.01)
    # Each clip is contiguous: no clip reaches across the cut between segments.
    np.testing.assert_array_equal(np.diff(batch["f0_hz"][..., 0], axis=1), 1.0)


def test_whoever_stops_reading_need_not_wait(dataset):
    """tf.data's tuner can keep an iterator as long again as it was used, up to a minute."""
    assert dataset.batches(batch_size=4, clip_s=2.0).options().autotune.enabled is False


def test_same_seed_same_batches(dataset):
    options = {"batch_size": 4, "clip_s": 2.0}
    first = take(dataset.batches(**options, seed=1), 20)
    assert_equal(first, take(dataset.batches(**options, seed=1), 20))
    other = take(dataset.batches(**options, seed=2), 20)
    assert any((a["audio"] != b["audio"]).any() for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("start_step", [1, 5, 13, 40])
def test_resuming_yields_what_would_have_come(dataset, start_step):
    options = {"batch_size": 4, "clip_s": 2.0, "seed": 7}
    uninterrupted = take(dataset.batches(**options), start_step + 4)
    resumed = take(dataset.batches(**options, start_step=start_step), 4)
    assert_equal(resumed, uninterrupted[start_step:])


def test_resuming_late_is_as_quick_as_starting(dataset):
    (batch,) = take(dataset.batches(batch_size=4, seed=7, start_step=10**9), 1)
    assert np.isfinite(batch["audio"]).all()


def test_a_pass_hears_everything_about_equally(dataset):
    n_clips = dataset.n_examples("train", clip_s=1.0)
    assert n_clips == -(-(5200 + 3400 + 2600) // 250)
    heard = np.zeros(13000)
    for batch in take(dataset.batches(batch_size=n_clips, clip_s=1.0), 20):
        np.add.at(heard, (batch["f0_hz"][..., 0] - 100).astype(int), 1)
    inside = np.concatenate([heard[300:4900], heard[5900:8700], heard[10300:12300]])
    assert inside.min() >= 5
    assert np.mean(inside) == pytest.approx(20, rel=0.1)
    assert heard[5200:5600].sum() == 0


def test_segments_shorter_than_a_clip_end_in_silence(make_dataset):
    dataset = make_dataset({"note.wav": numbered_recording(100, first=50)}, eval_fraction=0.0)
    (batch,) = take(dataset.batches(batch_size=1, clip_s=1.0), 1)
    assert (batch["audio"][0, 100 * HOP :] == 0).all()
    assert (batch["audio"][0, : 100 * HOP] > 0).all()
    np.testing.assert_array_equal(batch["f0_hz"][0, 100:], 100 + 149)
    np.testing.assert_array_equal(batch["loudness_db"][0, 100:], -80)
    np.testing.assert_array_equal(batch["f0_confidence"][0, 100:], 0)


def test_a_set_smaller_than_a_batch_is_repeated(make_dataset):
    dataset = make_dataset({"a.wav": numbered_recording(600)}, eval_fraction=0.0)
    assert dataset.n_examples("train", clip_s=2.0) == 2
    for batch in take(dataset.batches(batch_size=16, clip_s=2.0), 3):
        assert batch["audio"].shape == (16, 500 * HOP)
        assert len(np.unique(batch["f0_hz"][:, 0])) > 4


def test_one_pass_ends_with_a_smaller_batch(dataset):
    sizes = [
        len(batch["audio"])
        for batch in dataset.batches(batch_size=10, clip_s=2.0, repeat=False).as_numpy_iterator()
    ]
    assert sizes == [10, 10, 3]


def test_reading_clip_by_clip_from_disk_is_the_same(dataset, tmp_path):
    info = dataset.info["splits"]["train"]
    columns = default_columns()
    frames = ShardFrames(tmp_path / "dataset", info, columns, piece_frames=2500, hop_length=HOP)
    lengths = [segment["n_frames"] for segment in info["segments"]]
    names = [segment["name"] for segment in info["segments"]]
    table = FrameTable(
        names, lengths, frames, columns, hop_length=HOP, frame_rate=250.0, memory_bytes=0
    )
    clips = tf.constant([[0, 2300], [1, 0], [1, 3399], [2, 2350]], tf.int64)
    from_disk = table.reader(400)(clips)
    in_memory = dataset._tables["train"].reader(400)(clips)
    for key, value in in_memory.items():
        np.testing.assert_array_equal(from_disk[key].numpy(), value.numpy())
    segment = table.segment(1)
    np.testing.assert_array_equal(segment["f0_hz"][:, 0], 100 + np.arange(5600, 9000))


def test_whole_recordings_for_evaluation(make_dataset):
    recordings = {f"{i}.wav": numbered_recording(3000, first=3000 * i) for i in range(10)}
    dataset = make_dataset(recordings)
    ((name, audio, features),) = dataset.recordings("eval")
    first = 3000 * int(name[0])
    np.testing.assert_array_equal(features.f0_hz, 100 + first + np.arange(3000))
    np.testing.assert_allclose(audio[::HOP] * 32767, first + np.arange(3000), atol=0.01)


def test_an_empty_split_is_said_to_be_empty(dataset):
    assert dataset.seconds("eval") == 0
    with pytest.raises(DatasetError, match="eval split of the dataset is empty"):
        dataset.batches("eval", batch_size=2)


def test_arguments_out_of_range(dataset):
    with pytest.raises(ArgumentError, match=r"`split` must be one of .*'test'"):
        dataset.batches("test", batch_size=2)
    with pytest.raises(ArgumentError, match="`batch_size` must be at least 1"):
        dataset.batches(batch_size=0)
    with pytest.raises(ArgumentError, match="`clip_s` must be at least one frame"):
        dataset.batches(batch_size=1, clip_s=0.0)


def test_what_is_no_dataset(tmp_path):
    with pytest.raises(DatasetError, match=r"There is no dataset at .*ddsp-tf prepare"):
        Dataset.open(tmp_path / "nowhere")
    with pytest.raises(DatasetError, match=r"no `dataset\.json`"):
        Dataset.open(tmp_path)
    (tmp_path / "dataset.json").write_text("{")
    with pytest.raises(DatasetError, match="damaged or not JSON"):
        Dataset.open(tmp_path)
    (tmp_path / "dataset.json").write_text("{}")
    with pytest.raises(DatasetError, match=r"is damaged .*format_version"):
        Dataset.open(tmp_path)


def test_a_newer_dataset_is_refused(dataset, tmp_path):
    path = tmp_path / "dataset" / "dataset.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "format_version": 99}))
    with pytest.raises(DatasetError, match=r"has format 99; .*Upgrade ddsp_tf"):
        Dataset.open(tmp_path / "dataset")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("remove", "are missing"),
        ("flip", "is damaged"),
        ("cut", "is damaged"),
        ("empty", "0 frames"),
    ],
)
def test_damaged_shards(dataset, tmp_path, damage, message):
    folder = tmp_path / "damaged"
    shutil.copytree(tmp_path / "dataset", folder)
    shard = folder / "train-00000.tfrecord"
    content = bytearray(shard.read_bytes())
    if damage == "remove":
        shard.unlink()
    elif damage == "flip":
        content[len(content) // 2] ^= 0xFF
        shard.write_bytes(content)
    elif damage == "cut":
        shard.write_bytes(content[: len(content) // 2])
    else:
        shard.write_bytes(b"")
    with pytest.raises(DatasetError, match=message):
        Dataset.open(folder).batches(batch_size=1)


def test_a_flipped_bit_is_found_in_its_record(tmp_path):
    path = tmp_path / "train-00000.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for size in (100, 200, 300):
            writer.write(bytes(size))
    content = bytearray(path.read_bytes())
    content[100 + 16 + 200 + 16 + 50] ^= 1
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"train-00000\.tfrecord` is damaged: .* at byte 332 "):
        list(read_records([path]))


def test_a_shard_that_is_lost_while_clips_are_read_is_named(dataset, tmp_path):
    folder, info, columns = tmp_path / "dataset", dataset.info["splits"]["train"], default_columns()
    frames = ShardFrames(folder, info, columns, piece_frames=2500, hop_length=HOP)
    lengths = [segment["n_frames"] for segment in info["segments"]]
    table = FrameTable(
        lengths, lengths, frames, columns, hop_length=HOP, frame_rate=250.0, memory_bytes=0
    )
    clips = tf.data.Dataset.from_tensors(tf.constant([[0, 0]], tf.int64)).map(table.reader(400))
    next(iter(clips))
    frames._cache.clear()
    (folder / "train-00000.tfrecord").write_bytes(bytes([4, 0, 0, 0, 0, 0, 0, 0] + [255] * 20))
    with pytest.raises(tf.errors.OpError, match=r"DatasetError: `.*00\.tfrecord` is damaged at b"):
        next(iter(clips))
    (folder / "train-00000.tfrecord").unlink()
    with pytest.raises(
        tf.errors.OpError, match=r"DatasetError: `.*00\.tfrecord` cannot be read: N"
    ):
        next(iter(clips))


def test_a_record_whose_length_is_damaged_takes_no_memory_for_it(dataset, tmp_path):
    path = tmp_path / "dataset" / "train-00000.tfrecord"
    content = bytearray(path.read_bytes())
    content[7] = 0x7F
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="is cut short"):
        read_piece_at(path, 0, {}, hop_length=64)
