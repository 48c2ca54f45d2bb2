"""Columns as they are described, and features of any of them."""

import json

import numpy as np
import pytest
from signals import tone

from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import (
    Column,
    ColumnStatistics,
    Features,
    FeatureSettings,
    columns_of,
    extract_features,
    extractor_columns,
    extractor_for,
    join_features,
    notes_column,
    samples_column,
)
from ddsp_tf.features.extractors import pitch
from ddsp_tf.types import Signal


@pytest.mark.parametrize(
    "column",
    [
        samples_column("audio", 2, stored="float32"),
        notes_column(),
        Column("mel_db", Signal("frames", 80, "dB", low=-100.0), 64, silence=-100.0),
        Column("which", Signal("value", 3)),
    ],
)
def test_a_description_round_trips_through_json(column):
    assert Column.from_dict(json.loads(json.dumps(column.to_dict()))) == column


@pytest.mark.parametrize("change", [{"kind": "video"}, {"hop_length": 0}, {"colour": 1}])
def test_a_damaged_description_is_refused(change):
    described = Column("mel_db", Signal("frames"), 64).to_dict()
    with pytest.raises(DatasetError, match="description of a column is damaged"):
        Column.from_dict({**described, **change})
    with pytest.raises(DatasetError, match="description of a column is damaged"):
        Column.from_dict({"name": "mel_db"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("two words", Signal("frames")), "`name` should be an identifier"),
        (("audio", Signal("samples"), 64), r"of frames alone\. Got 64 for samples"),
        (("mel", Signal("frames"), 64, None, "int16"), "Only samples are stored as int16"),
        (("notes", Signal("notes", 3)), r"Notes have 5 fields, onset_s.*Got a width of 3"),
    ],
)
def test_columns_that_make_no_sense_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Column(*arguments)


def test_a_finer_column_has_several_rows_a_frame():
    column = Column("fine", Signal("frames", 3), 16)
    assert column.rows_per_frame(64) == 4
    assert column.values_per_frame(64) == 12
    assert samples_column("audio", 2).values_per_frame(64) == 128
    with pytest.raises(ArgumentError, match=r"hop of `fine`, 16 samples, should divide.* 40"):
        column.rows_per_frame(40)


def test_features_hold_any_columns():
    rng = np.random.default_rng(0)
    features = Features(loudness_db=np.arange(6.0), mel_db=rng.normal(size=(6, 4)))
    assert list(features) == ["loudness_db", "mel_db"]
    assert features.has("mel_db")
    assert not features.has("mel_db", "f0_hz")
    assert features[1:4].mel_db.shape == (3, 4)
    assert features.as_batch()["mel_db"].shape == (1, 6, 4)
    with pytest.raises(AttributeError, match="no column `f0_hz`; there are: loudness_db, mel_db"):
        features.f0_hz  # noqa: B018
    changed = features.with_columns(loudness_db=np.zeros(6))
    assert changed.loudness_db.max() == 0
    assert changed.mel_db is features.mel_db
    joined = join_features([features[:2], features[2:]])
    np.testing.assert_array_equal(joined.mel_db, features.mel_db)
    assert dict(features).keys() == {"loudness_db", "mel_db"}


def test_a_slice_of_frames_takes_all_rows_of_finer_columns():
    fine = np.arange(24.0).reshape(12, 2)
    features = Features(loudness_db=np.arange(3.0), fine=fine, rows={"fine": 4})
    assert features.n_frames == 3
    np.testing.assert_array_equal(features[1:3].fine, fine[4:])
    np.testing.assert_array_equal(features[1:2].fine, fine[4:8])
    assert features.as_batch()["fine"].shape == (1, 12, 2)
    assert join_features([features, features]).n_frames == 6
    with pytest.raises(ArgumentError, match="with 4 rows a frame"):
        Features(fine=fine[:10], rows={"fine": 4})


def test_the_columns_asked_for_come_in_their_order():
    settings = FeatureSettings(columns=("spectral_centroid_hz", "loudness_db"))
    features = extract_features(tone(300, 8000), settings)
    assert list(features) == ["spectral_centroid_hz", "loudness_db"]
    assert extract_features(tone(300, 8000), FeatureSettings(columns=())).n_frames == 0


def test_no_tracker_runs_when_no_pitch_is_asked_for(monkeypatch):
    def refuse(name: str) -> None:
        raise AssertionError(name)

    monkeypatch.setattr(pitch, "get_tracker", refuse)
    told: list[float] = []
    settings = FeatureSettings(columns=("loudness_db", "periodicity"))
    extract_features(tone(300, 8000), settings, progress=told.append)
    assert told == [1.0]
    with pytest.raises(AssertionError, match="crepe-tiny"):
        extract_features(tone(300, 8000), FeatureSettings(columns=("f0_confidence",)))


def test_one_run_of_the_tracker_gives_both_of_its_columns(monkeypatch):
    tracked: list[str] = []
    get_tracker = pitch.get_tracker
    monkeypatch.setattr(
        pitch, "get_tracker", lambda name: tracked.append(name) or get_tracker(name)
    )
    extract_features(tone(300, 8000))
    assert tracked == ["crepe-tiny"]


def test_every_extractor_keeps_what_it_describes():
    audio = np.concatenate([tone(300, 7000), np.zeros(3000, np.float32)])
    settings = FeatureSettings(hop_length=160)
    for name in extractor_columns():
        column = extractor_for(name).describe(settings)[name]
        values = extractor_for(name).extract(audio, settings)[name]
        assert column.name == name
        assert len(values) == settings.n_frames(len(audio))
        assert values.size == len(values) * column.width
        assert values.dtype == np.float32
        assert column.signal.low is None or values.min() >= column.signal.low
        assert column.signal.high is None or values.max() <= column.signal.high


def test_a_column_that_nothing_makes_is_refused():
    with pytest.raises(ArgumentError, match=r"makes the column `lodness_db`\. There are: bark_c"):
        columns_of(FeatureSettings(columns=("lodness_db",)))


def test_statistics_of_a_column():
    rng = np.random.default_rng(1)
    values = rng.normal([1.0, -5.0], [0.1, 2.0], [5000, 2])
    statistics = ColumnStatistics.from_values(values)
    np.testing.assert_allclose(statistics.mean, [1.0, -5.0], atol=0.1)
    np.testing.assert_allclose(statistics.deviation, [0.1, 2.0], rtol=0.05)
    np.testing.assert_allclose(statistics.quantiles[0], values.min(axis=0))
    np.testing.assert_allclose(statistics.quantiles[4], np.median(values, axis=0), atol=1e-3)
    assert ColumnStatistics.from_dict(json.loads(json.dumps(statistics.to_dict()))) == statistics
    with pytest.raises(DatasetError, match="statistics of a column are damaged"):
        ColumnStatistics.from_dict({"mean": [1.0]})
