"""Times of decay are compared by their ratio, decays in dB down to the range."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import RoomDecay


def test_terms_are_ratios_of_times_and_differences_of_what_is_heard() -> None:
    room = {"t60_s": tf.constant([[0.5, 2.0]]), "decay_db": tf.constant([[-10.0, -35.0, -60.0]])}
    said = {"t60_s": tf.constant([[1.0, 0.5]]), "decay_db": tf.constant([[-13.0, -70.0, -55.0]])}
    terms = RoomDecay()(room, said)
    assert float(terms["t60"]) == pytest.approx((np.log(2.0) + np.log(4.0)) / 2)
    assert float(terms["decay_db"]) == pytest.approx(0.02 * (3.0 + 5.0 + 0.0) / 3)  # -40 dB at most
    assert not any(float(x) for x in RoomDecay()(room, room).values())


def test_what_makes_no_sense_is_refused() -> None:
    RoomDecay(decay_weight=0.0)
    for wrong in ({"range_db": 0.0}, {"decay_weight": -0.1}):
        with pytest.raises(ArgumentError, match="`range_db` should be above 0"):
            RoomDecay(**wrong)
    with pytest.raises(ArgumentError, match="t60_s"):
        RoomDecay()({"decay_db": tf.zeros([1, 1])}, {})
