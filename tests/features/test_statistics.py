"""Note mask and statistics on constructed notes."""

import json

import numpy as np
import pytest

from ddsp_tf.errors import DatasetError, ModelError
from ddsp_tf.features import Features, Statistics, note_mask

NOTES = [(250, 500, 220.0, -20.0), (750, 1000, 440.0, -30.0)]


def notes_and_silence() -> Features:
    f0_hz, confidence, loudness_db = np.full(1250, 300.0), np.full(1250, 0.05), np.full(1250, -80.0)
    for first, end, pitch_hz, level_db in NOTES:
        f0_hz[first:end] = pitch_hz
        confidence[first:end] = 0.9
        loudness_db[first:end] = level_db
    return Features(f0_hz, confidence, loudness_db)


def test_mask_finds_the_notes():
    mask = note_mask(notes_and_silence())
    expected = np.zeros(1250, bool)
    for first, end, _, _ in NOTES:
        expected[first:end] = True
    assert not mask[~expected].any()
    # Confidence is averaged over 40 frames, so a note's first and last ones can be missed.
    missed = np.flatnonzero(expected & ~mask)
    edges = [edge for note in NOTES for edge in note[:2]]
    assert all(min(abs(frame - edge) for edge in edges) <= 20 for frame in missed)


def test_loud_noise_is_no_note():
    noise = Features(np.full(500, 300.0), np.full(500, 0.2), np.full(500, -20.0))
    assert not note_mask(noise).any()


def test_a_higher_threshold_keeps_fewer_frames():
    features = notes_and_silence()
    counts = [note_mask(features, threshold).sum() for threshold in (0.0, 1.0, 1.5, 2.0)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 500
    assert counts[-1] == 0


def test_statistics_describe_the_notes():
    statistics = Statistics.from_features([notes_and_silence(), notes_and_silence()])
    assert statistics.seconds == 10.0
    assert statistics.n_recordings == 2
    assert 0.33 < statistics.voiced_share <= 0.4
    assert statistics.f0_midi_quantiles[0] == pytest.approx(57, abs=0.01)
    assert statistics.f0_midi_quantiles[-1] == pytest.approx(69, abs=0.01)
    assert statistics.f0_hz_range == pytest.approx((220, 440), rel=1e-3)
    assert statistics.loudness_db_range == pytest.approx((-30, -20))
    assert statistics.mean_min_f0_midi == pytest.approx(57, abs=0.01)
    assert statistics.mean_max_loudness_db == pytest.approx(-20)


def test_round_trip_through_json():
    statistics = Statistics.from_features([notes_and_silence()])
    assert Statistics.from_dict(json.loads(json.dumps(statistics.to_dict()))) == statistics


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 7}, "version 7, but this ddsp_tf reads up to 1"),
        ({"seconds": float("nan")}, "damaged.*`seconds`"),
        ({"f0_midi_quantiles": [1.0]}, "damaged.*`f0_midi_quantiles`"),
        ({"f0_midi_quantiles": [60.0] * 100 + [1e6]}, "damaged.*`f0_midi_quantiles`"),
        ({"loudness_db_mean": -(2**24)}, "damaged.*`loudness_db_mean`"),
        ({"n_recordings": 10**400}, "damaged.*int too large"),
    ],
)
def test_damaged_statistics_are_refused(change, message):
    values = Statistics.from_features([notes_and_silence()]).to_dict() | change
    with pytest.raises(ModelError, match=message):
        Statistics.from_dict(values)


def test_without_notes_it_says_what_to_record():
    silence = Features(np.full(100, 300.0), np.zeros(100), np.full(100, -80.0))
    with pytest.raises(DatasetError, match=r"No recording holds a note.*Record one melody"):
        Statistics.from_features([silence])
