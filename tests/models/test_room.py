"""A model of rooms: found from a response alone, or from a sound before and in it."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import match
from ddsp_tf.losses import Compare, EnergyDecay
from ddsp_tf.models import Room
from ddsp_tf.models.architecture import architecture_from_dict, architecture_to_dict
from ddsp_tf.processors import DecayingNoiseReverb, ProcessorGroup

RATE = 8000
BANDS = (250.0, 500.0, 1000.0, 2000.0)
KNOWN = {"t60_s": [0.5, 0.4, 0.3, 0.25], "gains_db": [-20.0, -15.0, -18.0, -25.0]}


def make(length_s: float = 0.5) -> Room:
    room = DecayingNoiseReverb(bands_hz=BANDS, length_s=length_s, add_dry=False, sample_rate=RATE)
    group = ProcessorGroup(dag=[(room, ["audio", "t60_s", "gains_db"])])
    return Room(processor_group=group, hop_length=32)


def known_response() -> np.ndarray:
    room = make()
    room.set_parameters(KNOWN)
    return room({"audio": tf.zeros([1, RATE // 2])})["audio"].numpy()[0]


def test_without_a_dry_sound_it_plays_its_response() -> None:
    room = make()
    click = tf.one_hot([0], 1001)
    np.testing.assert_allclose(
        room({"audio": tf.zeros([1, 1001])})["audio"], room({"dry": click})["audio"], atol=1e-6
    )
    assert room.required_input_names == ()
    assert set(room.encoded_signals) == {"dry"}
    with pytest.raises(ArgumentError, match="The room needs `dry`, or `audio`"):
        room({})


def test_it_begins_near_a_response_and_stays_where_it_is_for_pairs() -> None:
    room = make(length_s=2.0)
    room.begin(known_response())
    for key, value in KNOWN.items():
        np.testing.assert_allclose(room.parameters()[key][0], value, rtol=0.12)
    assert room.processor_group.processors[0].length_s == 0.5
    other = make()
    before = other.parameters()
    other.begin(np.ones(100), np.ones(100))
    assert other.parameters() == before


@pytest.mark.slow
def test_match_finds_the_room_from_its_response_and_from_a_pair() -> None:
    target = known_response()
    loss = Compare(EnergyDecay(sample_rate=RATE))
    alone = match(make(), target, objective=loss, n_steps=20, learning_rate=0.02)
    assert alone.loss < 0.5
    assert alone.loss <= alone.start_loss
    np.testing.assert_allclose(alone.parameters["t60_s"][0], KNOWN["t60_s"], rtol=0.1)
    dry = 0.1 * np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    wet = np.convolve(dry, target)[:4000]
    pair = match(make(), wet, dry=dry, objective=loss, n_steps=60)
    assert pair.loss < 0.5 * pair.start_loss


def test_it_is_stored_by_its_config() -> None:
    room = make()
    room.set_parameters(KNOWN)
    twin = architecture_from_dict(architecture_to_dict(room))
    assert isinstance(twin, Room)
    twin.set_weights(room.get_weights())
    sound = {"audio": tf.zeros([1, 2000])}
    np.testing.assert_allclose(twin(sound)["audio"], room(sound)["audio"], atol=1e-7)
