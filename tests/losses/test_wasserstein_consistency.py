"""The distance between sets of sinusoids, against SciPy's."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree
from scipy import stats

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses.wasserstein_consistency import WassersteinConsistency

Set = dict[str, tf.Tensor]


def sinusoids(n: int, seed: int) -> Set:
    random = np.random.default_rng(seed)
    return {
        "amplitudes": tf.constant(random.uniform(0.1, 1.0, [2, 3, n]), tf.float32),
        "frequencies_hz": tf.constant(random.uniform(50.0, 2000.0, [2, 3, n]), tf.float32),
    }


def test_it_is_the_earth_movers_distance_in_semitones() -> None:
    one, other = sinusoids(5, 0), sinusoids(8, 1)
    midi = [69 + 12 * np.log2(x["frequencies_hz"].numpy() / 440) for x in (one, other)]
    wanted = [
        stats.wasserstein_distance(
            midi[0][frame],
            midi[1][frame],
            one["amplitudes"].numpy()[frame],
            other["amplitudes"].numpy()[frame],
        )
        for frame in np.ndindex(2, 3)
    ]
    found = WassersteinConsistency()(one, other)
    assert float(found) == pytest.approx(np.mean(wanted), rel=1e-4)


def test_it_grows_with_the_distance_and_its_gradient_leads_back() -> None:
    target = {"amplitudes": tf.ones([1, 1, 1]), "frequencies_hz": tf.fill([1, 1, 1], 220.0)}
    for semitones in (-24.0, -3.0, 0.5, 40.0):
        f_hz = tf.Variable(tf.fill([1, 1, 1], 220.0 * 2.0 ** (semitones / 12)))
        with tf.GradientTape() as tape:
            loss = WassersteinConsistency()(target, {**target, "frequencies_hz": f_hz})
        assert float(loss) == pytest.approx(abs(semitones), rel=1e-3)
        assert np.sign(float(tf.squeeze(tape.gradient(loss, f_hz)))) == np.sign(semitones)


def test_modes_and_config() -> None:
    sets = [sinusoids(4, seed) for seed in (4, 5)]
    inputs = {f"a{i}": one["amplitudes"] for i, one in enumerate(sets)}
    inputs |= {f"f{i}": one["frequencies_hz"] for i, one in enumerate(sets)}
    check_modes_agree(
        lambda a0, f0, a1, f1: WassersteinConsistency()(
            {"amplitudes": a0, "frequencies_hz": f0}, {"amplitudes": a1, "frequencies_hz": f1}
        ),
        inputs,
    )
    stored = json.loads(json.dumps(keras.saving.serialize_keras_object(WassersteinConsistency())))
    assert isinstance(keras.saving.deserialize_keras_object(stored), WassersteinConsistency)


def test_sets_of_other_frames_are_refused() -> None:
    one = sinusoids(4, 6)
    with pytest.raises(ArgumentError, match="the same batch and frames"):
        WassersteinConsistency()(one, {key: x[:, :2] for key, x in one.items()})
    with pytest.raises(ArgumentError, match="should have one shape"):
        WassersteinConsistency()(one, {**one, "amplitudes": tf.ones([2, 3, 5])})
