"""The feedback delay network as a layer: its contract, both ways, and its decay."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from contracts import (
    check_declarations,
    check_equal,
    check_layer,
    check_refusals,
    check_streaming,
)

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import FeedbackDelayNetwork

RATE, HOP = 4000, 16


def make(method: str = "exact", **about: Any) -> FeedbackDelayNetwork:
    keras.utils.set_random_seed(0)
    return FeedbackDelayNetwork(
        delays=[11, 13, 17], method=method, sample_rate=RATE, hop_length=HOP, **about
    )


def make_inputs(batch: int, n_frames: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    knobs = {"low_t60_s": 0.3, "high_t60_s": 0.1, "wet_db": -3.0}
    return {
        "audio": rng.uniform(-0.5, 0.5, [batch, HOP * n_frames]).astype(np.float32),
        **{key: np.full([batch, 1], x, np.float32) for key, x in knobs.items()},
    }


@pytest.mark.parametrize("method", [pytest.param("exact", marks=pytest.mark.slow), "frequency"])
def test_the_contract(method: str) -> None:
    def layer() -> FeedbackDelayNetwork:
        return make(method, length_s=0.5)

    check_layer(layer, make_inputs)
    check_declarations(layer(), make_inputs(2, 18))
    check_refusals(layer(), make_inputs(2, 18))
    check_streaming(layer(), make_inputs(1, 18), hop_length=HOP)


def test_both_ways_and_live_sound_are_one_room() -> None:
    sampled = make("frequency", length_s=1.0)
    exact = sampled.for_live(HOP)
    assert exact.method == "exact"
    inputs = make_inputs(2, 200)
    check_equal(sampled(inputs), exact(inputs), tolerance=1e-5, what="the sampled response")


def test_the_room_decays_as_asked_and_is_left_out_with_rooms() -> None:
    room = make(add_dry=False)
    assert room.is_room
    click = np.eye(1, 4000, dtype=np.float32)
    times = {"low_t60_s": np.array([[0.5]]), "high_t60_s": np.array([[0.5]])}
    response = np.asarray(room({"audio": click, **times}))[0]
    np.testing.assert_array_equal(response[:11], 0.0)
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    level = 10 * np.log10(energy / energy[0])
    first, last = np.argmax(level < -5), np.argmax(level < -35)
    slope = np.polyfit(np.arange(first, last) / RATE, level[first:last], 1)[0]
    assert -60 / slope == pytest.approx(0.5, rel=0.05)


def test_the_level_of_the_room_is_in_decibels() -> None:
    room = make("frequency", length_s=0.1, add_dry=False)
    inputs = make_inputs(1, 5)
    quiet, loud = (np.asarray(room({**inputs, "wet_db": np.array([[db]])})) for db in (-26.0, -6.0))
    np.testing.assert_allclose(loud, 10.0 * quiet, rtol=1e-4, atol=1e-7)


@pytest.mark.slow
def test_a_known_decay_is_found_by_gradient() -> None:
    """From the energy of a known room alone; a second half of the time away."""
    room = make("frequency", length_s=1.0, add_dry=False)
    click = np.eye(1, 4000, dtype=np.float32)
    known = {"low_t60_s": np.array([[0.4]]), "high_t60_s": np.array([[0.2]])}
    target = room({"audio": click, **known})
    logs = tf.Variable(np.log([[0.8, 0.5]]).astype(np.float32))
    optimizer = keras.optimizers.Adam(0.05)

    def energies(sound: tf.Tensor) -> tf.Tensor:
        spectrum = tf.abs(tf.signal.stft(sound, 256, 128)) ** 2
        return tf.math.log(tf.reduce_sum(tf.reshape(spectrum[:, :, 1:], [30, 4, 32]), -1) + 1e-8)

    wanted = energies(target)

    @tf.function(autograph=False)
    def step() -> None:
        with tf.GradientTape() as tape:
            t60 = tf.exp(logs)
            played = room({"audio": click, "low_t60_s": t60[:, :1], "high_t60_s": t60[:, 1:]})
            error = tf.reduce_mean(tf.abs(energies(played) - wanted))
        optimizer.apply_gradients([(tape.gradient(error, logs), logs)])

    for _ in range(80):
        step()
    np.testing.assert_allclose(np.exp(logs.numpy()), [[0.4, 0.2]], rtol=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"delays": []}, "`delays` should be one or more"),
        ({"method": "fast"}, '`method` should be "exact" or "frequency"'),
        ({"length_s": 0.0}, "`length_s` should be above 0"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        FeedbackDelayNetwork(**arguments)
