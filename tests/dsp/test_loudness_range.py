"""How far apart soft and loud parts are, against NumPy in double precision."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp

RATE = 8000


def by_numpy(sound: np.ndarray) -> float:
    """EBU Tech 3342 with windows of 400 ms, unweighted."""
    hop = RATE // 10
    starts = range(0, len(sound) - 4 * hop + 1, hop)
    power = np.array([np.mean(sound[start : start + 4 * hop] ** 2) for start in starts])
    heard = 10 * np.log10(power[power >= np.mean(power) / 100])
    return float(np.percentile(heard, 95) - np.percentile(heard, 10))


def swelling(seconds: float, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    return 0.3 * np.exp(-2.0 * (t % 2.1)) * random.standard_normal(len(t))


@pytest.mark.parametrize("seconds", [1.0, 3.3, 8.05])
def test_it_is_that_of_the_standard(seconds: float) -> None:
    sounds = np.stack([swelling(seconds, seed) for seed in range(2)])
    found = dsp.loudness_range_db(tf.constant(sounds), sample_rate=RATE).numpy()
    np.testing.assert_allclose(found, [by_numpy(sound) for sound in sounds], atol=1e-6)


def test_silence_between_does_not_count() -> None:
    sound = np.concatenate([swelling(4.0), np.zeros(4 * RATE), swelling(4.0)])
    alone = np.concatenate([swelling(4.0), swelling(4.0)])
    found, without = (
        float(dsp.loudness_range_db(x[np.newaxis].astype(np.float32), sample_rate=RATE)[0])
        for x in (sound, alone)
    )
    assert abs(found - without) < 1.5


def test_a_short_sound_has_some() -> None:
    short = dsp.loudness_range_db(tf.ones([1, 100]), sample_rate=RATE)
    assert np.isfinite(short.numpy()).all()


def test_its_gradient_is_that_of_differences() -> None:
    sound = tf.constant(swelling(1.5)[np.newaxis])
    with tf.GradientTape() as tape:
        power = tf.Variable(1.2, dtype=tf.float64)
        value = dsp.loudness_range_db(tf.sign(sound) * tf.abs(sound) ** power, sample_rate=RATE)[0]
    ours = float(tape.gradient(value, power))
    step = 1e-6
    lower, upper = (
        by_numpy((np.sign(sound) * np.abs(sound) ** (1.2 + x))[0].astype(np.float64))
        for x in (-step, step)
    )
    assert ours == pytest.approx((upper - lower) / (2 * step), rel=1e-4)


def test_quantiles_are_those_of_what_counts() -> None:
    random = np.random.default_rng(1)
    values = random.standard_normal([3, 40])
    mask = random.random([3, 40]) < 0.6
    found = dsp.quantiles_where(tf.constant(values), tf.constant(mask), (0.0, 0.3, 1.0)).numpy()
    for row, (x, chosen) in enumerate(zip(values, mask, strict=True)):
        np.testing.assert_allclose(found[row], np.quantile(x[chosen], (0.0, 0.3, 1.0)), atol=1e-9)
