"""The error-to-signal ratio beside its definition."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Compare, ErrorToSignal


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("pre_emphasis", [0.0, 0.95])
@pytest.mark.parametrize("channels", [(), (2,)])
def test_is_the_definition(pre_emphasis: float, channels: tuple[int, ...]) -> None:
    target, value = draw(2, 300, *channels), draw(2, 300, *channels, seed=1)

    def power(sound: np.ndarray) -> float:
        sound = sound.astype(np.float64)
        return float(np.sum((sound[:, 1:] - pre_emphasis * sound[:, :-1]) ** 2))

    ratio = float(ErrorToSignal(pre_emphasis)(target, value))
    if pre_emphasis:
        assert ratio == pytest.approx(power(target - value) / power(target), rel=1e-5)
    else:
        assert ratio == pytest.approx(np.sum((target - value) ** 2) / np.sum(target**2), rel=1e-5)


def test_pauses_and_silence() -> None:
    target = draw(2, 300) * np.array([[1.0], [0.0]], np.float32)
    assert float(ErrorToSignal()(target, 0.9 * target)) == pytest.approx(0.01, rel=1e-4)
    silence = tf.zeros([1, 300])
    assert float(ErrorToSignal()(silence, silence)) == 0.0
    assert np.isfinite(ErrorToSignal()(silence, silence + 1e-3))
    assert float(ErrorToSignal()(tf.zeros([0, 300]), tf.zeros([0, 300]))) == 0.0


def test_modes_agree_and_it_is_an_objective() -> None:
    def ratio(target: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        return Compare(ErrorToSignal(0.9))({"audio": target}, {"audio": value})["error_to_signal"]

    check_modes_agree(
        ratio,
        {"target": draw(2, 300), "value": draw(2, 300, seed=1)},
        {"target": draw(1, 77), "value": draw(1, 77, seed=1)},
    )


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"Received \(1, 300\) and \(1, 299\)"):
        ErrorToSignal()(tf.ones([1, 300]), tf.ones([1, 299]))
    with pytest.raises(ArgumentError, match="`pre_emphasis` should be from 0 to below 1"):
        ErrorToSignal(1.0)
