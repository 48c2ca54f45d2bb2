"""The low-frequency oscillator: its contract, its phase, and the shape that it learns."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import Oscillator

RATE, HOP = 4000, 16


def make_inputs(batch: int, n_frames: int) -> dict[str, np.ndarray]:
    return {
        "audio": np.zeros([batch, HOP * n_frames], np.float32),
        "rate_hz": np.full([batch, 1], 7.0, np.float32),
        "phase": np.full([batch, 1], 0.3, np.float32),
    }


@pytest.mark.parametrize("shape", ["sine", "triangle", "learned"])
def test_the_contract(shape: str) -> None:
    def make() -> Oscillator:
        keras.utils.set_random_seed(1)
        made = Oscillator(shape=shape, sample_rate=RATE, hop_length=HOP)
        for weight in made.weights:
            weight.assign(weight + 0.1)
        return made

    check_layer(make, make_inputs, without_gradient=["audio"])
    check_declarations(make(), make_inputs(2, 18))
    check_refusals(make(), make_inputs(2, 18))
    check_streaming(make(), make_inputs(1, 18), hop_length=HOP)


def test_it_begins_at_its_phase_and_turns_at_its_rate() -> None:
    inputs = {**make_inputs(1, 250), "phase": np.array([[-0.25]], np.float32)}
    inputs["rate_hz"] = np.array([[2.0]], np.float32)
    time = np.arange(RATE) / RATE
    for shape in ("sine", "learned"):
        wave = Oscillator(shape=shape, sample_rate=RATE)(inputs)[0]
        np.testing.assert_allclose(wave, np.sin(2 * np.pi * (2.0 * time - 0.25)), atol=1e-5)


def test_a_shape_is_learned() -> None:
    """A swing with sharp crests, |sin|, from a sine: its error falls to a hundredth."""
    keras.utils.set_random_seed(0)
    oscillator = Oscillator(shape="learned", sample_rate=RATE)
    wave = tf.sin(2 * np.pi * tf.range(256.0) / 256)[tf.newaxis]
    target = 2 * tf.abs(wave) - 1
    optimizer = keras.optimizers.Adam(0.03)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(oscillator.shaped(wave) - target))
        values = oscillator.trainable_variables
        optimizer.apply(tape.gradient(loss, [x.value for x in values]), values)
        return loss

    first = step()
    for _ in range(400):
        last = step()
    assert last < 0.01 * first


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match='`shape` should be "sine", "triangle" or "learned"'):
        Oscillator(shape="saw")
