"""Mixture heads against their formulas, in every mode, and without an import before use."""

import subprocess
import sys
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_layer
from scipy import special, stats

from ddsp_tf.errors import ArgumentError
from ddsp_tf.nn import MixtureDensity

WEIGHTS = np.array([0.2, 0.5, 0.3])
LOCATIONS = np.array([-2.0, 0.5, 3.0])
SCALES = np.array([0.3, 1.0, 0.6])


def of_known_mixture(component: Any) -> tuple[MixtureDensity, tf.Tensor]:
    """A head whose parameters are those above, for one number, `[1, 1, 9]`."""
    head = MixtureDensity(3, component=component, smallest_scale=0.1)
    raw = np.stack([np.log(WEIGHTS), LOCATIONS, np.log(np.expm1(SCALES - 0.1))])
    return head, tf.constant(raw.reshape(1, 1, 9), tf.float32)


@pytest.mark.parametrize(
    ("component", "reference"), [("normal", stats.norm), ("logistic", stats.logistic)]
)
def test_density_mean_and_samples_are_those_of_the_formula(component: Any, reference: Any) -> None:
    head, parameters = of_known_mixture(component)
    values = np.linspace(-5.0, 6.0, 45)
    mixture = zip(WEIGHTS, LOCATIONS, SCALES, strict=True)
    parts = [w * reference(m, s).pdf(values) for w, m, s in mixture]
    repeated = tf.repeat(parameters, len(values), axis=1)
    found = head.log_prob(repeated, values.reshape(1, -1, 1)).numpy().ravel()
    np.testing.assert_allclose(found, np.log(np.sum(parts, axis=0)), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(head.mean(parameters), [[[WEIGHTS @ LOCATIONS]]], rtol=1e-5)
    many = tf.repeat(parameters, 20_000, axis=1)
    samples = head.sample(many, seed=3).numpy().ravel()

    def cdf(x: Any) -> Any:
        parts = zip(WEIGHTS, LOCATIONS, SCALES, strict=True)
        return sum(w * reference(m, s).cdf(x) for w, m, s in parts)

    assert stats.kstest(samples, cdf).pvalue > 1e-3


def test_far_values_have_finite_densities_and_gradients() -> None:
    head, parameters = of_known_mixture("normal")
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        log_prob = head.log_prob(parameters, tf.constant([[[1e3]]]))
    assert np.isfinite(log_prob).all()
    assert np.isfinite(tape.gradient(log_prob, parameters)).all()


def test_the_same_seed_draws_the_same_in_graphs() -> None:
    head = MixtureDensity(4, width=2)
    parameters = head(tf.random.stateless_normal([2, 5, 3], [1, 2]))
    drawn = head.sample(parameters, seed=7)
    assert drawn.shape == (2, 5, 2)
    in_graph = tf.function(lambda x: head.sample(x, seed=7))(parameters)
    np.testing.assert_allclose(in_graph, drawn, atol=1e-6)
    assert np.abs(head.sample(parameters, seed=8) - drawn).max() > 0.1


def test_the_layer_is_one_as_any_other() -> None:
    def log_prob(layer: MixtureDensity, inputs: dict[str, Any]) -> tf.Tensor:
        return layer.log_prob(layer(inputs["inputs"]), inputs["values"])

    def inputs(batch: int, n_frames: int) -> dict[str, Any]:
        return {
            "inputs": tf.random.stateless_normal([batch, n_frames, 6], [1, 2]),
            "values": tf.random.stateless_normal([batch, n_frames, 2], [3, 4]),
        }

    check_layer(lambda: MixtureDensity(4, width=2), inputs, call=log_prob)


def test_it_learns_a_density_of_two_peaks() -> None:
    rng = np.random.default_rng(0)
    values = np.where(rng.random(2000) < 0.25, -1.0, 1.0) + 0.1 * rng.normal(size=2000)
    values = tf.constant(values.reshape(1, -1, 1), tf.float32)
    head = MixtureDensity(2)
    inputs = tf.ones([1, 2000, 1])
    head.build(inputs.shape)
    optimizer = keras.optimizers.Adam(0.03)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(head.log_prob(head(inputs), values))
        weights = head.trainable_weights
        optimizer.apply(tape.gradient(loss, [w.value for w in weights]), weights)
        return loss

    for _ in range(250):
        loss = step()
    entropy = np.log(0.1 * np.sqrt(2 * np.pi * np.e)) + special.entr([0.25, 0.75]).sum()
    assert float(loss) == pytest.approx(entropy, abs=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_components": 0}, "at least 1"),
        ({"n_components": 2, "width": 0}, "at least 1"),
        ({"n_components": 2, "smallest_scale": 0.0}, "above 0"),
        ({"n_components": 2, "component": "cauchy"}, "normal, logistic. Received 'cauchy'"),
    ],
)
def test_impossible_mixtures(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        MixtureDensity(**arguments)


@pytest.mark.slow
def test_probability_is_imported_at_the_first_distribution_alone() -> None:
    script = (
        "import sys, tensorflow as tf\n"
        "from ddsp_tf.nn import MixtureDensity\n"
        "head = MixtureDensity(2)\n"
        "parameters = head(tf.ones([1, 1, 1]))\n"
        "print('tensorflow_probability' in sys.modules)\n"
        "head.mean(parameters)\n"
        "print('tensorflow_probability' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]
