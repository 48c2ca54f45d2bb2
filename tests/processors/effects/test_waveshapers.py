"""Waveshapers as layers: their contract, their sound, and a curve that is learned."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import (
    check_declarations,
    check_layer,
    check_refusals,
    check_streaming,
)

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import LearnedWaveshaper, Processor, Waveshaper

HOP = 16
SHAPERS: dict[str, Any] = {
    "tanh": lambda: Waveshaper(oversampling=2, hop_length=HOP),
    "soft clip": lambda: Waveshaper(curve="soft_clip", oversampling=1, hop_length=HOP),
    "polynomial": lambda: Waveshaper(
        curve="chebyshev", n_degrees=3, oversampling=1, hop_length=HOP
    ),
    "learned": lambda: bent(LearnedWaveshaper(oversampling=1, hop_length=HOP)),
}


def bent(shaper: LearnedWaveshaper) -> LearnedWaveshaper:
    """As if it had been trained: no longer the identity."""
    shaper._last.assign(0.1 * tf.random.stateless_normal(shaper._last.shape, [1, 2]))
    return shaper


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def make_inputs(name: str, batch: int, n_frames: int) -> dict[str, np.ndarray]:
    inputs = {"audio": noise(batch, HOP * n_frames)}
    for key, value in (("drive_db", 12.0), ("bias", 0.2), ("level_db", -6.0)):
        inputs[key] = np.full([batch, 1], value, np.float32)
    if name == "polynomial":
        inputs["weights"] = noise(batch, 3, seed=1)
    return inputs


@pytest.mark.parametrize("name", SHAPERS)
def test_the_contract(name: str) -> None:
    # A learned one draws its weights: a twin is made by its config and given them.
    check_layer(SHAPERS[name], lambda batch, n: make_inputs(name, batch, n))
    check_declarations(SHAPERS[name](), make_inputs(name, 2, 18))
    check_refusals(SHAPERS[name](), make_inputs(name, 2, 18))
    check_streaming(SHAPERS[name](), make_inputs(name, 1, 18), hop_length=HOP)


@pytest.mark.parametrize("name", SHAPERS)
def test_silence_stays_silent_and_channels_are_alike(name: str) -> None:
    shaper: Processor = SHAPERS[name]()
    knobs = {key: x for key, x in make_inputs(name, 1, 4).items() if key != "audio"}
    silent = shaper({"audio": np.zeros([1, 64], np.float32), **knobs})
    np.testing.assert_allclose(silent, 0.0, atol=1e-7)
    audio = noise(1, 64, 2)
    both = np.asarray(shaper({"audio": audio, **knobs}))
    for channel in range(2):
        alone = shaper({"audio": audio[..., channel], **knobs})
        np.testing.assert_allclose(both[..., channel], alone, atol=1e-6)


def test_is_its_formula() -> None:
    audio = noise(1, 64)
    shaper = Waveshaper(oversampling=1)
    knobs = {"drive_db": 20.0, "bias": 0.3, "level_db": -6.0}
    played = shaper({"audio": audio, **{key: np.array([[x]]) for key, x in knobs.items()}})
    expected = 10 ** (-6 / 20) * (np.tanh(10.0 * audio + 0.3) - np.tanh(0.3))
    np.testing.assert_allclose(played, expected, atol=1e-6)


def test_even_overtones_come_with_the_bias_alone() -> None:
    t = np.arange(16000) / 16000
    tone = 0.5 * np.sin(2 * np.pi * 200 * t)[np.newaxis]
    octave = {}
    for bias in (0.0, 0.5):
        played = Waveshaper(sample_rate=16000)(
            {"audio": tone, "drive_db": np.array([[6.0]]), "bias": np.array([[bias]])}
        )
        lines = np.abs(np.fft.rfft(played[0]))
        octave[bias] = 20 * np.log10(lines[400] / lines[200])
    assert octave[0.0] < -60.0 < -30.0 < octave[0.5]


def test_a_curve_is_learned() -> None:
    keras.utils.set_random_seed(0)
    shaper = LearnedWaveshaper(oversampling=1)
    x = np.linspace(-1, 1, 400)[np.newaxis].astype(np.float32)
    wanted = np.tanh(3.0 * x + 0.4) - np.tanh(0.4)
    shaper({"audio": x})
    optimizer = keras.optimizers.Adam(0.01)

    @tf.function(autograph=False)
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            error = tf.reduce_mean(tf.square(shaper({"audio": x}) - wanted))
        weights = shaper.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(error, weights), weights, strict=True))
        return error

    for _ in range(400):
        error = step()
    # The identity it starts from has -7 dB.
    assert 10 * np.log10(error / np.mean(wanted**2)) < -40.0


@pytest.mark.parametrize(
    ("make_wrong", "message"),
    [
        (lambda: Waveshaper(curve="fuzz"), "`curve` should be one of tanh, soft_clip, hard_clip"),
        (lambda: Waveshaper(oversampling=3), "`oversampling` should be 1, 2, 4 or 8"),
        (lambda: Waveshaper(n_degrees=0), "`n_degrees` should be at least 1"),
        (lambda: LearnedWaveshaper(n_layers=0), "`n_units` and `n_layers` should be at least 1"),
    ],
)
def test_what_is_refused(make_wrong: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make_wrong()
