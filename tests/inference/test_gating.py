"""Between notes the sound fades and the pitch is held; notes keep their attack and decay."""

import numpy as np
import pytest
from inference_toys import FRAME_RATE, features_of

from ddsp_tf.inference.gating import (
    ATTACK_S,
    RELEASE_S,
    clean_mask,
    find_notes,
    gate_envelope,
    hold_pitch,
    remove_chirps,
)


def mask_of(*runs: tuple[bool, int]) -> np.ndarray:
    return np.concatenate([np.full(length, value) for value, length in runs])


def test_glitches_are_cleaned_and_real_gaps_stay() -> None:
    mask = mask_of(
        (True, 50), (False, 5), (True, 50), (False, 40), (True, 4), (False, 40), (True, 9)
    )
    expected = mask_of((True, 105), (False, 84), (True, 9))
    np.testing.assert_array_equal(clean_mask(mask, FRAME_RATE), expected)


def test_short_silence_at_the_ends_is_no_gap() -> None:
    mask = mask_of((False, 3), (True, 50), (False, 3))
    np.testing.assert_array_equal(clean_mask(mask, FRAME_RATE), mask)


def test_the_gate_is_open_in_notes_shut_between_them_and_smooth() -> None:
    mask = mask_of((False, 50), (True, 50), (False, 100), (True, 50), (False, 50))
    gain = gate_envelope(mask, FRAME_RATE)
    np.testing.assert_array_equal(gain[mask], 1.0)
    assert (gain[: 50 - int(ATTACK_S * FRAME_RATE)] == 0).all()
    assert (gain[100 + int(RELEASE_S * FRAME_RATE) : 197] == 0).all()
    assert (np.diff(gain[100:115]) < 0).all()
    assert np.abs(np.diff(gain)).max() < 0.6
    assert gain.min() == 0.0


def test_the_gate_of_a_recording_without_notes_is_shut_even_in_a_few_frames() -> None:
    assert not gate_envelope(np.zeros(5, bool), FRAME_RATE).any()
    np.testing.assert_array_equal(gate_envelope(mask_of((True, 2)), FRAME_RATE), 1.0)


def test_pitch_is_held_from_both_sides_of_a_gap() -> None:
    midi_hz = np.concatenate([np.full(50, 440.0), np.full(40, 55.0), np.full(50, 660.0)])
    mask = mask_of((True, 50), (False, 40), (True, 50))
    held = hold_pitch(midi_hz, mask)
    np.testing.assert_array_equal(held[:70], 440.0)
    np.testing.assert_array_equal(held[70:], 660.0)


def test_pitch_is_held_at_the_ends_of_a_recording() -> None:
    f0_hz = np.concatenate([np.full(20, 70.0), np.full(30, 440.0), np.full(20, 90.0)])
    held = hold_pitch(f0_hz, mask_of((False, 20), (True, 30), (False, 20)))
    np.testing.assert_array_equal(held, 440.0)


def test_one_wrong_frame_at_the_edge_of_a_note_is_not_held() -> None:
    f0_hz = np.concatenate([np.full(49, 440.0), [880.0], np.full(50, 100.0)])
    held = hold_pitch(f0_hz, mask_of((True, 50), (False, 50)))
    np.testing.assert_array_equal(held[50:], 440.0)


def test_pitch_without_notes_is_left_alone() -> None:
    f0_hz = np.linspace(100, 200, 9)
    np.testing.assert_array_equal(hold_pitch(f0_hz, np.zeros(9, bool)), f0_hz)


def test_a_soft_onset_and_a_long_decay_belong_to_their_note() -> None:
    loudness_db = np.concatenate(
        [
            np.full(100, -80.0),
            np.linspace(-58, -20, 25),
            np.full(200, -20.0),
            np.linspace(-20, -58, 200),
        ]
    )
    confidence = np.where(loudness_db > -80, 0.93, 0.0)
    features = features_of(np.full(loudness_db.size, 69.0), loudness_db, confidence)
    notes = find_notes(features, 1.0, frame_rate=FRAME_RATE)
    strict = loudness_db - -80 > 0.9 * np.mean(loudness_db[100:] + 80)
    assert notes[strict].all()
    assert notes[105:505].all(), "the onset and decay must stay"
    assert not notes[:95].any()


@pytest.mark.parametrize("threshold", [0.5, 1.0, 1.5])
def test_loud_noise_without_a_pitch_is_no_note(threshold: float) -> None:
    confidence = np.concatenate([np.full(250, 0.9), np.full(250, 0.15)])
    features = features_of(np.full(500, 69.0), -20.0, confidence)
    notes = find_notes(features, threshold, frame_rate=FRAME_RATE)
    assert notes[:200].all()
    assert not notes[300:].any()


def test_a_threshold_of_zero_keeps_all_that_sounds() -> None:
    features = features_of(np.full(500, 69.0), -30.0, 0.05)
    assert find_notes(features, 0.0, frame_rate=FRAME_RATE).all()


@pytest.mark.parametrize("n_frames", [1, 3, 5])
def test_a_chirp_is_taken_out_and_nothing_else(n_frames: int) -> None:
    f0_hz = np.full(200, 440.0)
    f0_hz[80 : 80 + n_frames] = 523.0
    np.testing.assert_array_equal(remove_chirps(f0_hz, frame_rate=250), np.full(200, 440.0))


def test_steps_glides_vibrato_and_fast_notes_are_no_chirps() -> None:
    time = np.arange(500) / 250
    for f0_hz in (
        np.where(time < 1, 220.0, 660.0),
        220.0 * 2.0 ** (2 * time),
        440.0 * 2.0 ** (np.sin(2 * np.pi * 7 * time) / 12),
        np.where(time % 0.08 < 0.04, 440.0, 494.0),
    ):
        np.testing.assert_array_equal(remove_chirps(f0_hz, frame_rate=250), f0_hz)
