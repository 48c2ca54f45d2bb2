"""Poles and zeros inside the circle, against SciPy; stable whatever comes."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

ANGLES = np.linspace(0, np.pi, 512)


def drawn(shape, seed=0, deviation=2.0):
    return np.random.default_rng(seed).normal(0.0, deviation, shape)


def sos(sections):
    return np.insert(sections, 3, 1.0, axis=-1)


def scipy_db(sections):
    response = signal.freqz_sos(sos(sections), ANGLES)[1]
    return 20 * np.log10(np.abs(response))


def test_responses_are_scipys():
    poles, zeros = (dsp.roots_inside(drawn([3, 8, 2], seed)) for seed in (0, 1))
    sections = dsp.pole_zero_sections(poles, zeros, np.array([2.0, 0.1, 1.0])).numpy()
    ours = dsp.pole_zero_magnitude_db(poles, zeros, n_points=512).numpy()
    for index, level_db in enumerate((20 * np.log10(2.0), -20.0, 0.0)):
        np.testing.assert_allclose(scipy_db(sections[index]), ours[index] + level_db, atol=1e-9)
        z, p, _ = signal.sos2zpk(sos(sections[index]))
        assert max(np.abs(z)) < 1.0
        for root in poles.numpy()[index] @ [1, 1j]:
            assert np.min(np.abs(p - root)) < 1e-6
    rounded = dsp.pole_zero_magnitude_db(
        *(tf.cast(x, tf.float32) for x in (poles, zeros)), n_points=512
    )
    assert np.max(np.abs(rounded - ours)) < 0.01


def test_roots_stay_inside_with_their_angles():
    raw = np.concatenate([drawn([2000, 2]), 1e6 * drawn([2000, 2], 1), [[0, 0], [-1e30, 1e30]]])
    for dtype in (np.float32, np.float64):
        inside = dsp.roots_inside(raw.astype(dtype)).numpy()
        assert inside.dtype == dtype
        radius = np.hypot(*inside.T)
        assert np.all(radius < 1.0)
        turned = np.angle(inside[:4000] @ [1, 1j]) - np.angle(raw[:4000] @ [1, 1j])
        assert np.max(np.abs(turned)) < 1e-5
        np.testing.assert_allclose(radius[:2000], np.tanh(np.hypot(*raw[:2000].T)), atol=2e-6)


@pytest.mark.parametrize("deviation", [0.0, 1e-3, 1.0, 1e3, 1e12])
def test_every_pole_is_inside_for_ten_thousand_draws(deviation):
    raw = tf.constant(drawn([10_000, 8, 4], 3, deviation), tf.float32)
    sections = dsp.design_poles_and_zeros(raw, tf.zeros([10_000, 8])).sections()
    assert float(tf.reduce_max(dsp.biquad_radius(sections))) < 1.0
    a1, a2 = np.moveaxis(sections.numpy()[..., 3:], -1, 0)
    assert np.all(np.abs(a2) < 1)
    assert np.all(np.abs(a1) < 1 + a2)


def test_gradients_are_right_and_finite_at_the_edges():
    target, raw = tf.constant(drawn([1, 9], 5)), tf.constant(drawn([1, 2, 4], 6, 0.5))

    def error(raw):
        return tf.reduce_sum(
            tf.square(dsp.design_poles_and_zeros(raw, target).magnitude_db - target)
        )

    with tf.GradientTape() as tape:
        tape.watch(raw)
        value = error(raw)
    gradient = tape.gradient(value, raw).numpy().ravel()
    for index, direction in enumerate(1e-5 * np.eye(8).reshape(8, 1, 2, 4)):
        slope = (error(raw + direction) - error(raw - direction)).numpy() / 2e-5
        np.testing.assert_allclose(gradient[index], slope, rtol=1e-5, atol=1e-5)
    # A pole and a zero at 0, and others as far out as float32 lets them be, on the real axis.
    edges = tf.constant([[[0.0, 0.0, 0.0, 0.0], [1e6, 0.0, -1e6, 0.0], [1e6, 0.0, 1e6, 0.0]]])
    with tf.GradientTape() as tape:
        tape.watch(edges)
        loss = tf.reduce_sum(tf.square(dsp.design_poles_and_zeros(edges, target).magnitude_db))
    assert np.all(np.isfinite(tape.gradient(loss, edges)))


def test_the_gain_is_the_best_one():
    raw, target = drawn([1, 4, 4], 7), drawn([1, 64], 8, 10.0)
    design = dsp.design_poles_and_zeros(raw, target)
    error = design.magnitude_db.numpy() - target
    assert abs(np.mean(error)) < 1e-9
    sections = design.sections().numpy()
    response = np.prod(
        [signal.freqz(s[:3], [1, *s[3:]], np.linspace(0, np.pi, 64))[1] for s in sections[0]], 0
    )
    np.testing.assert_allclose(20 * np.log10(np.abs(response)), design.magnitude_db[0], atol=1e-9)


def test_graph_and_xla_give_the_same():
    raw, target = tf.constant(drawn([2, 2, 4])), tf.constant(drawn([2, 20], 9))
    eager = dsp.design_poles_and_zeros(raw, target).magnitude_db
    for jit in (False, True):
        run = tf.function(
            lambda r, t: dsp.design_poles_and_zeros(r, t).magnitude_db, jit_compile=jit
        )
        np.testing.assert_allclose(run(raw, target), eager, atol=1e-9)


def test_wrong_shapes_are_named():
    with pytest.raises(ArgumentError, match=r"`raw` should be \[..., 2\]"):
        dsp.roots_inside(np.zeros([3, 3]))
    with pytest.raises(ArgumentError, match=r"`poles` and `zeros` should have one shape"):
        dsp.pole_zero_sections(np.zeros([2, 2]), np.zeros([3, 2]))
    with pytest.raises(ArgumentError, match=r"`raw` should be \[..., n_sections, 4\]"):
        dsp.design_poles_and_zeros(np.zeros([3, 3]), np.zeros([5]))
    with pytest.raises(ArgumentError, match=r"`n_points` should be 2 or more. Received 1"):
        dsp.pole_zero_magnitude_db(np.zeros([3, 2]), np.zeros([3, 2]), n_points=1)
