"""A model that knows several rooms: trained in all, played in one."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation.evaluation import _room
from ddsp_tf.export.live_parts import find_live_parts
from ddsp_tf.models import Autoencoder, BlockPlayer, DilatedConvDecoder
from ddsp_tf.processors import Add, FilteredNoise, Harmonic, ProcessorGroup, Reverb, Rooms

RATES = {"sample_rate": 16000, "hop_length": 64}
NAMES = ("hall", "hall_2", "others")


def model(room: Reverb) -> Autoencoder:
    return Autoencoder(
        decoder=DilatedConvDecoder(conv_channels=8, dilations=(1, 3), channels=8),
        processor_group=ProcessorGroup(
            dag=[
                (
                    Harmonic(n_harmonics=6, **RATES),
                    ["amplitudes", "harmonic_distribution", "f0_hz"],
                ),
                (FilteredNoise(n_bands=9, **RATES), ["noise_magnitudes"]),
                (Add(), ["filtered_noise/signal", "harmonic/signal"]),
                (room, ["add/signal"]),
            ]
        ),
    )


@pytest.fixture(scope="module")
def knowing() -> Autoencoder:
    rooms = Rooms(names=NAMES, impulse_response_length=800)
    rng = np.random.default_rng(0)
    for weight in rooms.weights:
        weight.assign(0.1 * rng.normal(size=weight.shape))
    return model(rooms)


FEATURES = {
    "f0_hz": tf.linspace(300.0, 500.0, 100)[tf.newaxis, :, tf.newaxis],
    "loudness_db": tf.fill([1, 100, 1], -20.0),
}


def test_a_batch_says_the_room_and_else_it_is_the_main_one(knowing: Autoencoder) -> None:
    for number, name in enumerate(NAMES):
        told = knowing({**FEATURES, "room": tf.constant([[float(number)]])})["audio"]
        chosen = knowing.in_room(name)(FEATURES)["audio"]
        np.testing.assert_allclose(told, chosen, atol=1e-5)
        same = np.allclose(told, knowing(FEATURES)["audio"], atol=1e-5)
        assert same == (name == knowing.rooms.main)


def test_a_chosen_room_is_heard_in_blocks_too(knowing: Autoencoder) -> None:
    chosen = knowing.in_room("others")
    blocks = BlockPlayer(chosen, block_frames=20).blocks({k: x[0] for k, x in FEATURES.items()})
    whole = chosen(FEATURES)["audio"][0]
    np.testing.assert_allclose(np.concatenate(list(blocks)), whole, atol=1e-4)


def test_without_rooms_all_are_the_same(knowing: Autoencoder) -> None:
    dry = [x.without_rooms()(FEATURES)["audio"] for x in (knowing, knowing.in_room("others"))]
    np.testing.assert_array_equal(*dry)


def test_what_knows_no_such_room_says_so(knowing: Autoencoder) -> None:
    with pytest.raises(ArgumentError, match=r"'attic'\. The rooms are: hall, hall_2, others"):
        knowing.in_room("attic")
    one = model(Reverb(impulse_response_length=800))
    assert one.rooms is None
    with pytest.raises(ArgumentError, match="no room 'hall': this model knows one room or none"):
        one.in_room("hall")


def test_hosts_get_the_main_room(knowing: Autoencoder) -> None:
    assert find_live_parts(knowing).reverb is knowing.rooms


@pytest.mark.parametrize(
    ("key", "room"),
    [
        ("hall", "hall"),
        ("hall_3", "hall"),
        ("hall_2", "hall_2"),
        ("hall_2_2", "hall_2"),
        ("x", None),
    ],
)
def test_held_out_recordings_are_heard_in_the_room_they_were_made_in(
    knowing: Autoencoder, key: str, room: str | None
) -> None:
    assert _room(knowing, key) == room
