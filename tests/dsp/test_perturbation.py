"""Gradients by perturbation: their mean, their spread, and where they are taken."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError, BlackBoxError

WEIGHTS = np.array(
    [[1.0, -2.0, 0.5, 1.5], [0.3, 0.8, -1.2, 0.6], [2.0, 0.4, 0.7, -0.9], [-0.5, 1.1, 0.2, 0.8]]
)
PLACE = np.array([[0.3, 0.6, 0.45, 0.7]])


def smooth(audio: np.ndarray, points: np.ndarray, sides: Sequence[str]) -> np.ndarray:
    """Four sines of mixtures of four parameters, one a sample."""
    return np.sin(points @ WEIGHTS) + np.exp(-0.5 * points)


def slopes(place: np.ndarray) -> np.ndarray:
    """The gradient of the sum of `smooth`, by hand."""
    return np.cos(place @ WEIGHTS) @ WEIGHTS.T - 0.5 * np.exp(-0.5 * place)


def gradient(place: np.ndarray, function: Any = smooth, **settings: Any) -> np.ndarray:
    parameters = tf.constant(place)
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        played = dsp.perturbed(function, tf.zeros(place.shape, tf.float64), parameters, **settings)
        total = tf.reduce_sum(played)
    found = tape.gradient(total, parameters)
    assert found.dtype == tf.float64
    return found.numpy()


def test_the_mean_of_20000_perturbations_is_the_gradient_within_three_percent() -> None:
    analytic = slopes(PLACE)
    found = gradient(PLACE, n_pairs=20_000)
    error = np.linalg.norm(found - analytic) / np.linalg.norm(analytic)
    # sqrt((P - 1) / n) = 1.2 % is expected.
    assert 1e-5 < error < 0.03


@pytest.mark.parametrize(
    "place", [PLACE, np.array([[0.0, 1.0, 0.005, 0.995]])], ids=["inside", "ends"]
)
def test_a_t_test_finds_no_bias(place: np.ndarray) -> None:
    each = gradient(np.repeat(place, 20_000, axis=0), n_pairs=1)
    # Where a pair would lie outside it is moved inside, and its middle is where it is right.
    analytic = slopes(np.clip(place, 0.01, 0.99))[0]
    assert np.all(np.std(each, axis=0) > 0.5)
    probability = scipy.stats.ttest_1samp(each, analytic, axis=0).pvalue
    assert np.all(probability > 0.01)
    # Points that are clipped, as published, lose half of the slope at an end: the test would see.
    assert np.all(scipy.stats.ttest_1samp(each, 0.5 * analytic, axis=0).pvalue < 1e-4)


@pytest.mark.parametrize(("n_parameters", "n_pairs"), [(9, 64), (4, 8)])
def test_its_angle_to_the_gradient_is_as_said(n_parameters: int, n_pairs: int) -> None:
    def total(audio: np.ndarray, points: np.ndarray, sides: Sequence[str]) -> np.ndarray:
        return points

    each = gradient(np.full([4000, n_parameters], 0.5), total, n_pairs=n_pairs)
    analytic = np.ones(n_parameters)
    length = np.sqrt(np.mean(np.sum(each**2, axis=1)) * n_parameters)
    cosine = np.mean(each @ analytic) / length
    assert cosine == pytest.approx(1.0 / np.sqrt(1.0 + (n_parameters - 1) / n_pairs), rel=0.01)


def test_no_point_lies_outside_and_both_sides_take_turns() -> None:
    seen: list[tuple[np.ndarray, Sequence[str]]] = []

    def recorded(audio: np.ndarray, points: np.ndarray, sides: Sequence[str]) -> np.ndarray:
        seen.append((points, list(sides)))
        return smooth(audio, points, sides)

    gradient(np.array([[0.0, 1.0, 0.004, 0.5]]), recorded, n_pairs=3)
    (played, forward), (points, sides) = seen
    assert forward == ["forward"]
    assert sides == ["plus", "minus"] * 3
    np.testing.assert_array_equal(played[0], [[0.0, 1.0, 0.004, 0.5]])
    assert points.min() >= 0.0
    assert points.max() <= 1.0
    np.testing.assert_allclose(np.abs(points[0::2] - points[1::2]), 0.02, rtol=1e-9)
    np.testing.assert_allclose(
        (points[0::2] + points[1::2]) / 2.0, np.broadcast_to([0.01, 0.99, 0.01, 0.5], [3, 1, 4])
    )


def test_the_same_call_gives_the_same_and_another_seed_or_place_another() -> None:
    first = gradient(PLACE, n_pairs=2)
    np.testing.assert_array_equal(gradient(PLACE, n_pairs=2), first)
    assert np.max(np.abs(gradient(PLACE, n_pairs=2, seed=1) - first)) > 0.01
    assert np.max(np.abs(gradient(PLACE + 1e-9, n_pairs=2) - first)) > 0.01


def scaled(audio: np.ndarray, points: np.ndarray, sides: Sequence[str]) -> np.ndarray:
    gains = points[:, :, :1] if audio.ndim == 2 else points[:, :, :1, np.newaxis]
    return gains * audio


@pytest.mark.parametrize("shape", [(3, 50), (3, 50, 2), (0, 50), (3, 0)])
def test_graphs_and_eager_mode_agree_for_any_shape(shape: tuple[int, ...]) -> None:
    audio = tf.random.stateless_normal(shape, [1, 2])
    shares = tf.random.stateless_uniform([shape[0], 2], [3, 4])

    def play(audio: tf.Tensor, shares: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(shares)
            played = dsp.perturbed(scaled, audio, shares, n_pairs=4)
            total = tf.reduce_sum(played**2)
        return played, tape.gradient(total, shares)

    specs = [tf.TensorSpec([None, None, *shape[2:]]), tf.TensorSpec([None, 2])]
    graph = tf.function(play, input_signature=specs, autograph=False)
    for one, other in zip(play(audio, shares), graph(audio, shares), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    played, slope = play(audio, shares)
    assert played.shape == shape
    assert played.dtype == slope.dtype == tf.float32
    gains = tf.reshape(shares[:, :1], [shape[0]] + [1] * (len(shape) - 1))
    np.testing.assert_allclose(played, gains * audio, rtol=1e-6)


@pytest.mark.parametrize("signal_gradient", [False, True])
def test_the_sound_has_no_gradient_unless_asked(signal_gradient: bool) -> None:
    audio, shares = tf.ones([1, 5]), tf.constant([[0.25]])
    with tf.GradientTape() as tape:
        tape.watch(audio)
        played = dsp.perturbed(scaled, audio, shares, signal_gradient=signal_gradient)
    found = tape.gradient(played, audio)
    if signal_gradient:
        np.testing.assert_array_equal(found, np.ones([1, 5]))
    else:
        assert found is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_pairs": 0}, "`n_pairs` should be a positive integer"),
        ({"step": 0.3}, r"`step` should be above 0 and at most 0\.25, and .* Received 0\.3 and 0"),
        ({"seed": -1}, r"`seed` at least 0\. Received 0\.01 and -1"),
        ({"parameters": tf.zeros([3])}, r"`parameters` \[batch, n_parameters\]\. Received \(1, 5"),
        ({"function": lambda audio, points, sides: audio}, r"of the shape \[1, 1, 5\]\. It gave"),
    ],
)
def test_refuses_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    given = {"function": scaled, "audio": tf.ones([1, 5]), "parameters": tf.zeros([1, 1])}
    with pytest.raises(ArgumentError, match=message):
        dsp.perturbed(**{**given, **arguments})


def test_errors_come_out_of_graphs_as_they_went_in() -> None:
    def broken(audio: np.ndarray, points: np.ndarray, sides: Sequence[str]) -> np.ndarray:
        raise BlackBoxError("`plugin.vst3` failed.")

    @tf.function(autograph=False)
    def play(shares: tf.Tensor) -> tf.Tensor:
        return dsp.perturbed(broken, tf.ones([1, 5]), shares)

    with pytest.raises(BlackBoxError, match=r"^`plugin\.vst3` failed\.$"), dsp.own_errors():
        play(tf.zeros([1, 1]))
    with pytest.raises(tf.errors.OpError, match="not ours"), dsp.own_errors():
        raise tf.errors.AbortedError(None, None, "not ours")
