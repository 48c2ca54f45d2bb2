"""Searches without gradients: they find, repeat, go on, stop, and say what is wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference.search import METHODS, Found, search

N = 6
TARGET = np.linspace(0.15, 0.85, N)


def rugged(places: np.ndarray) -> np.ndarray:
    """A bowl with many pits, whose deepest is at `TARGET`."""
    off = places - TARGET
    return np.sum(off**2 + 0.01 * (1.0 - np.cos(12.0 * np.pi * off)), axis=1)


@pytest.mark.parametrize("method", METHODS)
def test_each_is_better_than_random_places(method: str) -> None:
    found = search(rugged, N, method=method, n_evaluations=1500, seed=1)
    at_random = np.random.default_rng(1).random([1500, N])
    assert found.loss < 0.5 * np.min(rugged(at_random))
    assert found.loss == rugged(found.place[np.newaxis])[0] == np.min(found.losses)
    assert np.all((found.place >= 0.0) & (found.place <= 1.0))
    assert 1500 <= found.n_evaluations == len(found.losses) < 1600


def stopped(after: int) -> Callable[[float], None]:
    calls = iter(range(10**6))

    def progress(share: float) -> None:
        if next(calls) == after:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("method", METHODS)
def test_one_that_was_stopped_goes_on_bit_by_bit(method: str, tmp_path: Path) -> None:
    about = {"method": method, "n_evaluations": 300, "seed": 3, "start": np.full(N, 0.4)}
    whole = search(rugged, N, **about)
    state = tmp_path / "kept.search"
    first = search(rugged, N, **about, state=state, progress=stopped(2))
    assert first.interrupted
    assert first.n_evaluations < 300
    calls: list[int] = []

    def counted(places: np.ndarray) -> np.ndarray:
        calls.append(len(places))
        return rugged(places)

    second = search(counted, N, **about, state=state)
    assert np.array_equal(second.losses, whole.losses)
    assert np.array_equal(second.place, whole.place)
    assert sum(calls) == whole.n_evaluations - first.n_evaluations


def test_a_step_that_was_stopped_leaves_nothing_half_known(tmp_path: Path) -> None:
    about = {"method": "ga", "n_evaluations": 300, "seed": 3}
    state = tmp_path / "kept.search"

    def breaks(places: np.ndarray) -> np.ndarray:
        if len(places) != 40:  # In the second generation.
            raise KeyboardInterrupt
        return rugged(places)

    assert search(breaks, N, **about, state=state).n_evaluations == 40
    assert np.array_equal(search(rugged, N, **about, state=state).losses, _whole().losses)


def _whole() -> Found:
    return search(rugged, N, method="ga", n_evaluations=300, seed=3)


def test_what_is_not_finite_is_not_taken() -> None:
    def half(places: np.ndarray) -> np.ndarray:
        return np.where(places[:, 0] > 0.5, np.nan, rugged(places))

    for method in METHODS:
        assert np.isfinite(search(half, N, method=method, n_evaluations=200).loss)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"one of ga, de, cma, mcmc. Received 'sa'"):
        search(rugged, N, method="sa")
    with pytest.raises(ArgumentError, match=r"should be \[6\], 0 to 1. Received shape \(5,\)"):
        search(rugged, N, start=np.zeros(5))
    with pytest.raises(ArgumentError, match="`n_evaluations` should be 1 or more"):
        search(rugged, N, n_evaluations=0)
    state = tmp_path / "kept.search"
    search(rugged, N, method="ga", n_evaluations=40, state=state)
    with pytest.raises(ArgumentError, match=r"other settings \(method: ga, now de\)"):
        search(rugged, N, method="de", n_evaluations=40, state=state)
    state.write_bytes(b"nothing of the kind")
    with pytest.raises(ArgumentError, match=r"holds no search\. Remove it"):
        search(rugged, N, method="de", n_evaluations=40, state=state)
