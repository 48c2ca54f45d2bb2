"""The KDE loss against a slow sum, and what it has to prefer."""

import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree
from scipy import special, stats

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.kde_consistency import KdeConsistency

Set = dict[str, tf.Tensor]


def sinusoids(n: int, seed: int) -> Set:
    rng = np.random.default_rng(seed)
    return {
        "amplitudes": tf.constant(rng.uniform(0.0, 1.0, [2, 3, n]), tf.float32),
        "frequencies_hz": tf.constant(440 * 2 ** rng.uniform(-0.05, 0.05, [2, 3, n]), tf.float32),
    }


def by_hand(target: Set, output: Set, *, total: bool = False) -> float:
    """In float64, frame by frame, sinusoid by sinusoid."""
    weights, pitches, amplitudes = [], [], []
    for given in (target, output):
        amplitude = np.maximum(given["amplitudes"].numpy().astype(np.float64), 1e-7)
        amplitudes.append(amplitude)
        weights.append(amplitude / amplitude.sum(-1, keepdims=True))
        pitches.append(69 + 12 * np.log2(given["frequencies_hz"].numpy().astype(np.float64) / 440))
    terms = []
    for seen, expected in ((1, 0), (0, 1)):
        of_frames = []
        for frame in np.ndindex(2, 3):
            kernels = stats.norm.logpdf(
                pitches[seen][frame][:, None], pitches[expected][frame], 0.1
            )
            log_q = special.logsumexp(kernels, b=weights[expected][frame], axis=1)
            surprise = -weights[seen][frame] * log_q
            of_frames.append(surprise.sum() if total else surprise.mean())
        terms.append(np.mean(of_frames))
    means = [amplitude.mean(-1) for amplitude in amplitudes]
    return float(sum(terms) + np.mean(np.abs(means[0] - means[1])))


@pytest.mark.parametrize("total", [False, True])
def test_it_is_the_slow_sum(total: bool) -> None:
    target, output = sinusoids(5, 0), sinusoids(8, 1)
    loss = float(KdeConsistency(total=total)(target, output))
    assert loss == pytest.approx(by_hand(target, output, total=total), rel=1e-3)


def test_a_set_explains_itself_best_and_worse_with_every_step_away() -> None:
    target = {
        "amplitudes": tf.constant([[[1.0, 0.5, 0.25]]]),
        "frequencies_hz": tf.constant([[[220.0, 440.0, 660.0]]]),
    }
    loss = KdeConsistency()
    losses = []
    for semitones in np.linspace(-0.5, 0.5, 21):
        factor = tf.constant(2 ** (semitones / 12), tf.float32)
        moved = {**target, "frequencies_hz": target["frequencies_hz"] * factor}
        losses.append(float(loss(target, moved)))
    assert np.argmin(losses) == 10
    assert (np.diff(losses[10:]) > 0).all()
    assert (np.diff(losses[:11]) < 0).all()


def test_order_does_not_matter_and_a_split_sinusoid_is_the_same() -> None:
    target = sinusoids(4, 2)
    shuffled = {key: tf.reverse(value, [-1]) for key, value in sinusoids(4, 3).items()}
    loss = KdeConsistency(total=True, amplitude_weight=0.0)
    assert float(loss(target, shuffled)) == pytest.approx(
        float(loss(target, sinusoids(4, 3))), rel=1e-5
    )
    halves = {
        "amplitudes": tf.repeat(0.5 * target["amplitudes"], 2, axis=-1),
        "frequencies_hz": tf.repeat(target["frequencies_hz"], 2, axis=-1),
    }
    assert float(loss(target, halves)) == pytest.approx(float(loss(target, target)), rel=1e-4)


def test_silence_and_sinusoids_far_apart_have_finite_gradients() -> None:
    silent = {"amplitudes": tf.zeros([1, 1, 3]), "frequencies_hz": tf.fill([1, 1, 3], 100.0)}
    f_hz = tf.Variable(tf.fill([1, 1, 3], 8000.0))
    with tf.GradientTape() as tape:
        loss = KdeConsistency()(silent, {"amplitudes": tf.ones([1, 1, 3]), "frequencies_hz": f_hz})
    gradient = tape.gradient(loss, f_hz)
    assert np.isfinite(float(loss))
    assert np.isfinite(gradient).all()
    assert (gradient.numpy() > 0.0).all()


def test_eager_graph_and_xla_agree() -> None:
    def call(**values: Any) -> tf.Tensor:
        pair = ({"amplitudes": values[f"a{i}"], "frequencies_hz": values[f"f{i}"]} for i in (0, 1))
        return KdeConsistency()(*pair)

    sets = [sinusoids(4, seed) for seed in (4, 5)]
    inputs = {f"a{i}": one["amplitudes"] for i, one in enumerate(sets)}
    inputs |= {f"f{i}": one["frequencies_hz"] for i, one in enumerate(sets)}
    check_modes_agree(call, inputs)


def test_its_config_makes_it_again() -> None:
    loss = KdeConsistency(output_weight=0.1, total=True)
    stored = json.loads(json.dumps(keras.saving.serialize_keras_object(loss)))
    assert keras.saving.deserialize_keras_object(stored).get_config() == loss.get_config()


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ArgumentError, match="should not be negative"):
        KdeConsistency(target_weight=-1.0)
    with pytest.raises(ArgumentError, match="should be above 0"):
        KdeConsistency(scale_semitones=0.0)
    good = sinusoids(4, 6)
    with pytest.raises(ArgumentError, match=r"of one shape \[batch, n_frames, n_sinusoids\]"):
        KdeConsistency()(good, {**good, "amplitudes": tf.ones([2, 3, 5])})
    shorter = {key: value[:, :2] for key, value in good.items()}
    with pytest.raises(ArgumentError, match="the same batch and frames"):
        KdeConsistency()(good, shorter)
