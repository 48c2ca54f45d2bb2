"""Settings and features as they are stored and compared."""

import json

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError, DatasetError, ModelError
from ddsp_tf.features import DEFAULT_COLUMNS, Features, FeatureSettings


def test_round_trip_through_json():
    settings = FeatureSettings(44100, 441, "pyin", "rms", 1024)
    assert FeatureSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_a_future_version_asks_for_an_update():
    values = FeatureSettings().to_dict() | {"format_version": 4}
    with pytest.raises(ModelError, match=r"version 4.*reads up to 3.*pip install --upgrade"):
        FeatureSettings.from_dict(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": "1"}, "no valid `format_version`"),
        ({"extra": 1}, "unknown: `extra`"),
        ({"hop_length": 0}, "`hop_length` must be an integer of at least 1; got 0"),
    ],
)
def test_damaged_settings_are_refused(change, message):
    with pytest.raises(ModelError, match=message):
        FeatureSettings.from_dict(FeatureSettings().to_dict() | change)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sample_rate": 16000.0}, "`sample_rate` must be an integer"),
        ({"f0_tracker": "crepe"}, "`f0_tracker` must be one of `crepe-tiny`"),
        ({"loudness": "loud"}, "`loudness` must be one of `a_weighted`"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        FeatureSettings(**arguments)


def test_differences_are_named():
    with pytest.raises(DatasetError, match="`hop_length` is 320 there, 64 here"):
        FeatureSettings().check_matches(FeatureSettings(hop_length=320))
    FeatureSettings().check_matches(FeatureSettings())


def test_frames():
    settings = FeatureSettings()
    assert settings.frame_rate == 250.0
    assert [settings.n_frames(n) for n in (0, 1, 64, 65)] == [0, 1, 1, 2]


def test_features_slice_and_batch():
    features = Features(np.arange(1, 6), np.ones(5), np.zeros(5))
    assert features[1:3].f0_hz.tolist() == [2, 3]
    batch = features.as_batch()
    assert batch["f0_hz"].shape == (1, 5, 1)
    assert batch["loudness_db"].dtype == np.float32


def test_features_of_unequal_length_are_refused():
    with pytest.raises(ArgumentError, match=r"\(5,\), \(4,\)"):
        Features(np.ones(5), np.ones(4), np.ones(5))


def test_settings_that_0_1_0_knew_are_stored_as_it_stored_them():
    values = FeatureSettings(f0_refined=False).to_dict()
    assert values["format_version"] == 1
    assert not {"columns", "f0_refined"} & set(values)
    restored = FeatureSettings.from_dict(values)
    assert (restored.columns, restored.f0_refined) == (DEFAULT_COLUMNS, False)


def test_other_columns_round_trip_and_are_compared():
    settings = FeatureSettings(columns=["loudness_db", "mel_db"], f0_refined=False)
    stored = json.loads(json.dumps(settings.to_dict()))
    assert stored["format_version"] == 2
    assert FeatureSettings.from_dict(stored) == settings
    assert hash(FeatureSettings.from_dict(stored)) == hash(settings)
    # A dataset may hold more than a model needs.
    FeatureSettings(columns=("mel_db",), f0_refined=False).check_matches(settings)
    with pytest.raises(DatasetError, match="`f0_hz`, `f0_confidence` are not among its columns"):
        FeatureSettings().check_matches(settings)


def test_whether_the_pitch_is_refined_is_stored_and_compared():
    stored = json.loads(json.dumps(FeatureSettings().to_dict()))
    assert stored["format_version"] == 3
    assert FeatureSettings.from_dict(stored) == FeatureSettings()
    with pytest.raises(DatasetError, match="`f0_refined` is False there, True here"):
        FeatureSettings().check_matches(FeatureSettings(f0_refined=False))
    with pytest.raises(ArgumentError, match="`f0_refined` must be true or false; got 1"):
        FeatureSettings(f0_refined=1)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("mel_db", "`columns` must be names of columns; got 'mel_db'"),
        ((3,), "must be names of columns"),
        (("mel_db", "mel_db"), "`mel_db` is there twice"),
    ],
)
def test_columns_that_are_no_names_are_refused(columns, message):
    with pytest.raises(ArgumentError, match=message):
        FeatureSettings(columns=columns)
