"""Rooms that are found have the echoes of a response: few where they are few."""

import numpy as np
import pytest

from ddsp_tf.dsp.room_acoustics import echo_density
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import AdvancedFilteredVelvetNoise, DelayNetworkReverb

RATE = 16000
DELAYS = [77, 103, 141, 153, 195, 205]
ALL_PASSES = [
    [43, 50, 113, 118],
    [34, 58, 110, 124],
    [30, 60, 102, 134],
    [26, 65, 93, 139],
    [20, 71, 86, 143],
    [15, 76, 83, 147],
]
"""The paper's, at a third of its rate."""


def decaying(echoes: np.ndarray) -> np.ndarray:
    response = echoes * 10.0 ** (-3.0 * np.arange(len(echoes)) / RATE / 0.5)
    response[0] = 2.0
    return response


@pytest.mark.parametrize(
    "lines", [ALL_PASSES[:5], [*ALL_PASSES[:5], [15, 76]]], ids=["a line less", "two less"]
)
def test_every_line_has_as_many_all_passes(lines: list[list[int]]) -> None:
    with pytest.raises(ArgumentError, match="should have as many lines as `delays`, each with as"):
        DelayNetworkReverb(delays=DELAYS, all_pass_delays=lines)


@pytest.mark.slow  # the network is sampled thirteen times
@pytest.mark.parametrize("sparse", [True, False])
def test_a_network_is_as_sparse_as_the_response(sparse: bool) -> None:
    random = np.random.default_rng(0)
    echoes = random.standard_normal(RATE // 2)
    if sparse:
        echoes *= random.uniform(size=RATE // 2) < 0.006
    network = DelayNetworkReverb(
        delays=DELAYS, all_pass_delays=ALL_PASSES, add_dry=False, sample_rate=RATE, length_s=0.5
    )
    found = network.estimate(decaying(echoes))
    gains = set(found["spread"])
    assert (max(gains) < 0.5) == sparse
    controls = {key: np.array([value], np.float32) for key, value in found.items()}
    played = network.response(controls).numpy()[0].astype(np.float64)
    place = slice(round(0.03 * RATE), round(0.3 * RATE))
    density = [echo_density(x, sample_rate=RATE)[place] for x in (decaying(echoes), played)]
    assert np.mean(np.abs(density[0] - density[1])) < 0.4


@pytest.mark.slow
def test_what_few_pulses_would_make_too_loud_stays_dense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AdvancedFilteredVelvetNoise, "_clarity_db", lambda self, found: 99.0)
    random = np.random.default_rng(0)
    echoes = random.standard_normal(3200) * (random.uniform(size=3200) < 0.01)
    room = AdvancedFilteredVelvetNoise(n_segments=3, add_dry=False, sample_rate=RATE, length_s=0.2)
    found = room.estimate(decaying(echoes))
    assert set(found["spread"]) == {0.5}
    assert room.density_hz == 2000.0
