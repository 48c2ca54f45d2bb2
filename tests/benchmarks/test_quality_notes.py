"""Tracks of known notes are cut into these notes."""

import numpy as np
from quality_notes import Note, find_notes

from ddsp_tf.features import Features

RATE = 250.0


def melody(keys: np.ndarray, loudness_db: float | np.ndarray = -20.0) -> Features:
    """A track with the pitch `keys`, in MIDI notes, as sure as can be."""
    f0_hz = 440.0 * 2.0 ** ((keys - 69.0) / 12.0)
    return Features(f0_hz, np.ones(len(keys)), np.broadcast_to(loudness_db, len(keys)))


def seconds(duration_s: float) -> np.ndarray:
    return np.arange(round(duration_s * RATE)) / RATE


def keys_of(notes: list[Note]) -> list[int]:
    return [note.key for note in notes]


def test_vibrato_is_one_note() -> None:
    for rate_hz, phase in ((5.0, 0.0), (6.0, np.pi / 2), (7.0, -np.pi / 2)):
        keys = 69.3 + 0.5 * np.sin(2 * np.pi * rate_hz * seconds(2.0) + phase)
        assert find_notes(melody(keys), frame_rate=RATE) == [Note(0, 500, 69)]


def test_a_tremolo_of_3_db_is_one_note() -> None:
    wave = 1.5 * np.sin(2 * np.pi * 6.0 * seconds(2.0))
    notes = find_notes(melody(np.full(500, 60.0), -20.0 + wave), frame_rate=RATE)
    assert notes == [Note(0, 500, 60)]


def test_a_scale_of_legato_notes() -> None:
    scale = [60, 62, 64, 65, 67, 69, 71, 72, 71, 69]
    keys = np.repeat(scale, 25).astype(float)
    # Trackers take some frames from one pitch to the next.
    smeared = np.convolve(np.pad(keys, 4, mode="edge"), np.full(9, 1 / 9), mode="valid")
    notes = find_notes(melody(smeared), frame_rate=RATE)
    assert keys_of(notes) == scale
    assert all(abs(note.first - 25 * index) <= 2 for index, note in enumerate(notes))
    assert notes[-1].end == len(keys)


def test_a_glide_is_one_note_and_bends() -> None:
    glide = np.concatenate([np.full(125, 60.0), np.linspace(60.0, 79.0, 350), np.full(125, 79.0)])
    assert len(find_notes(melody(glide), frame_rate=RATE)) == 1
    slide = np.concatenate([np.full(125, 64.0), np.linspace(64.0, 67.0, 40), np.full(200, 67.0)])
    assert find_notes(melody(slide), frame_rate=RATE) == [Note(0, 365, 67)]


def test_repeated_notes_begin_again() -> None:
    beats = -20.0 - 14.0 * (seconds(1.0) % 0.125) / 0.125
    notes = find_notes(melody(np.full(250, 69.0), beats), frame_rate=RATE)
    assert keys_of(notes) == [69] * 8
    firsts = np.array([note.first for note in notes])
    np.testing.assert_allclose(firsts, np.arange(8) * 0.125 * RATE, atol=2)


def test_a_swell_is_one_note() -> None:
    swell = -25.0 + 10.0 * np.cos(2 * np.pi * 0.5 * seconds(4.0))
    notes = find_notes(melody(np.full(1000, 69.0), swell), frame_rate=RATE)
    assert notes == [Note(0, 1000, 69)]


def test_silence_parts_notes() -> None:
    loudness_db = np.where((seconds(2.0) > 0.8) & (seconds(2.0) < 1.2), -70.0, -20.0)
    notes = find_notes(melody(np.full(500, 55.0), loudness_db), frame_rate=RATE)
    assert notes == [Note(0, 201, 55), Note(300, 500, 55)]
    silence = melody(np.full(500, 55.0), -80.0)
    assert find_notes(silence, frame_rate=RATE) == []


def test_a_slip_of_the_tracker_is_no_note() -> None:
    keys = np.full(500, 69.0)
    keys[200:206] += 12.0
    assert find_notes(melody(keys), frame_rate=RATE) == [Note(0, 500, 69)]
    keys[200:280] += 12.0
    unsure = melody(keys)
    unsure.f0_confidence[200:280] = 0.0
    assert find_notes(unsure, frame_rate=RATE) == [Note(0, 500, 69)]


def test_no_confidence_at_all_still_plays() -> None:
    features = melody(np.full(100, 69.0))
    features.f0_confidence[:] = 0.0
    assert find_notes(features, frame_rate=RATE) == [Note(0, 100, 69)]
