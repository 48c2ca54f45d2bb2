"""Notes move to the scale by the stated amount, in the performance's own tuning."""

import numpy as np
import pytest

from ddsp_tf.inference import autotune, estimate_tuning
from ddsp_tf.inference.autotune import find_major_key

RATE = 250.0
MAJOR = np.array([0, 2, 4, 5, 7, 9, 11, 12])


def held(notes: np.ndarray | list[float], frames: int = 100) -> np.ndarray:
    return np.repeat(np.asarray(notes, float), frames)


@pytest.mark.parametrize("amount", [0.0, 0.25, 0.5, 1.0])
def test_a_note_30_cents_off_moves_by_its_share(amount: float) -> None:
    midi = held([60.3, 63.7, 67.0])
    tuned = autotune(midi, amount=amount, tuning=0.0, frame_rate=RATE)
    np.testing.assert_allclose(tuned, held([60.3 - 0.3 * amount, 63.7 + 0.3 * amount, 67.0]))


@pytest.mark.parametrize("tuning", [-0.45, -0.2, 0.0, 0.13, 0.4, 0.49])
def test_the_tuning_of_a_performance_is_found_to_a_cent(tuning: float) -> None:
    rng = np.random.default_rng(0)
    midi = held([60, 62, 64, 67, 71, 58], 400) + tuning + rng.normal(0, 0.08, 2400)
    assert estimate_tuning(midi, np.ones(2400)) == pytest.approx(tuning, abs=0.01)


def test_unclear_frames_count_less_in_the_tuning() -> None:
    midi = np.concatenate([np.full(100, 60.1), np.full(100, 60.4)])
    weights = np.concatenate([np.full(100, 1.0), np.full(100, 0.01)])
    assert estimate_tuning(midi, weights) == pytest.approx(0.1, abs=0.01)


def test_a_performance_in_its_own_tuning_is_left_there() -> None:
    midi = held([60.3, 62.3, 64.3])
    tuned = autotune(midi, amount=1.0, tuning=0.3, frame_rate=RATE)
    np.testing.assert_allclose(tuned, midi)


def test_a_wide_vibrato_stays_with_its_note() -> None:
    """80 cents to each side at 6 Hz crosses into the neighbours without becoming them."""
    time_s = np.arange(1000) / RATE
    midi = 69 + 0.8 * np.sin(2 * np.pi * 6 * time_s)
    np.testing.assert_allclose(
        autotune(midi, amount=1.0, tuning=0.0, frame_rate=RATE), 69.0, atol=1e-9
    )
    half = autotune(midi, amount=0.5, tuning=0.0, frame_rate=RATE)
    np.testing.assert_allclose(half - 69, 0.5 * (midi - 69), atol=1e-9)


@pytest.mark.parametrize("tonic", range(12))
def test_the_major_key_is_found(tonic: int) -> None:
    assert find_major_key(held(60 + tonic + MAJOR)) == tonic


def test_in_a_major_key_a_foreign_note_moves_to_the_scale() -> None:
    midi = held([60.0, 61.3, 62.0, 66.3, 67.0])
    tuned = autotune(midi, amount=1.0, tuning=0.0, frame_rate=RATE, tonic=0)
    np.testing.assert_allclose(tuned, held([60, 62, 62, 67, 67]))


def test_no_notes_no_tuning() -> None:
    assert estimate_tuning(np.zeros(0), np.zeros(0)) == 0.0
