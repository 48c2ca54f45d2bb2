"""Pitch and loudness as notes."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.midi import recognise_notes

RATE = 250.0


def played(*rows, seconds=2.0, detune=0.0, vibrato=0.0, noise=0.0):
    """Tracks of a melody: pitch, confidence, loudness; softer and unsure between the notes."""
    random = np.random.default_rng(0)
    time_s = np.arange(round(seconds * RATE)) / RATE
    midi, sure, level = np.full(len(time_s), 60.0), np.full(len(time_s), 0.1), time_s * 0 - 80.0
    for onset_s, offset_s, key, level_db in rows:
        inside = (time_s >= onset_s) & (time_s < offset_s)
        age_s = time_s[inside] - onset_s
        midi[inside] = key + detune + vibrato * np.sin(2 * np.pi * 5.5 * age_s)
        sure[inside] = 0.9
        level[inside] = level_db - 15.0 * np.clip(1.0 - age_s / 0.03, 0.0, 1.0)
    midi += noise * random.standard_normal(len(midi))
    return 440.0 * 2.0 ** ((midi - 69.0) / 12.0), sure, level


def test_notes_are_found_in_time_with_their_keys_and_dynamics():
    truth = ((0.2, 0.6, 60, -30), (0.6, 0.9, 62, -20), (1.2, 1.8, 55, -40))
    found = recognise_notes(*played(*truth, noise=0.1), frame_rate=RATE)
    assert found[:, 2].tolist() == [60, 62, 55]
    np.testing.assert_allclose(found[:, :2], [row[:2] for row in truth], atol=0.02)
    assert np.argsort(found[:, 3]).tolist() == [2, 0, 1]


def test_a_repeated_key_is_two_notes_and_vibrato_is_one():
    again = recognise_notes(*played((0.2, 0.8, 60, -20), (0.8, 1.4, 60, -20)), frame_rate=RATE)
    assert again[:, 2].tolist() == [60, 60]
    assert again[1, 0] == pytest.approx(0.8, abs=0.02)
    shaken = played((0.2, 1.6, 69, -20), vibrato=0.45)
    assert recognise_notes(*shaken, frame_rate=RATE)[:, 2].tolist() == [69]


def test_a_recording_at_another_tuning_keeps_its_keys():
    for detune in (-0.4, 0.4):
        rows = ((0.2, 0.6, 60, -20), (0.6, 1.0, 61, -20), (1.0, 1.6, 67, -20))
        found = recognise_notes(*played(*rows, detune=detune), frame_rate=RATE)
        assert found[:, 2].tolist() == [60, 61, 67]


def test_glitches_of_the_tracker_are_no_notes():
    f0_hz, sure, level = played((0.2, 1.6, 69, -20))
    f0_hz[200:206] *= 2.0
    assert recognise_notes(f0_hz, sure, level, frame_rate=RATE)[:, 2].tolist() == [69]


def test_silence_and_arrays_that_do_not_fit():
    nothing = recognise_notes(*played(), frame_rate=RATE)
    assert nothing.shape == (0, 5)
    with pytest.raises(ArgumentError, match="equally long"):
        recognise_notes(np.ones(3), np.ones(3), np.ones(4), frame_rate=RATE)
    with pytest.raises(ArgumentError, match="a frame at least"):
        recognise_notes(np.ones(0), np.ones(0), np.ones(0), frame_rate=RATE)
