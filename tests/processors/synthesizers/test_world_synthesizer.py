"""WORLD's vocoder: the contract, blocks, and that it says again what was analysed."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming
from scipy import signal

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.world.world_analysis import analyze_world
from ddsp_tf.processors import World

RATES = {"sample_rate": 4000, "hop_length": 16}
SMALL = {"n_bands": 12, "n_points": 4, "fft_length": 128, "lowest_hz": 90.0, **RATES}


def _inputs(batch, n_frames):
    rng = np.random.default_rng(0)

    def frames(width, low, high):
        return rng.uniform(low, high, [batch, n_frames, width]).astype(np.float32)

    return {
        "f0_hz": frames(1, 90, 400),
        "envelope": frames(12, 0, 2),
        "aperiodicity": frames(4, -2, 2),
    }


@pytest.mark.slow
def test_holds_the_contract():
    check_layer(lambda: World(**SMALL), _inputs, tolerance=2e-4)


def test_a_sound_in_blocks_is_the_sound_at_once():
    vocoder = World(**SMALL)
    check_streaming(vocoder, _inputs(1, 6), hop_length=16, blocks=(1, 3, 2))
    check_declarations(vocoder, _inputs(2, 5))
    check_refusals(vocoder, _inputs(2, 5))


def test_a_vowel_said_again_has_its_envelope():
    audio = 0.01 * np.random.default_rng(0).standard_normal(8000)
    audio[::145] += 1.0
    for formant_hz in (730, 1090, 2440):  # Peterson and Barney's "a".
        pole = np.exp((-80.0 * np.pi + 2j * np.pi * formant_hz) / 16000)
        audio = signal.lfilter([0.1], [1.0, -2 * pole.real, abs(pole) ** 2], audio)
    rates = {"sample_rate": 16000, "hop_length": 80}
    f0_hz = np.full(100, 16000 / 145)
    found = analyze_world(audio, f0_hz, **rates)
    vocoder = World(n_bands=None, n_points=None, scale=False, **rates)
    controls = {
        "f0_hz": f0_hz[:, np.newaxis].astype(np.float32),
        "envelope": found.envelope,
        "aperiodicity": found.aperiodicity,
    }
    said = vocoder({key: tf.constant(x[np.newaxis]) for key, x in controls.items()})
    again = analyze_world(said.numpy()[0, : len(audio)], f0_hz, **rates)
    apart_db = 10 * np.log10(again.envelope / found.envelope)[10:-10]
    distance_db = np.sqrt(np.mean(apart_db**2, axis=1)).mean()
    assert distance_db < 2.0


def test_gradients_reach_all_that_it_is_told():
    vocoder = World(**SMALL)
    inputs = {key: tf.Variable(x) for key, x in _inputs(1, 6).items()}
    with tf.GradientTape() as tape:
        power = tf.reduce_mean(tf.square(vocoder(inputs)))
    for gradient in tape.gradient(power, list(inputs.values())):
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0.0)


def test_a_filter_no_longer_than_a_hop_is_refused():
    with pytest.raises(ArgumentError, match="more than the hop, 64"):
        World(fft_length=64)
