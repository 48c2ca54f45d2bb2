"""The judges of liveliness: of a sound and itself, of one that stands still, and of other noise."""

import numpy as np
import pytest
from liveliness import LAGS, Judged

RATE = 16000


def _noise(seed: int, depth: float) -> np.ndarray:
    """Twenty seconds of noise that swells and fades four times a second."""
    seconds = np.arange(20 * RATE) / RATE
    swell = 1.0 + depth * np.sin(2 * np.pi * 4.0 * seconds)
    return 0.1 * swell * np.random.default_rng(seed).normal(size=len(seconds))


def _judged(recording: np.ndarray, imitation: np.ndarray) -> Judged:
    judged = Judged(RATE)
    judged.add(recording, imitation)
    return judged


def test_a_sound_is_not_told_from_itself() -> None:
    judged = _judged(_noise(0, 0.9), _noise(0, 0.9))
    np.testing.assert_allclose(judged.changes_db, 0.0, atol=1e-9)
    assert judged.told_apart == pytest.approx(0.5)


def test_other_noise_of_the_same_kind_changes_as_much_and_is_a_guess() -> None:
    judged = _judged(_noise(0, 0.9), _noise(1, 0.9))
    np.testing.assert_allclose(judged.changes_db, 0.0, atol=0.3)
    assert 0.3 < judged.told_apart < 0.7


def test_what_stands_still_changes_less_where_the_recording_swells_and_is_told() -> None:
    judged = _judged(_noise(0, 0.5), _noise(1, 0.0))
    changes = dict(zip(LAGS, judged.changes_db, strict=True))
    assert abs(changes[1]) < 0.5  # Noise itself changes from hop to hop.
    assert changes[16] < -5.0  # Half a swell later.
    assert judged.told_apart > 0.95
