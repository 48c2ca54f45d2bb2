"""The room for short blocks sounds as the room does."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_equal

from ddsp_tf.processors import PartitionedReverb, Reverb


@pytest.mark.parametrize("add_dry", [True, False])
def test_plays_what_the_reverb_plays(add_dry: bool) -> None:
    reverb = Reverb(impulse_response_length=150, initial_scale=0.1, add_dry=add_dry)
    room = PartitionedReverb(reverb, hop_length=16)
    assert room.name == reverb.name
    rng = np.random.default_rng(1)
    audio = tf.constant(rng.uniform(-1, 1, [2, 16 * 30]), tf.float32)
    state, played, start = room.initial_state(2), [], 0
    for n_frames in (1, 1, 9, 4, 15):
        block = audio[:, 16 * start : 16 * (start + n_frames)]
        sound, state = room.stream(room.controls({"audio": block}), state, n_frames)
        played.append(sound)
        start += n_frames
    check_equal(
        tf.concat(played, axis=1), reverb({"audio": audio}), tolerance=1e-5, what="the room"
    )


def test_keeps_the_response_that_it_was_made_with() -> None:
    reverb = Reverb(impulse_response_length=40, initial_scale=0.1)
    room = PartitionedReverb(reverb, hop_length=8)
    click = tf.one_hot([0], 8)
    before, _ = room.stream({"audio": click}, room.initial_state(1), 1)
    reverb.set_weights([np.zeros(40, np.float32)])
    after, _ = room.stream({"audio": click}, room.initial_state(1), 1)
    np.testing.assert_array_equal(before, after)
