"""Glottal pulses against their definition and NumPy's integrals."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

SHAPES = (0.3, 1.0, 2.7)
N_POINTS = 20000
PHASES = (np.arange(N_POINTS) + 0.5) / N_POINTS


@pytest.mark.parametrize(("r_d", "close"), [(0.3, 0.352), (1.0, 0.650), (2.7, 0.787)])
def test_pulse_is_least_where_the_glottis_closes_and_its_flow_returns(r_d, close):
    pulse = dsp.lf_pulse(PHASES, np.float64(r_d)).numpy()
    assert float(dsp.lf_shape(np.float64(r_d)).close) == pytest.approx(close, abs=5e-4)
    assert float(dsp.lf_pulse(np.float64(0.0), np.float64(r_d))) == pytest.approx(-1.0, abs=1e-9)
    assert pulse.min() == pytest.approx(-1.0, abs=3e-3)
    assert abs(pulse.mean()) < 2e-6


def test_closed_form_is_near_but_its_flow_does_not_return():
    means = [dsp.lf_pulse(PHASES, np.float64(x), form="closed").numpy().mean() for x in SHAPES]
    np.testing.assert_allclose(means, [0.010, 0.008, -0.032], atol=5e-4)


@pytest.mark.parametrize("form", ["exact", "closed"])
@pytest.mark.parametrize("r_d", SHAPES)
def test_harmonics_are_the_integrals_over_a_period(form, r_d):
    pulse = dsp.lf_pulse(PHASES, np.float64(r_d), form=form).numpy()
    numbers = np.arange(1, 31)
    expected = np.exp(-2j * np.pi * np.outer(numbers, PHASES)) @ pulse / N_POINTS
    found = dsp.lf_harmonics(np.float64(r_d), n_harmonics=30, form=form).numpy()
    np.testing.assert_allclose(found, expected, atol=3e-7)


@pytest.mark.parametrize("form", ["exact", "closed"])
def test_gradient_by_shape_is_that_of_the_solution(form):
    def total(r_d: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.abs(dsp.lf_harmonics(r_d, n_harmonics=8, form=form)))

    analytic, numeric = tf.test.compute_gradient(
        total, [tf.constant([0.4, 1.1], tf.float64)], delta=1e-6
    )
    np.testing.assert_allclose(analytic[0], numeric[0], rtol=1e-6)


def test_trains_of_pulses_have_the_pulse_s_partials_and_nothing_else():
    rate, f0_hz, r_d = 16000, 233.0, 0.55
    table = dsp.glottal_table(sample_rate=rate)
    one = tf.ones([1, 101, 1])
    audio, _ = dsp.stream_glottal(
        f0_hz * one, r_d * one, table, initial_turns=None, hop_length=80, sample_rate=rate
    )
    audio = audio.numpy()[0]
    numbers = np.arange(1, int(0.5 * rate / f0_hz) + 1)
    waves = np.exp(2j * np.pi * np.outer(np.arange(1, len(audio) + 1) * f0_hz / rate, numbers))
    basis = np.concatenate([waves.real, waves.imag], axis=1)
    fitted, *_ = np.linalg.lstsq(basis, audio, rcond=None)
    rest = audio - basis @ fitted
    assert 10 * np.log10(np.sum(rest**2) / np.sum(audio**2)) < -75
    partials = 0.5 * (fitted[: len(numbers)] - 1j * fitted[len(numbers) :])
    expected = dsp.lf_harmonics(np.float64(r_d), n_harmonics=4096).numpy()
    expected /= np.sqrt(2 * np.sum(np.abs(expected) ** 2))
    full = numbers < 0.5 * rate / f0_hz / 2 ** (1 / 3)
    ratio = partials[full] / expected[: len(numbers)][full]
    assert np.max(np.abs(20 * np.log10(np.abs(ratio)))) < 0.05
    assert np.max(np.abs(np.angle(ratio))) < 0.02


def test_a_table_needs_two_points_for_each_partial():
    with pytest.raises(ArgumentError, match="at least 402, for 200 partials"):
        dsp.glottal_table(sample_rate=16000, n_points=256)
