"""Generators behind the interface of a dataset."""

import numpy as np
import pytest

from ddsp_tf import config
from ddsp_tf.data import Generated
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.types import Signal

NO_FEATURES = FeatureSettings(columns=())


def take(dataset, n):
    return list(dataset.take(n).as_numpy_iterator())


def tones(random, n_frames, settings):
    """A tone of any pitch, with its note."""
    time_s = np.arange(n_frames * settings.hop_length) / settings.sample_rate
    midi = random.integers(48, 84)
    f0_hz = 440 * 2 ** ((midi - 69) / 12)
    return {
        "audio": 0.3 * np.sin(2 * np.pi * f0_hz * time_s),
        "f0_hz": np.full(n_frames, f0_hz),
        "f0_confidence": np.ones(n_frames),
        "notes": np.array([[0.0, n_frames / settings.frame_rate, midi, 0.5, 0.0]]),
    }


class Knobs:
    """Noise with a gain that it tells, in stereo."""

    def __init__(self, loudest: float = 0.1) -> None:
        self.loudest = loudest
        self.signals = {"gain": Signal("value", 2), "envelope": Signal("frames", 3)}

    def __call__(self, random, n_frames, settings):
        gain = random.uniform(0.0, self.loudest, 2)
        noise = random.normal(size=[n_frames * settings.hop_length, 2])
        return {"audio": gain * noise, "gain": gain, "envelope": np.ones([n_frames, 3])}


def test_batches_hold_what_is_made_and_what_is_heard_in_it():
    source = Generated(tones)
    assert list(source.columns) == ["audio", "f0_hz", "f0_confidence", "notes", "loudness_db"]
    batches = source.batches(batch_size=3, clip_s=1.0)
    assert batches.options().autotune.enabled is False  # whoever stops reading need not wait
    (batch,) = take(batches, 1)
    assert batch["audio"].shape == (3, 16000)
    assert batch["notes"].shape == (3, 64, 5)
    assert (batch["notes"][:, 1:] == 0).all()
    np.testing.assert_allclose(
        batch["f0_hz"][:, 0, 0], 440 * 2 ** ((batch["notes"][:, 0, 2] - 69) / 12), rtol=1e-6
    )
    assert -30 < np.median(batch["loudness_db"]) < -5
    assert len(np.unique(batch["f0_hz"])) > 1
    assert source.statistics is not None
    assert 48 <= source.statistics.f0_midi_quantiles[0]


def test_same_seed_same_batches_from_any_step():
    options = {"batch_size": 2, "clip_s": 0.2}
    source = Generated(Knobs(), features=NO_FEATURES)
    whole = take(source.batches(**options, seed=1), 6)
    later = take(
        Generated(Knobs(), features=NO_FEATURES).batches(**options, seed=1, start_step=4), 2
    )
    for one, other in zip(whole[4:], later, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
    (other,) = take(source.batches(**options, seed=2), 1)
    assert (other["audio"] != whole[0]["audio"]).any()
    flat = [tuple(gain) for batch in whole for gain in batch["gain"]]
    assert len(set(flat)) == 12


def test_evaluation_is_the_same_in_every_pass_and_no_training_example():
    source = Generated(Knobs(), features=NO_FEATURES, train_seconds=2.0, eval_seconds=1.0)
    assert source.n_examples("train", clip_s=0.2) == 10
    assert source.n_examples("eval", clip_s=0.2) == 5
    options = {"batch_size": 3, "clip_s": 0.2}
    once = take(source.batches("eval", **options, repeat=False), 9)
    assert [len(batch["audio"]) for batch in once] == [3, 2]
    twice = take(source.batches("eval", **options), 3)
    gains = np.concatenate([batch["gain"] for batch in twice])
    np.testing.assert_array_equal(gains[5:9], gains[:4])
    train = np.concatenate([b["gain"] for b in take(source.batches(**options, repeat=False), 9)])
    assert len(train) == 10
    assert not set(map(tuple, train)) & set(map(tuple, gains))


def test_kinds_and_widths_are_those_that_the_generator_says():
    source = Generated(Knobs(), features=FeatureSettings(columns=("loudness_db",)))
    (batch,) = take(source.batches(batch_size=2, clip_s=0.2), 1)
    assert {key: value.shape for key, value in batch.items()} == {
        "audio": (2, 3200, 2),
        "gain": (2, 2),
        "envelope": (2, 50, 3),
        "loudness_db": (2, 50, 1),
    }
    assert source.statistics is None
    name, audio, features = next(source.recordings())
    assert name == "eval-00000"
    assert audio.shape == (64000, 2)
    assert features.n_frames == 1000
    assert source.info["name"] == "Knobs"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"audio": np.zeros(7)}, r"made `audio` with the shape \(7,\), where \[3968\] is needed"),
        ({"mood": np.zeros(3)}, "makes `mood` without saying what that is"),
        ({"mel_db": np.zeros(3)}, r"name it in `FeatureSettings\.columns` too"),
        ({"notes": np.zeros([99, 5])}, r"made 99 notes, more than `n_notes`, 64"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(made, message):
    with pytest.raises(ArgumentError, match=message):
        Generated(lambda random, n_frames, settings: made, features=NO_FEATURES)


def test_features_need_audio():
    with pytest.raises(ArgumentError, match=r"makes neither loudness_db nor the `audio`"):
        Generated(
            lambda random, n_frames, settings: {"notes": np.zeros([0, 5])},
            features=FeatureSettings(columns=("loudness_db",)),
        )


def test_arguments_out_of_range():
    source = Generated(Knobs(), features=NO_FEATURES)
    with pytest.raises(ArgumentError, match=r"`split` must be one of .*'test'"):
        source.seconds("test")
    with pytest.raises(ArgumentError, match="`batch_size` must be at least 1"):
        source.batches(batch_size=0)
    with pytest.raises(ArgumentError, match="`clip_s` must be at least one frame"):
        source.batches(batch_size=1, clip_s=0.0)
    with pytest.raises(ArgumentError, match="must be positive"):
        Generated(Knobs(), eval_seconds=0.0)
    silent = Generated(
        lambda random, n_frames, settings: {"notes": np.zeros([0, 5])}, features=NO_FEATURES
    )
    with pytest.raises(DatasetError, match="makes no column `audio`"):
        next(silent.recordings())


def test_gin_names_the_generator(tmp_path):
    text = """
from __gin__ import dynamic_registration
from ddsp_tf import data
from ddsp_tf import features
import test_generated

features.FeatureSettings.columns = ()
test_generated.Knobs.loudest = 0.5
data.Generated:
  generator = @test_generated.Knobs()
  features = @features.FeatureSettings()
"""
    (tmp_path / "noise.gin").write_text(text)
    source = config.parse([str(tmp_path / "noise.gin")]).call(Generated)
    (batch,) = take(source.batches(batch_size=8, clip_s=0.1), 1)
    assert 0.1 < batch["gain"].max() < 0.5
