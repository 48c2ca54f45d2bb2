"""Rooms made of noise: their decays, colours, both ways to make them."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.dsp.room_acoustics import echo_density, octave_signals, reverberation_times_s
from ddsp_tf.dsp.room_noise import (
    decay_gains,
    decaying_noise,
    filtered_velvet_noise,
    octave_noise,
    segment_windows,
)
from ddsp_tf.errors import ArgumentError

RATE = 8000
BANDS = (250.0, 500.0, 1000.0, 2000.0)


def velvet(
    method: str,
    gains: tf.Tensor,
    n_samples: int = 4000,
    spread: float = 0.5,
    n_spread: int = 1,
) -> tf.Tensor:
    return filtered_velvet_noise(
        gains,
        tf.constant([[0.4]], gains.dtype),
        tf.fill([1, n_spread], tf.cast(spread, gains.dtype)),
        n_samples,
        BANDS,
        sample_rate=RATE,
        method=method,
    )


def test_a_decay_falls_by_60_db_in_its_time() -> None:
    gains = decay_gains(np.array([0.5, 0.25]), RATE, sample_rate=RATE).numpy()
    np.testing.assert_allclose(20 * np.log10(gains[:, RATE // 4]), [-30.0, -60.0], atol=1e-9)


def test_octaves_of_noise_add_up_to_white_noise() -> None:
    whole = octave_noise(8000, BANDS, sample_rate=RATE, seed=1).sum(axis=0)
    np.testing.assert_allclose(whole, np.random.default_rng(1).standard_normal(8000), atol=1e-4)


def test_every_octave_decays_in_its_own_time_from_its_own_level() -> None:
    times, gains = [[0.8, 0.6, 0.4, 0.3]], [[-20.0, -10.0, 0.0, -5.0]]
    made = decaying_noise(
        tf.constant(gains), tf.constant(times), 3 * RATE, BANDS, sample_rate=RATE
    ).numpy()[0]
    measured = reverberation_times_s(made, BANDS, sample_rate=RATE)
    np.testing.assert_allclose(measured, times[0], rtol=0.12)
    # The energy of an exponential: level^2 times bandwidth times T60 / 13.8.
    energies = 10 * np.log10(np.sum(octave_signals(made, BANDS, sample_rate=RATE) ** 2, axis=1))
    widths = np.array(BANDS) * (2**0.5 - 2**-0.5) / (RATE / 2)
    wanted = np.array(gains[0]) + 10 * np.log10(widths * RATE * np.array(times[0]) / 13.8155)
    np.testing.assert_allclose(energies[1:-1], wanted[1:-1], atol=1.5)


def test_segments_add_up_to_one() -> None:
    total = np.zeros(5000)
    for start, window in segment_windows(5000, 9):
        total[start : start + len(window)] += window
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


def test_both_ways_make_one_room() -> None:
    gains = tf.constant(np.random.default_rng(0).normal(-10, 5, [2, 6, 4]), tf.float32)
    exact = velvet("exact", gains).numpy()
    sampled = velvet("frequency", gains).numpy()
    assert 20 * np.log10(np.max(np.abs(exact - sampled)) / np.max(np.abs(exact))) < -80


def test_a_louder_octave_of_one_segment_is_louder_there_alone() -> None:
    plain = np.full([1, 6, 4], -20.0, np.float32)
    louder = plain.copy()
    louder[0, 3, 2] += 12.0
    before, after = (
        octave_signals(velvet("frequency", tf.constant(x))[0], BANDS, sample_rate=RATE)
        for x in (plain, louder)
    )
    start, window = segment_windows(4000, 6)[3]
    at = start + int(np.argmax(window))
    here = slice(at - 150, at + 150)
    change = 10 * np.log10(
        np.sum(after[:, here] ** 2, axis=1) / np.sum(before[:, here] ** 2, axis=1)
    )
    assert change[2] > 9.0
    assert abs(change[0]) < 2.0
    np.testing.assert_allclose(after[:, : start - 200], before[:, : start - 200], atol=2e-4)


def test_the_gradients_are_those_of_differences() -> None:
    gains = tf.constant(np.random.default_rng(1).normal(-5, 2, [1, 2, 2]))
    weights = np.random.default_rng(2).normal(size=[1, 60])

    def total(gains: tf.Tensor, t60: tf.Tensor, spread: tf.Tensor) -> tf.Tensor:
        made = filtered_velvet_noise(
            gains, t60, spread, 60, [500.0, 1000.0], sample_rate=RATE, method="frequency"
        )
        return tf.reduce_sum(made * weights)

    given = [gains, tf.constant([[0.3]], tf.float64), tf.constant([[0.4]], tf.float64)]
    theory, numbers = tf.test.compute_gradient(total, given, delta=1e-5)
    for one, other in zip(theory, numbers, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_all_passes_of_their_own_that_are_alike_are_those_of_all() -> None:
    gains = tf.constant(np.random.default_rng(0).normal(-10, 5, [1, 6, 4]), tf.float32)

    def made(spread: tf.Tensor, method: str) -> np.ndarray:
        return filtered_velvet_noise(
            gains, tf.constant([[0.4]]), spread, 2000, BANDS, sample_rate=RATE, method=method
        ).numpy()

    one = made(tf.constant([[0.4]]), "exact")
    for method in ("exact", "frequency"):
        each = made(tf.fill([1, 6], 0.4), method)
        assert 20 * np.log10(np.max(np.abs(each - one)) / np.max(np.abs(one))) < -80
    grown = tf.constant([[0.01, 0.1, 0.2, 0.4, 0.6, 0.7]])
    pair = [made(grown, method) for method in ("exact", "frequency")]
    assert 20 * np.log10(np.max(np.abs(pair[1] - pair[0])) / np.max(np.abs(pair[0]))) < -80


def test_segments_of_fewer_pulses_have_their_energy_in_fewer_echoes() -> None:
    def made(density: float | list[float]) -> np.ndarray:
        return filtered_velvet_noise(
            tf.zeros([1, 4, 4]),
            tf.constant([[5.0]]),
            tf.constant([[0.01]]),
            8000,
            BANDS,
            sample_rate=RATE,
            density_hz=density,
        ).numpy()[0]

    even, grown = made(2000.0), made([100.0, 100.0, 2000.0, 2000.0])
    early, late = slice(200, 1500), slice(6000, 7800)
    densities = [echo_density(x, sample_rate=RATE) for x in (even, grown)]
    assert np.mean(densities[1][early]) < 0.4 * np.mean(densities[0][early])
    np.testing.assert_allclose(grown[late], even[late], atol=1e-6)
    energies = [10 * np.log10(np.sum(x[early] ** 2)) for x in (even, grown)]
    assert energies[1] == pytest.approx(energies[0], abs=2.0)


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="one for each of 6 segments"):
        velvet("exact", tf.zeros([1, 6, 4]), spread=0.5, n_spread=4)
    with pytest.raises(ArgumentError, match=r"`gains_db` should be \[batch, n_segments, 4\]"):
        velvet("exact", tf.zeros([1, 4]))
    with pytest.raises(ArgumentError, match="2 segments at least"):
        velvet("exact", tf.zeros([1, 1, 4]))
