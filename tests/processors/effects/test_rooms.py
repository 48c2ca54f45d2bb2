"""Several rooms in one processor: which sounds, how loud, and what a training teaches each."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import ProcessorGroup, Reverb, Rooms, WhiteNoise

NAMES = ("hall", "church", "studio")
TAPS = 400


def rooms(**arguments: object) -> Rooms:
    made = Rooms(
        names=NAMES,
        main="church",
        impulse_response_length=TAPS,
        decay_s=0.1,
        sample_rate=16000,
        **arguments,
    )
    rng = np.random.default_rng(0)
    made.impulse_response.assign(rng.normal(size=TAPS))
    made.differences.assign(rng.normal(size=[2, TAPS]))
    made.gains.assign([[np.log(2.0)], [np.log(0.5)]])
    return made


def sound(n_examples: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(1).normal(size=[n_examples, 1600]), tf.float32)


def test_each_example_sounds_in_its_room() -> None:
    made, audio = rooms(), sound(3)
    played = made({"audio": audio, "room": tf.constant([[0.0], [1.0], [2.0]])})
    fall = 10.0 ** (-3.0 * np.arange(TAPS) / 1600)
    for number, (gain, row) in enumerate([(2.0, 0), (1.0, None), (0.5, 1)]):
        taps = made.impulse_response.numpy() + (0 if row is None else made.differences.numpy()[row])
        response = taps * fall
        response[0] = 1.0
        expected = gain * np.convolve(audio[number], response)[:1600]
        np.testing.assert_allclose(played[number], expected, rtol=1e-3, atol=1e-3)


def test_without_a_number_the_main_room_sounds_as_a_reverb_does() -> None:
    made, audio = rooms(), sound(2)
    plain = Reverb(impulse_response_length=TAPS, decay_s=0.1, sample_rate=16000)
    plain.impulse_response.assign(made.impulse_response)
    np.testing.assert_array_equal(made({"audio": audio}), plain({"audio": audio}))


@pytest.mark.parametrize("name", NAMES)
def test_a_room_is_chosen_by_name(name: str) -> None:
    made, audio = rooms(), sound(2)
    by_number = made({"audio": audio, "room": tf.fill([2, 1], float(NAMES.index(name)))})
    np.testing.assert_allclose(made.in_room(name)({"audio": audio}), by_number, atol=1e-5)


def test_in_blocks_it_plays_what_it_plays_at_once() -> None:
    made, audio = rooms().in_room("hall"), sound(1)
    whole, state, parts = made({"audio": audio}), made.initial_state(1), []
    for start in range(0, 1600, 400):
        controls = made.controls({"audio": audio[:, start : start + 400]})
        part, state = made.stream(controls, state, 400)
        parts.append(part)
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-4)


def test_a_sound_teaches_its_own_room_and_the_main_one_alone() -> None:
    made = rooms()
    with tf.GradientTape() as tape:
        played = made({"audio": sound(1), "room": tf.constant([[2.0]])})
        loss = tf.reduce_sum(played**2)
    of_main, of_others, of_gains = tape.gradient(
        loss, [made.impulse_response, made.differences, made.gains]
    )
    assert np.abs(of_main[1:]).min() > 0
    assert not np.any(tf.convert_to_tensor(of_others)[0])
    assert np.abs(tf.convert_to_tensor(of_others)[1, 1:]).min() > 0
    np.testing.assert_array_equal(tf.convert_to_tensor(of_gains)[:, 0] != 0, [False, True])


def test_it_is_stored_with_its_rooms() -> None:
    made = rooms()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(made))
    assert (again.names, again.main) == (NAMES, "church")
    assert again.chosen == "church"
    chosen = made.in_room("studio")
    assert Rooms.from_config(chosen.get_config()).chosen == "studio"
    assert len(chosen.weights) == len(made.weights)
    again.set_weights(made.get_weights())
    told = {"audio": sound(1), "room": tf.constant([[0.0]])}
    np.testing.assert_array_equal(again(told), made(told))


def test_a_room_by_itself_is_a_reverb() -> None:
    """A weight without a number in it can't be stored."""
    alone = Rooms(names=["hall"], impulse_response_length=TAPS)
    assert [weight.shape for weight in alone.weights] == [(TAPS,)]
    told = {"audio": sound(1), "room": tf.constant([[0.0]])}
    np.testing.assert_array_equal(alone(told), alone.in_room("hall")({"audio": told["audio"]}))


def test_a_group_passes_the_room_on() -> None:
    group = ProcessorGroup(dag=[(rooms(), ["audio"])])
    told = {"audio": sound(1), "room": tf.constant([[2.0]])}
    np.testing.assert_array_equal(group(told), rooms()(told))
    np.testing.assert_allclose(
        group.in_room("studio")({"audio": told["audio"]}), group(told), atol=1e-5
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": []}, "`names` should be one or more rooms"),
        ({"names": ["hall", "hall"]}, "each with a name of its own"),
        ({"names": ["hall"], "main": "attic"}, "There is no room 'attic'. The rooms are: hall"),
    ],
)
def test_names_that_make_no_sense_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Rooms(**arguments, impulse_response_length=TAPS)


@pytest.mark.parametrize("name", ["church", "studio"])
def test_live_it_plays_the_chosen_room(name: str) -> None:
    chosen, audio = rooms().in_room(name), sound(1)
    live = chosen.for_live(64)
    assert live.input_names == ("audio",)
    played, _ = live.stream({"audio": audio}, live.initial_state(1), 25)
    np.testing.assert_allclose(played, chosen({"audio": audio}), atol=1e-3)


def test_a_room_at_the_end_sounds_on_after_a_gate_has_closed() -> None:
    dry = WhiteNoise(sample_rate=16000, hop_length=64)
    group = ProcessorGroup(dag=[(dry, ["frames"]), (rooms(), ["white_noise/signal"])])
    assert isinstance(group.last_room, Rooms)
