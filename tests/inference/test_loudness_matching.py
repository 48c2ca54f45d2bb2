"""Loudness takes the instrument's distribution, keeps its order, and isn't blown up."""

import numpy as np
import pytest

from ddsp_tf.inference import match_loudness

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("shape", ["uniform", "normal", "skewed"])
def test_the_distribution_becomes_the_instruments(shape: str) -> None:
    source = {
        "uniform": RNG.uniform(-60, -30, 4000),
        "normal": RNG.normal(-50, 5, 4000),
        "skewed": -20 - 4 * RNG.gamma(3.0, size=4000),
    }[shape]
    targets = np.quantile(RNG.normal(-25, 6, 5000), np.linspace(0, 1, 101))
    mapped = match_loudness(source, source, targets)
    share = np.linspace(0.05, 0.95, 19)
    np.testing.assert_allclose(
        np.quantile(mapped, share), np.interp(share, np.linspace(0, 1, 101), targets), atol=0.3
    )


def test_what_was_louder_stays_louder() -> None:
    source = RNG.normal(-40, 8, 500)
    mapped = match_loudness(source, source, np.linspace(-30, -10, 101))
    assert (np.diff(mapped[np.argsort(source)]) >= 0).all()


def test_a_steady_tone_moves_to_the_median_and_stays_steady() -> None:
    """A ripple of 0.2 dB must not become the whole dynamic range of a violin."""
    source = -50 + 0.1 * np.sin(np.arange(1000) / 20)
    mapped = match_loudness(source, source, np.linspace(-50, -10, 101))
    assert np.median(mapped) == pytest.approx(-30, abs=0.1)
    assert np.ptp(mapped) < 0.7


def test_a_constant_moves_to_the_median_exactly() -> None:
    source = np.full(100, -47.0)
    np.testing.assert_allclose(match_loudness(source, source, np.linspace(-40, -20, 101)), -30.0)


def test_beyond_the_notes_the_map_goes_on_with_slope_one() -> None:
    notes = np.linspace(-50, -40, 101)
    mapped = match_loudness(np.array([-60.0, -35.0]), notes, np.linspace(-30, -20, 101))
    np.testing.assert_allclose(mapped, [-40.0, -15.0])


@pytest.mark.parametrize("dynamics", [0.0, 0.5, 1.0])
def test_the_range_of_a_performance_is_between_its_own_and_the_instruments(dynamics: float) -> None:
    """10 dB between soft and loud are played, the instrument knows 20."""
    source = np.linspace(-50, -40, 101)
    mapped = match_loudness(source, source, np.linspace(-30, -10, 101), dynamics=dynamics)
    assert np.median(mapped) == pytest.approx(-20.0)
    assert np.ptp(mapped) == pytest.approx(10.0 + 10.0 * dynamics)


def test_without_notes_nothing_changes() -> None:
    source = np.array([-70.0, -75.0])
    mapped = match_loudness(source, np.zeros(0), np.linspace(-30, -20, 101))
    np.testing.assert_array_equal(mapped, source)
