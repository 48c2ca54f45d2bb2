"""The network that hears rooms: what it gives, how it is stored, what it learns from."""

import numpy as np
import pytest
import soundfile
import tensorflow as tf

from ddsp_tf import config
from ddsp_tf.data import Generated, ReverberantRecordings
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.models import Instrument, RoomEstimator
from ddsp_tf.models.room_estimator.room_estimator import exponential_decay_db

SMALL = {"channels": (4, 4), "n_units": 8}
BANDS, TIMES = (500.0, 1000.0), (0.1, 0.5)


def test_the_level_makes_no_difference_and_it_is_stored(tmp_path) -> None:
    sound = np.random.default_rng(0).normal(0.0, 0.1, [2, 12000]).astype(np.float32)
    model = RoomEstimator(**SMALL)
    said = model({"audio": sound})
    louder = model({"audio": 5.0 * sound})
    for key, width in (("t60_s", 6), ("late_db", 6), ("decay_db", 36)):
        assert said[key].shape == (2, width)
        np.testing.assert_allclose(louder[key], said[key], rtol=1e-3, atol=1e-3)
    Instrument.without_features(model).save(tmp_path / "model")
    again = Instrument.load(tmp_path / "model").model
    np.testing.assert_allclose(again({"audio": sound})["t60_s"], said["t60_s"], rtol=1e-6)
    assert model({"audio": tf.zeros([1, 100])})["t60_s"].shape == (1, 6)


def test_the_decay_that_it_says_is_that_of_a_direct_sound_and_noise() -> None:
    rate, t60, late = 4000, 0.5, -3.0
    t = np.arange(2 * rate) / rate
    power = 10 ** (-6 * t / t60)
    energy = np.concatenate([[1.0], 10 ** (late / 10) * power / power.sum()])
    to_come = np.cumsum(energy[::-1])[::-1] / energy.sum()
    wanted = 10 * np.log10(to_come[[1 + rate // 10, 1 + rate // 2]])
    said = exponential_decay_db(tf.constant([t60]), tf.constant([late]), [0.1, 0.5])
    np.testing.assert_allclose(said[0], wanted, atol=0.02)


def test_examples_are_rooms_of_recordings(tmp_path) -> None:
    sound = np.random.default_rng(1).normal(0.0, 0.1, 40000)
    soundfile.write(tmp_path / "dry.wav", sound, 16000)
    settings = FeatureSettings(sample_rate=16000, hop_length=128, columns=())
    generator = ReverberantRecordings(tmp_path, bands_hz=BANDS, times_s=TIMES)
    source = Generated(generator, features=settings)
    batches = [next(iter(source.batches(batch_size=3, clip_s=0.512))) for _ in range(2)]
    assert {key: tuple(x.shape) for key, x in batches[0].items()} == {
        "audio": (3, 8192),
        "t60_s": (3, 2),
        "decay_db": (3, 4),
    }
    for key, value in batches[0].items():
        np.testing.assert_array_equal(value, batches[1][key])
    assert np.all(batches[0]["t60_s"] > 0.02)
    assert np.all(batches[0]["decay_db"] <= 0.0)
    with pytest.raises(ArgumentError, match="`times_s` should be times above 0"):
        ReverberantRecordings(tmp_path, bands_hz=BANDS, times_s=())
    soundfile.write(tmp_path / "dry.wav", 0 * sound, 16000)
    with pytest.raises(DatasetError, match="silent"):
        ReverberantRecordings(tmp_path, bands_hz=BANDS, times_s=TIMES)(
            np.random.default_rng(0), 10, settings
        )


def test_the_recipe_builds_and_its_objective_reads_its_columns(tmp_path) -> None:
    parsed = config.parse(["papers/lee2022/blind.gin"], [f'RECORDINGS="{tmp_path}"'])
    model, objective = parsed.build_model(), parsed.build_objective()
    said = model({"audio": tf.random.stateless_normal([1, 8000], [1, 2])})
    wanted = {"t60_s": 2.0 * said["t60_s"], "decay_db": said["decay_db"]}
    terms = objective(wanted, said)
    assert float(terms["t60"]) == pytest.approx(np.log(2.0), rel=1e-4)
    assert float(terms["decay_db"]) == 0.0


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="octaves below half the sample rate"):
        RoomEstimator(bands_hz=(8000.0,), sample_rate=16000)
    with pytest.raises(ArgumentError, match="`times_s` above 0"):
        RoomEstimator(times_s=())
