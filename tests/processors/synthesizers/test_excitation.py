"""The excitation: silent without amplitudes, a sine of its pitch, noise of its level."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import Excitation

RATES = {"sample_rate": 4000, "hop_length": 16}


def _inputs(batch, n_frames):
    rng = np.random.default_rng(0)
    return {
        key: rng.uniform(low, high, [batch, n_frames, 1]).astype(np.float32)
        for key, low, high in (
            ("f0_hz", 100, 400),
            ("periodic_amplitude", 0.1, 1),
            ("aperiodic_amplitude", 0.1, 1),
        )
    }


@pytest.mark.slow
def test_holds_the_contract():
    check_layer(lambda: Excitation(n_harmonics=3, **RATES), _inputs, tolerance=2e-4)


def test_a_sound_in_blocks_is_the_sound_at_once():
    source = Excitation(n_harmonics=3, **RATES)
    check_streaming(source, _inputs(1, 6), hop_length=16, blocks=(1, 3, 2))
    check_declarations(source, _inputs(2, 5))
    check_refusals(source, _inputs(2, 5))


@pytest.mark.parametrize("n_harmonics", [1, 20])
def test_no_amplitude_is_no_sound(n_harmonics):
    given = {**_inputs(2, 50), "periodic_amplitude": tf.zeros([2, 50, 1])}
    source = Excitation(n_harmonics=n_harmonics, **RATES)
    played = source(given)
    assert not np.any(played["periodic"])
    assert np.any(played["aperiodic"])
    played = source({**given, "aperiodic_amplitude": tf.zeros([2, 50, 1])})
    assert not any(np.any(x) for x in played.values())


def test_it_is_the_papers_sine_and_noise():
    one = np.ones([1, 250, 1], np.float32)
    played = Excitation(sample_rate=16000, hop_length=64)(
        {"f0_hz": 440 * one, "periodic_amplitude": 0.5 * one, "aperiodic_amplitude": 0.3 * one}
    )
    turns = 440.0 * np.arange(1, 16001) / 16000
    np.testing.assert_allclose(played["periodic"][0], 0.5 * np.sin(2 * np.pi * turns), atol=1e-3)
    noise = played["aperiodic"].numpy()
    assert 0.29 < np.max(np.abs(noise)) <= 0.3
    assert np.std(noise) == pytest.approx(0.3 / np.sqrt(3), rel=0.02)
    np.testing.assert_allclose(played["signal"], played["periodic"] + noise, atol=1e-6)


def test_partials_have_the_power_of_the_sine_and_none_is_above_nyquist():
    one = np.ones([1, 250, 1], np.float32)
    given = {"f0_hz": 500 * one, "periodic_amplitude": one, "aperiodic_amplitude": 0 * one}
    sound = Excitation(n_harmonics=60, sample_rate=16000, hop_length=64)(given)["signal"].numpy()[0]
    assert np.mean(sound**2) == pytest.approx(0.5, rel=0.01)
    magnitudes = np.abs(np.fft.rfft(sound)) / 8000
    np.testing.assert_allclose(magnitudes[500:8000:500], 1 / np.sqrt(15), atol=1e-3)
    with pytest.raises(ArgumentError, match="`n_harmonics` should be at least 1"):
        Excitation(n_harmonics=0)
