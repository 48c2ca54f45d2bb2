"""Where a recording sounds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from recorded_sounds import HOP, tone

from ddsp_tf.audio.constant_offset import remove_offset
from ddsp_tf.data.segments import frame_levels_db, silent_frames, sounding_segments

CUTS = {"min_silence": 250, "keep_silence": 60, "min_segment": 25}


def silence_of(audio: np.ndarray) -> np.ndarray:
    levels = frame_levels_db(audio, hop_length=HOP)
    return silent_frames(levels, below_db=50.0, floor_db=-70.0)


def test_levels_are_rms_at_the_frames():
    sine = np.sin(2 * np.pi * 250 * np.arange(16000) / 16000).astype(np.float32)
    levels = frame_levels_db(np.concatenate([sine, 0.1 * sine]), hop_length=HOP)
    assert len(levels) == 500
    np.testing.assert_allclose(levels[:240], -3.01, atol=0.1)
    np.testing.assert_allclose(levels[260:490], -23.01, atol=0.1)


def test_long_silences_are_cut_and_a_little_is_kept():
    gap, note = np.zeros(3 * 16000, np.float32), tone(2.0)
    segments = sounding_segments(silence_of(np.concatenate([gap, note, gap, note, gap])), **CUTS)
    assert len(segments) == 2
    # The level window reaches 8 frames around the note's ends.
    np.testing.assert_allclose(segments, [(750 - 60, 1250 + 60), (2000 - 60, 2500 + 60)], atol=8)


def test_short_silences_stay():
    gap = np.zeros(8000, np.float32)
    audio = np.concatenate([tone(1.0), gap, tone(1.0), gap])
    assert sounding_segments(silence_of(audio), **CUTS) == [(0, 750)]


def test_quiet_music_is_no_silence_and_room_noise_is():
    rng = np.random.default_rng(0)
    noise = 0.0003 * rng.standard_normal(5 * 16000).astype(np.float32)  # 60 dB below the note.
    piano, forte = tone(2.0, amplitude=0.01), tone(2.0, amplitude=0.9)
    segments = sounding_segments(silence_of(np.concatenate([forte, piano, noise])), **CUTS)
    np.testing.assert_allclose(segments, [(0, 1000 + 60)], atol=8)


def test_a_low_note_and_an_offset_change_no_silence():
    gap, note = np.zeros(3 * 16000, np.float32), tone(2.0, f0_hz=41.2)
    audio = np.concatenate([gap, note, gap])
    cleaned, _ = remove_offset(audio + np.float32(0.02), 16000)
    np.testing.assert_array_equal(silence_of(cleaned), silence_of(audio))
    assert silence_of(audio + np.float32(0.02)).sum() == 0  # What it would hide.


def test_a_click_is_no_segment():
    audio = np.zeros(5 * 16000, np.float32)
    audio[40000] = 0.9
    audio[:16000] = tone(1.0)
    segments = sounding_segments(silence_of(audio), **CUTS)
    np.testing.assert_allclose(segments, [(0, 310)], atol=8)


@given(st.lists(st.booleans(), max_size=200), st.integers(0, 3), st.integers(6, 20))
def test_nothing_that_sounds_is_lost(mask, keep, longest):
    silent = np.array(mask, bool)
    segments = sounding_segments(silent, min_silence=longest, keep_silence=keep, min_segment=1)
    kept = np.zeros(len(silent), int)
    for first, end in segments:
        assert 0 <= first < end <= len(silent)
        kept[first:end] += 1
    assert kept.max(initial=0) <= 1
    assert (kept[~silent] == 1).all()
