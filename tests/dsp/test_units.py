"""Units: golden values, round trips, floors."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from ddsp_tf import dsp


def _finite(lowest: float, highest: float) -> st.SearchStrategy[float]:
    return st.floats(lowest, highest)


@pytest.mark.parametrize(
    ("function", "given_value", "expected"),
    [
        (dsp.hz_to_midi, 440.0, 69.0),
        (dsp.hz_to_midi, 261.6256, 60.0),
        (dsp.hz_to_midi, 0.0, 0.0),
        (dsp.midi_to_hz, 60.0, 261.6256),
        (dsp.amplitude_to_db, 0.5, -6.0206),
        (dsp.amplitude_to_db, 1e-9, -80.0),
        (dsp.power_to_db, 0.5, -3.0103),
        (dsp.power_to_db, 0.0, -80.0),
        (dsp.db_to_amplitude, -20.0, 0.1),
        (dsp.db_to_power, -20.0, 0.01),
        (dsp.hz_to_mel, 1000.0, 999.9855),
        (dsp.mel_to_hz, 999.9855, 1000.0),
        (dsp.hz_to_bark, 1000.0, 8.5274),
        (dsp.bark_to_hz, 8.5274, 1000.0),
        (dsp.hz_to_erb, 1000.0, 132.7),
    ],
)
def test_known_values(function: object, given_value: float, expected: float) -> None:
    assert float(function(given_value)) == pytest.approx(expected, rel=1e-5, abs=1e-4)


@given(_finite(0.0, 127.0))
def test_midi_round_trip_is_within_a_hundredth_of_a_cent(midi: float) -> None:
    assert float(dsp.hz_to_midi(dsp.midi_to_hz(midi))) == pytest.approx(midi, abs=1e-4)


@given(_finite(-79.9, 60.0))
def test_decibel_round_trips(db: float) -> None:
    assert float(dsp.amplitude_to_db(dsp.db_to_amplitude(db))) == pytest.approx(db, abs=1e-4)
    assert float(dsp.power_to_db(dsp.db_to_power(db))) == pytest.approx(db, abs=1e-4)


@given(_finite(1.0, 20000.0))
def test_auditory_scales_round_trip(f_hz: float) -> None:
    assert float(dsp.mel_to_hz(dsp.hz_to_mel(f_hz))) == pytest.approx(f_hz, rel=1e-4)
    assert float(dsp.bark_to_hz(dsp.hz_to_bark(f_hz))) == pytest.approx(f_hz, rel=1e-4)


@given(_finite(8.2, 12000.0), _finite(-120.0, 20.0))
def test_scaling_round_trips(f_hz: float, db: float) -> None:
    assert float(dsp.unscale_f0_hz(dsp.scale_f0_hz(f_hz))) == pytest.approx(f_hz, rel=1e-4)
    assert float(dsp.unscale_loudness_db(dsp.scale_loudness_db(db))) == pytest.approx(db, abs=1e-4)


def test_scaling_is_the_papers() -> None:
    assert float(dsp.scale_f0_hz(440.0)) == pytest.approx(69 / 127, abs=1e-6)
    np.testing.assert_allclose(dsp.scale_loudness_db(tf.constant([-80.0, -40.0, 0.0])), [0, 0.5, 1])


def test_exp_sigmoid_golden_values() -> None:
    values = dsp.exp_sigmoid(tf.constant([0.0, -3.0, -5.0, 5.0, 10.0, -100.0, 100.0]))
    expected = [0.405399, 1.78841e-3, 1.9793e-5, 1.969313, 1.999791, 1e-7, 2.0]
    for value, golden in zip(values.numpy(), expected, strict=True):
        assert value == pytest.approx(golden, rel=1e-4)


def test_exp_sigmoid_has_gradients_everywhere() -> None:
    x = tf.constant([-100.0, -30.0, 0.0, 30.0, 100.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        logarithms = tf.math.log(dsp.exp_sigmoid(x))
    gradient = tape.gradient(logarithms, x).numpy()
    assert np.all(np.isfinite(gradient))
    assert np.all(gradient >= 0)
    assert gradient[2] == pytest.approx(np.log(10) / 2, rel=1e-4)


@pytest.mark.parametrize(
    "function", [dsp.hz_to_midi, dsp.amplitude_to_db, dsp.power_to_db, dsp.hz_to_bark]
)
def test_logarithms_have_finite_gradients_at_zero(function: object) -> None:
    x = tf.constant([0.0, 1e-30, 1e-6, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    assert np.all(np.isfinite(tape.gradient(y, x)))
