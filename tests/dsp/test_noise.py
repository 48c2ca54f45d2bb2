"""Noise: a function of seed and position, flat and independent."""

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from contracts import check_modes_agree

from ddsp_tf import dsp


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return dsp.uniform_noise(4, 200_000, seed=7).numpy()


def test_equal_seeds_give_equal_noise_and_others_do_not(noise: np.ndarray) -> None:
    again = dsp.uniform_noise(4, 200_000, seed=7).numpy()
    np.testing.assert_array_equal(again, noise)
    other = dsp.uniform_noise(4, 200_000, seed=8).numpy()
    assert np.max(np.abs(_correlations(np.concatenate([noise, other])))) < 0.01


def test_is_addressed_by_position(noise: np.ndarray) -> None:
    part = dsp.uniform_noise(4, 50, seed=7, start=12_345).numpy()
    np.testing.assert_array_equal(part, noise[:, 12_345:12_395])
    around_zero = dsp.uniform_noise(2, 30, seed=7, start=-10).numpy()
    np.testing.assert_array_equal(around_zero[:, 10:], noise[:2, :20])
    assert np.all(around_zero[:, :10] != 0)


def test_positions_beyond_32_bits_do_not_break() -> None:
    far = dsp.uniform_noise(1, 20, seed=1, start=2**31 - 10).numpy()
    assert np.std(far) > 0.3
    np.testing.assert_array_equal(
        dsp.uniform_noise(1, 20, seed=1, start=2**32 + 5), dsp.uniform_noise(1, 20, seed=1, start=5)
    )


def test_any_integer_is_a_seed() -> None:
    drawn = [dsp.uniform_noise(1, 100, seed=seed).numpy()[0] for seed in (0, -1, 2**31, 2**40 + 3)]
    assert np.max(np.abs(_correlations(np.array(drawn)))) < 0.4


def test_is_uniform(noise: np.ndarray) -> None:
    assert noise.min() >= -1
    assert noise.max() < 1
    assert noise.mean() == pytest.approx(0, abs=0.002)
    assert noise.var() == pytest.approx(1 / 3, rel=0.005)
    assert scipy.stats.kstest(noise[0], scipy.stats.uniform(-1, 2).cdf).pvalue > 1e-3


def test_spectrum_is_flat(noise: np.ndarray) -> None:
    _, power = scipy.signal.welch(noise, nperseg=256, detrend=False, scaling="spectrum")
    spectrum_db = 10 * np.log10(power.mean(axis=0)[1:-1])
    assert np.ptp(spectrum_db) < 0.6


def test_rows_are_independent(noise: np.ndarray) -> None:
    assert np.max(np.abs(_correlations(noise))) < 0.01
    # Nor is one row another one delayed.
    spectra = np.fft.rfft(noise)
    crossed = np.fft.irfft(spectra[0] * np.conj(spectra[1])) / len(noise[0]) * 3
    assert np.max(np.abs(crossed)) < 0.02


def test_neighbouring_seeds_do_not_share_rows() -> None:
    # Rows whose keys were just seed + row would repeat in the next seed.
    one, two = (dsp.uniform_noise(8, 64, seed=seed).numpy() for seed in (3, 4))
    assert not any(np.array_equal(a, b) for a in one for b in two)


def test_every_mode() -> None:
    check_modes_agree(
        lambda seed, start: dsp.uniform_noise(2, 50, seed=seed, start=start),
        {"seed": np.int32(5), "start": np.int64(-20)},
        tolerance=0.0,
    )


def _correlations(rows: np.ndarray) -> np.ndarray:
    correlations = np.corrcoef(rows)
    return correlations[~np.eye(len(rows), dtype=bool)]
