"""Tuning and stiffness of a piano's keys."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_config, check_gradients, check_modes_agree

from ddsp_tf.dsp.inharmonic import inharmonic_frequencies
from ddsp_tf.errors import ArgumentError
from ddsp_tf.models import RigaudTuning


def tuned(*keys, **arguments):
    f0_hz, b = RigaudTuning(**arguments)(tf.constant([[keys]], tf.float32))
    return f0_hz.numpy()[0, 0], b.numpy()[0, 0]


def test_stiffness_of_golden_keys():
    _, b = tuned(21, 40, 69, 108)
    np.testing.assert_allclose(b, [5.09e-4, 1.49e-4, 7.18e-4, 2.63e-2], rtol=3e-3)
    tenth = inharmonic_frequencies(
        tf.fill([1, 1, 1], 440.0), tf.fill([1, 1, 1], b[2]), n_harmonics=10
    )
    assert float(tenth[0, 0, 9]) / 4400 == pytest.approx(1.035, abs=5e-4)


def test_octaves_are_stretched_around_a4():
    keys = np.arange(21, 109)
    f0_hz, _ = tuned(*keys, n_strings=1)
    cents = 1200 * np.log2(f0_hz / (440 * 2 ** ((keys - 69) / 12)))
    assert abs(cents[69 - 21]) < 1e-3
    assert -25 < cents[0] < -5
    assert 10 < cents[-1] < 80
    assert np.all(np.diff(f0_hz) > 0)


def test_strings_start_apart_and_can_part_further():
    f0_hz, _ = tuned(60, 64)
    cents = 1200 * np.log2(f0_hz[1::2] / f0_hz[::2])
    np.testing.assert_allclose(cents, 4.0, atol=0.01)
    three, _ = tuned(60, n_strings=3)
    np.testing.assert_allclose(np.diff(1200 * np.log2(three)), 2.0, atol=0.01)
    tuning = RigaudTuning()
    with tf.GradientTape() as tape:
        f0_hz, _ = tuning(tf.constant([[[60.0]]]))
        beats = tf.reduce_sum(tf.cos(0.7 * f0_hz))
    left, right = tape.gradient(beats, tuning.key_detuning.value).numpy()[60]
    assert left != pytest.approx(right, rel=1e-3)


def test_every_key_learns_by_itself():
    tuning = RigaudTuning()
    tuning.key_inharmonicity.assign(np.eye(128)[60] * 0.3)
    tuning.key_tuning.assign(np.eye(128)[61] * 0.05)
    plain = RigaudTuning()
    keys = tf.constant([[[60.0, 61.0, 62.0]]])
    (f0_hz, b), (plain_hz, plain_b) = tuning(keys), plain(keys)
    np.testing.assert_allclose(b[0, 0] / plain_b[0, 0], [10**0.3, 1, 1], rtol=1e-5)
    cents = 1200 * np.log2(f0_hz[0, 0] / plain_hz[0, 0])
    np.testing.assert_allclose(cents, [0, 0, 5, 5, 0, 0], atol=0.01)


def test_contract():
    keys = {"midi": np.array([[[60.0, 64.0]] * 5] * 2, np.float32)}
    tuning = RigaudTuning()
    check_modes_agree(lambda midi: tuning(midi), keys, {"midi": keys["midi"][:1, :3]})
    check_config(tuning, lambda twin: twin(keys["midi"]))
    check_gradients(
        tuning, keys, call=lambda layer, given: layer(given["midi"]), without_gradient=["midi"]
    )


@pytest.mark.parametrize(
    "wrong", [{"n_strings": 0}, {"initial_detuning": 0.0}, {"initial_detuning": 1.0}]
)
def test_strings_that_could_never_part_are_refused(wrong):
    with pytest.raises(ArgumentError, match="`initial_detuning` from 0 to 1 semitones"):
        RigaudTuning(**wrong)
    assert tuned(60, n_strings=1, initial_detuning=0.0)[0].shape == (1,)


def test_measured_keys_begin_where_they_were_measured():
    rows = [(48, 1.1e-4, 2.0), (60, 2.9e-4, 3.0)]
    f0_hz, b = tuned(48, 54, 60, 90, n_strings=1, measured=rows)
    cents = 1200 * np.log2(f0_hz / (440 * 2 ** ((np.array([48, 54, 60, 90]) - 69) / 12)))
    np.testing.assert_allclose(b[[0, 2]], [1.1e-4, 2.9e-4], rtol=1e-4)
    np.testing.assert_allclose(cents[[0, 2]], [2.0, 3.0], atol=0.01)
    assert 1.1e-4 < b[1] < 2.9e-4
    _, plain = tuned(60, 90)
    assert b[3] / plain[1] == pytest.approx(b[2] / plain[0], rel=1e-4)
    check_config(RigaudTuning(measured=rows), lambda twin: twin(tf.constant([[[60.0]]])))
    for wrong in ([(60, 0.0, 0.0)], [(60, 1e-4)], [(200, 1e-4, 0.0)]):
        with pytest.raises(ArgumentError, match="`measured` should be rows"):
            RigaudTuning(measured=wrong)
