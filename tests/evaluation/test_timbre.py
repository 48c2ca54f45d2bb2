"""The distance of timbres: known for a filter, for a mixture, and for Gaussians."""

import numpy as np
import pytest

from ddsp_tf.evaluation import Timbre
from ddsp_tf.evaluation.timbre import _N_COEFFICIENTS

RATE = 16000


def gaussian(mean: np.ndarray, covariance: np.ndarray, n: int = 1000) -> Timbre:
    return Timbre(n, n * mean, n * (covariance + np.outer(mean, mean)))


def bowed(f0_hz: float, *, tilt: float, seconds: float = 2.0) -> np.ndarray:
    """A tone with noise, whose partials fall with `tilt`."""
    time = np.arange(round(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * f0_hz * k * time) * k**-tilt for k in range(1, 15))
    return 0.1 * tone + 0.003 * np.random.default_rng(round(f0_hz)).normal(size=len(time))


def test_the_distance_of_gaussians_is_that_of_the_formula() -> None:
    rng = np.random.default_rng(3)
    scale = rng.uniform(0.5, 2.0, _N_COEFFICIENTS)
    mean = rng.normal(size=_N_COEFFICIENTS)
    first = gaussian(np.zeros(_N_COEFFICIENTS), np.eye(_N_COEFFICIENTS))
    second = gaussian(mean, np.diag(scale**2))
    expected = np.sqrt(np.sum(mean**2) + np.sum((scale - 1.0) ** 2))
    assert first.distance_db(second) == pytest.approx(expected, rel=1e-6)
    assert second.distance_db(first) == pytest.approx(expected, rel=1e-6)


def test_timbres_add_up_to_that_of_both_sounds() -> None:
    sounds = [bowed(440.0, tilt=1.0), bowed(330.0, tilt=1.5)]
    first, second = (Timbre.of(x, sample_rate=RATE) for x in sounds)
    both = Timbre.empty() + first + second
    assert both.n_frames == first.n_frames + second.n_frames
    assert both.mean == pytest.approx((first.total + second.total) / both.n_frames)
    assert np.linalg.eigvalsh(both.covariance).min() > -1e-9


def test_another_instrument_is_further_than_another_take_and_level_is_no_timbre() -> None:
    def of(*sounds: np.ndarray) -> Timbre:
        return sum((Timbre.of(x, sample_rate=RATE) for x in sounds), Timbre.empty())

    reference = of(*(bowed(f, tilt=1.0) for f in (262.0, 330.0, 392.0, 494.0)))
    take = of(*(bowed(f, tilt=1.0) for f in (277.0, 349.0, 415.0)))
    quiet = of(*(0.3 * bowed(f, tilt=1.0) for f in (277.0, 349.0, 415.0)))
    duller = of(*(bowed(f, tilt=2.5) for f in (277.0, 349.0, 415.0)))
    assert quiet.distance_db(take) < 1e-3
    assert duller.distance_db(reference) > 1.8 * take.distance_db(reference)


def test_silence_is_left_out_and_too_little_sound_is_unknown() -> None:
    tone = bowed(440.0, tilt=1.0)
    padded = np.concatenate([np.zeros(RATE), tone, np.zeros(RATE)])
    alone, with_silence = (Timbre.of(x, sample_rate=RATE) for x in (tone, padded))
    assert abs(alone.n_frames - with_silence.n_frames) <= 4
    assert np.isnan(alone.distance_db(Timbre.empty()))
    assert np.isnan(Timbre.of(np.zeros(RATE), sample_rate=RATE).distance_db(alone))
