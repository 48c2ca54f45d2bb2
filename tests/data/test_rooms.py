"""Which room each recording is in, and how batches tell."""

import numpy as np
import pytest

from ddsp_tf.audio import write_audio
from ddsp_tf.data import Dataset, PrepareSettings, prepare, room_names, room_of

HZ = {"a": 220.0, "b": 440.0, "c": 880.0}
FEATURES = {"sample_rate": 16000, "hop_length": 64}


def info(**seconds: float) -> dict:
    segments = [{"name": f"{name}.wav", "n_frames": int(250 * s)} for name, s in seconds.items()]
    return {"settings": {"features": FEATURES}, "splits": {"train": {"segments": segments}}}


def test_long_recordings_have_rooms_of_their_own() -> None:
    assert room_names(info(hall=30.0, bit=3.0, church=60.0)) == ("church", "hall", "others")
    assert room_names(info(hall=30.0)) == ("hall",)
    assert room_names(info(bit=3.0, piece=2.0)) == ("others",)
    assert room_names(info(hall=10.0, bit=9.9)) == ("hall", "others")


def test_passages_of_one_recording_count_together() -> None:
    passages = info(hall=6.0)
    passages["splits"]["train"]["segments"] *= 2
    assert room_names(passages) == ("hall",)


def test_a_recording_that_is_not_known_is_in_the_main_room() -> None:
    assert room_of("sub/hall.wav", ("church", "sub/hall"), main="church") == "sub/hall"
    assert room_of("new.wav", ("church", "sub/hall"), main="church") == "church"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("rooms")
    t = np.arange(4 * 16000) / 16000
    for name, hz in HZ.items():
        write_audio(folder / f"{name}.wav", 0.3 * np.sin(2 * np.pi * hz * t), 16000)
    settings = PrepareSettings(split_by="file", eval_fraction=0.33)
    prepare([folder], folder / "dataset", settings=settings, n_workers=1)
    return Dataset.open(folder / "dataset")


def test_every_clip_says_its_room(dataset: Dataset) -> None:
    train = [name for name, _ in dataset.segments("train")]
    main = train[1].removesuffix(".wav")
    named = dataset.with_rooms((main, "others"), main=main)
    assert named.columns["room"].signal.kind == "value"
    batch = next(iter(named.batches(batch_size=8, clip_s=1.0)))
    f0_hz = np.median(batch["f0_hz"].numpy()[:, :, 0], axis=1)
    in_main = np.abs(f0_hz / HZ[main] - 1.0) < 0.1
    assert in_main.any()
    assert not in_main.all()
    np.testing.assert_array_equal(batch["room"].numpy()[:, 0], 1.0 - in_main)
    # Held-out sound of a recording that has no room of its own is heard in the main one.
    held_out = {name: x["room"].item() for name, x in named.segments("eval")}
    assert set(held_out.values()) == {0.0}
    assert "room" not in dataset.columns
