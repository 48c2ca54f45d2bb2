"""Learning rates and the average of the weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.training import Optimization, WarmupExponentialDecay, WeightAverage


def test_the_rate_decays_by_its_factor_every_so_many_steps() -> None:
    schedule = WarmupExponentialDecay(3e-4, decay_rate=0.98, decay_steps=10_000)
    assert float(schedule(0)) == pytest.approx(3e-4)
    assert float(schedule(10_000)) == pytest.approx(3e-4 * 0.98)
    assert float(schedule(5_000)) == pytest.approx(3e-4 * 0.98**0.5)


def test_a_warm_up_rises_linearly_and_then_changes_nothing() -> None:
    plain = WarmupExponentialDecay(1e-3, decay_steps=50)
    warm = WarmupExponentialDecay(1e-3, decay_steps=50, warmup_steps=10)
    assert float(warm(0)) == pytest.approx(float(plain(0)) / 10)
    assert float(warm(4)) == pytest.approx(float(plain(4)) / 2)
    for step in (9, 10, 200):
        assert float(warm(step)) == pytest.approx(float(plain(step)))


def test_the_schedule_survives_serialisation() -> None:
    settings = Optimization(2e-3, decay_rate=0.9, decay_steps=7, warmup_steps=3)
    optimizer = settings.make_optimizer()
    custom = {"WarmupExponentialDecay": WarmupExponentialDecay}
    copy = keras.optimizers.Adam.from_config(optimizer.get_config(), custom_objects=custom)
    optimizer.iterations.assign(5)
    copy.iterations.assign(5)
    assert float(copy.learning_rate) == pytest.approx(float(optimizer.learning_rate))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("learning_rate", 0.0, "above 0"),
        ("decay_rate", 1.1, r"in \(0, 1\]"),
        ("decay_steps", 0, "above 0"),
        ("warmup_steps", -1, "0 or more"),
    ],
)
def test_rates_out_of_range_are_refused(name: str, value: float, expected: str) -> None:
    with pytest.raises(ArgumentError, match=f"`{name}` must be {expected}, but is {value}"):
        Optimization(**{name: value})


def test_the_average_follows_the_weights_and_steps_aside() -> None:
    weight = keras.Variable([0.0, 8.0])
    average = WeightAverage([weight], decay=0.5)
    values = [np.array([1.0, 8.0]), np.array([2.0, 8.0]), np.array([4.0, 8.0])]
    expected = np.array([0.0, 8.0])
    for n_updates, value in enumerate(values):
        weight.assign(value)
        average.update(tf.constant(n_updates))
        decay = min(0.5, (1 + n_updates) / (10 + n_updates))
        expected = decay * expected + (1 - decay) * value
    with average.applied():
        np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6)
    np.testing.assert_array_equal(weight.numpy(), values[-1])


def test_the_weights_come_back_even_after_an_error() -> None:
    weight = keras.Variable([3.0])
    average = WeightAverage([weight], decay=0.9)
    weight.assign([5.0])
    with pytest.raises(RuntimeError), average.applied():
        raise RuntimeError
    assert float(weight[0]) == 5.0


@pytest.mark.parametrize("decay", [0.0, 1.0])
def test_an_impossible_decay_of_the_average_is_refused(decay: float) -> None:
    with pytest.raises(ArgumentError, match="`ema_decay` must be between 0 and 1"):
        WeightAverage([], decay=decay)
