"""Places in ranges and back, however the range is bent."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors.shares import share_of, value_at
from ddsp_tf.types import Signal


@pytest.mark.parametrize(
    "about",
    [
        {"low": -3.0, "high": 5.0},
        {"low": 20.0, "high": 2000.0, "unit": "Hz"},
        {"low": 0.0, "high": 4.0, "curve": 0.25},
        {"low": -10.0, "high": 20.0, "curve": 0.5},
    ],
)
def test_a_place_is_found_again(about: dict) -> None:
    signal = Signal("value", **about)
    places = np.linspace(0.0, 1.0, 21)
    values = value_at(places, signal)
    assert values[0] == pytest.approx(signal.low)
    assert values[-1] == pytest.approx(signal.high)
    assert np.all(np.diff(values) > 0)
    np.testing.assert_allclose(share_of(values, signal), places, atol=1e-6)


def test_a_curve_gives_room_to_what_is_small() -> None:
    assert value_at(0.5, Signal("value", low=0.0, high=4.0, curve=0.5)) == pytest.approx(1.0)
    assert value_at(0.5, Signal("value", low=-96.0, high=96.0, curve=0.2)) == pytest.approx(0.0)
    with pytest.raises(ArgumentError, match="`curve` should be above 0"):
        Signal("value", low=0.0, high=1.0, curve=0.0)
