"""The predecessor's TFRecords, written here in its schema."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from recorded_sounds import tone

from ddsp_tf.data import Dataset
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings, extract_loudness_db


def write_records(path: Path, records: list[dict[str, np.ndarray]]) -> Path:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for values in records:
            feature = {
                key: tf.train.Feature(float_list=tf.train.FloatList(value=value))
                for key, value in values.items()
            }
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())
    return path


def record(
    *,
    frame_rate: int = 250,
    centred: bool = False,
    sample_rate: int = 16000,
    step_s: float = 2.0,
) -> dict[str, np.ndarray]:
    """4 s with a step from A3 to A4, whose f0 is stored as the predecessor's framing sees it."""
    low, high = (tone(4.0, sample_rate=16000, f0_hz=f0_hz) for f0_hz in (220, 440))
    audio_16k = np.where(np.arange(64000) < step_s * 16000, low, high)
    n_frames = 4 * frame_rate + centred
    centre_s = np.arange(n_frames) / frame_rate + (0 if centred else 0.032)
    f0_hz = np.where(centre_s < step_s, 220.0, 440.0)
    audio = tone(4.0, sample_rate=sample_rate) if sample_rate != 16000 else audio_16k
    return {
        "audio": audio,
        "audio_16k": audio_16k,
        "f0_hz": f0_hz,
        "f0_confidence": np.full(n_frames, 0.9),
        "loudness_db": np.full(n_frames, 5.0),
    }


@pytest.mark.parametrize(
    ("frame_rate", "centred", "n_stored"), [(250, False, 1000), (250, True, 1001), (50, True, 201)]
)
def test_rates_and_framing_are_found_and_the_step_is_where_it_sounds(
    tmp_path, frame_rate, centred, n_stored
):
    values = record(frame_rate=frame_rate, centred=centred)
    assert len(values["f0_hz"]) == n_stored
    write_records(tmp_path / "set-00000-of-00001", [values] * 3)
    dataset = Dataset.open_magenta(tmp_path / "set-*")
    assert dataset.features.hop_length == 16000 // frame_rate
    assert dataset.seconds() == 12
    batch = next(iter(dataset.batches(batch_size=2, clip_s=4.0)))
    assert batch["audio"].shape == (2, 64000)
    f0_hz = batch["f0_hz"].numpy()[0, :, 0]
    assert len(f0_hz) == 4 * frame_rate
    assert int(np.argmax(f0_hz > 311)) == pytest.approx(2 * frame_rate, abs=1)


def test_the_lead_of_32_ms_stays_on_request(tmp_path):
    write_records(tmp_path / "set", [record()])
    for realign, expected in ((True, 500), (False, 492)):
        dataset = Dataset.open_magenta(tmp_path / "set", realign=realign)
        ((_, _, features),) = dataset.recordings("train")
        assert int(np.argmax(features.f0_hz > 311)) == expected
        assert dataset.info["realigned"] is realign


def test_loudness_is_measured_anew_by_our_definition(tmp_path):
    values = record()
    write_records(tmp_path / "set", [values])
    for loudness in ("a_weighted", "magenta"):
        dataset = Dataset.open_magenta(tmp_path / "set", loudness=loudness)
        ((_, audio, features),) = dataset.recordings("train")
        np.testing.assert_allclose(audio, values["audio"], atol=1 / 32767)
        expected = extract_loudness_db(
            values["audio"].astype(np.float32), FeatureSettings(loudness=loudness)
        )
        np.testing.assert_allclose(features.loudness_db, expected, atol=1e-4)
        assert dataset.features.loudness == loudness


def test_evaluation_files_are_another_pattern(tmp_path):
    write_records(tmp_path / "set-train", [record()] * 2)
    write_records(tmp_path / "set-eval", [record(step_s=1.0)])
    dataset = Dataset.open_magenta(tmp_path / "set-train", tmp_path / "set-eval")
    assert (dataset.seconds("train"), dataset.seconds("eval")) == (8, 4)
    assert len(list(dataset.recordings("eval"))) == 1


def test_audio_at_another_rate(tmp_path):
    write_records(tmp_path / "48k", [record(sample_rate=48000)])
    dataset = Dataset.open_magenta(tmp_path / "48k")
    assert (dataset.features.sample_rate, dataset.features.hop_length) == (48000, 192)
    # 44100 / 250 is no whole hop: the copy at 16 kHz is used.
    write_records(tmp_path / "44k", [record(sample_rate=44100)])
    dataset = Dataset.open_magenta(tmp_path / "44k")
    assert (dataset.features.sample_rate, dataset.features.hop_length) == (16000, 64)
    with pytest.raises(ArgumentError, match="`sample_rate` is 22050, but the records are at 48000"):
        Dataset.open_magenta(tmp_path / "48k", sample_rate=22050)


def test_old_records_without_a_copy_at_16_khz(tmp_path):
    values = record()
    del values["audio_16k"]
    write_records(tmp_path / "set", [values])
    assert Dataset.open_magenta(tmp_path / "set").features == FeatureSettings(
        f0_tracker="crepe-full", f0_refined=False
    )


def test_what_is_no_such_set(tmp_path):
    with pytest.raises(DatasetError, match="No file matches"):
        Dataset.open_magenta(tmp_path / "nothing*")
    (tmp_path / "text").write_text("text" * 100)
    with pytest.raises(DatasetError, match="is not a TFRecord file, or is damaged"):
        Dataset.open_magenta(tmp_path / "text")
    write_records(tmp_path / "other", [{"image": np.zeros(3)}])
    with pytest.raises(DatasetError, match=r"lack \['audio'.*they have \['image'\]"):
        Dataset.open_magenta(tmp_path / "other")
    short = {key: value[: len(value) // 2] for key, value in record().items()}
    write_records(tmp_path / "mixed", [record(), short])
    with pytest.raises(DatasetError, match="Records differ in length"):
        Dataset.open_magenta(tmp_path / "mixed")
    write_records(tmp_path / "empty", [])
    with pytest.raises(DatasetError, match="hold no records"):
        Dataset.open_magenta(tmp_path / "empty")
