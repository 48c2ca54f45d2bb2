"""The tube's formula against the waveguide in time."""

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp

N_SECTIONS, LENGTH_CM = 12, 17.5


def test_formula_is_the_waveguide():
    areas = np.random.default_rng(0).uniform(0.2, 4.0, [2, N_SECTIONS])
    impulse = np.zeros([2, 16384])
    impulse[:, 0] = 1.0
    pressure = dsp.tube_waveguide(impulse, areas).numpy()
    rate = N_SECTIONS * 35000.0 / LENGTH_CM
    hz = np.fft.rfftfreq(impulse.shape[1], 1.0 / rate)
    response = dsp.tube_response(areas, hz, length_cm=LENGTH_CM).numpy()
    np.testing.assert_allclose(response, np.fft.rfft(pressure), atol=1e-10)


def test_an_even_tube_has_odd_multiples_of_its_quarter_wave():
    hz = np.arange(50.0, 4000.0, 5.0)
    found = dsp.formants_of_response(np.abs(dsp.tube_response(np.ones([44]), hz)), hz)
    np.testing.assert_allclose(found[:4], [500, 1500, 2500, 3500], rtol=5e-3)


def test_gradient_by_areas_is_that_of_finite_differences():
    hz = np.linspace(200.0, 3000.0, 7)

    def gains(areas: tf.Tensor) -> tf.Tensor:
        return tf.abs(dsp.tube_response(areas, hz))

    areas = tf.constant(np.random.default_rng(1).uniform(0.5, 2.0, [5]))
    analytic, numeric = tf.test.compute_gradient(gains, [areas], delta=1e-6)
    np.testing.assert_allclose(analytic[0], numeric[0], atol=1e-5)


def test_a_tube_is_an_all_pole_filter():
    areas = np.random.default_rng(2).uniform(0.3, 3.0, [N_SECTIONS])
    rate = N_SECTIONS * 35000.0 / (2 * LENGTH_CM)
    hz = np.linspace(0.0, 0.5 * rate, 33)
    response = np.abs(dsp.tube_response(areas, hz, length_cm=LENGTH_CM))
    filter = np.abs(dsp.lpc_response(dsp.tube_lpc(areas), fft_length=64))
    np.testing.assert_allclose(response / response[0], filter / filter[0], rtol=1e-9)
