"""The attack time, of ramps whose own is known."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation.attack import attack_time_s

RATE = 44100


@pytest.mark.parametrize("rise_s", [0.005, 0.02, 0.1])
def test_a_ramp_takes_eight_tenths_of_its_length(rise_s: float) -> None:
    time_s = np.arange(RATE // 2) / RATE
    tone = np.minimum(time_s / rise_s, 1.0) * np.sin(2 * np.pi * 3000 * time_s)
    assert attack_time_s(tone, sample_rate=RATE) == pytest.approx(0.8 * rise_s, abs=5e-4)


def test_silence_has_none() -> None:
    with pytest.raises(ArgumentError, match="with sound in it"):
        attack_time_s(np.zeros(100), sample_rate=RATE)
