"""Rooms that are made of parameters: their contract, their decays, and both ways to play them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import (
    check_declarations,
    check_equal,
    check_layer,
    check_refusals,
    check_streaming,
)

from ddsp_tf.dsp.room_acoustics import echo_density, octave_signals, reverberation_times_s
from ddsp_tf.dsp.room_noise import octave_noise
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    AdvancedFilteredVelvetNoise,
    ConvolutionReverb,
    DecayingNoiseReverb,
    DelayNetworkReverb,
    FilteredNoiseReverb,
    FilteredVelvetNoise,
    PartitionedReverb,
    Processor,
    SchroederReverb,
)

RATE, HOP = 4000, 16
BANDS = (250.0, 500.0, 1000.0)
SMALL = {"delays": [11, 17], "all_pass_delays": [[5, 7], [4, 9]]}


def noise(**about: Any) -> DecayingNoiseReverb:
    return DecayingNoiseReverb(**{"bands_hz": BANDS, "length_s": 0.1, "sample_rate": RATE, **about})


def velvet(**about: Any) -> FilteredVelvetNoise:
    small = {"n_segments": 3, "length_s": 0.1, "early_ms": 2, "sample_rate": RATE}
    return FilteredVelvetNoise(**{**small, **about})


def advanced(**about: Any) -> AdvancedFilteredVelvetNoise:
    small = {"n_segments": 3, "length_s": 0.1, "early_ms": 2, "sample_rate": RATE}
    return AdvancedFilteredVelvetNoise(**{**small, **about})


def network(**about: Any) -> DelayNetworkReverb:
    return DelayNetworkReverb(
        **{**SMALL, "length_s": 0.1, "early_ms": 2, "sample_rate": RATE, **about}
    )


def given(**about: Any) -> ConvolutionReverb:
    taps = np.random.default_rng(3).normal(0, 0.1, 90)
    return ConvolutionReverb(taps, **about)


ROOMS: dict[str, Callable[..., Any]] = {
    "noise": noise,
    "one band of noise": lambda **about: noise(bands_hz=None, **about),
    "velvet": velvet,
    "network": network,
    "filtered noise": lambda **about: FilteredNoiseReverb(
        n_room_frames=5, n_bands=9, length_s=0.1, sample_rate=RATE, **about
    ),
    "Schroeder": lambda **about: SchroederReverb(sample_rate=RATE, **about),
    "exact network": lambda **about: network(matrix="hadamard", method="exact", **about),
    "advanced velvet": lambda **about: advanced(**about),
    "learned network": lambda **about: network(matrix="orthogonal", **about),
}


def make_inputs(room: Processor) -> Callable[[int, int], dict[str, np.ndarray]]:
    ranges = {key: x for key, x in room.input_signals.items() if key != "audio"}

    def make(batch: int, n_frames: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(0)
        inputs = {"audio": rng.uniform(-0.5, 0.5, [batch, HOP * n_frames])}
        for key, signal in ranges.items():
            middle = signal.default or 0.1
            inputs[key] = middle * rng.uniform(0.5, 1.0, [1, signal.width or 1]).repeat(batch, 0)
        return {key: x.astype(np.float32) for key, x in inputs.items()}

    return make


SLOW = ("network", "exact network", "Schroeder", "advanced velvet", "learned network")
"""Whose graphs take ten seconds and more to compile."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in ROOMS],
)
def test_the_contract(name: str) -> None:
    def layer() -> Processor:
        return ROOMS[name](hop_length=HOP)

    room = layer()
    inputs = make_inputs(room)
    check_layer(layer, inputs, tolerance=5e-5)
    check_declarations(room, inputs(2, 18))
    check_refusals(room, inputs(2, 18))
    check_streaming(room, inputs(1, 18), hop_length=HOP)
    assert room.is_room
    stereo = np.stack([inputs(2, 4)["audio"]] * 2, axis=-1)
    assert room({**inputs(2, 4), "audio": stereo}).shape == (2, 4 * HOP, 2)
    nothing = {key: x[:0] for key, x in inputs(2, 4).items()}
    assert room(nothing).shape == (0, 4 * HOP)


@pytest.mark.parametrize(
    "matrix",
    [
        pytest.param("householder", marks=pytest.mark.slow),
        pytest.param("hadamard", marks=pytest.mark.slow),
        "orthogonal",
    ],
)
def test_the_network_plays_what_its_sampled_response_is(matrix: str) -> None:
    sampled = network(length_s=1.0, hop_length=HOP, matrix=matrix)
    exact = sampled.for_live(HOP)
    inputs = {**make_inputs(sampled)(1, 60), "t60_s": np.full([1, 6], 0.2, np.float32)}
    check_equal(sampled(inputs), exact(inputs), tolerance=1e-4, what="the sampled response")


def test_both_ways_of_velvet_are_one_room() -> None:
    inputs = make_inputs(velvet())(1, 60)
    check_equal(
        velvet(method="frequency")(inputs),
        velvet(method="exact")(inputs),
        tolerance=2e-4,
        what="the sampled filters",
    )


def response_of(room: Processor, found: dict[str, list[float]], n_samples: int) -> np.ndarray:
    values = {key: np.array([value], np.float32) for key, value in found.items()}
    return np.asarray(room({"audio": np.eye(1, n_samples, dtype=np.float32), **values}))[0]


def test_colours_of_advanced_velvet_add_up_to_those_of_velvet() -> None:
    gains = np.random.default_rng(1).normal(-20, 4, [3, 6]).astype(np.float32)
    shared = {"t60_s": [[0.3]], "early_percent": np.zeros([1, 8])}
    click = np.eye(1, 400, dtype=np.float32)
    plain, summed = velvet(), advanced()
    n_bands = len(plain.bands_hz)
    gains = gains[:, :n_bands]
    one = plain(
        {
            "audio": click,
            **_floats({**shared, "gains_db": gains.reshape(1, -1)}),
            "spread": tf.constant([[0.3]]),
        }
    )
    changes = {"initial_db": gains[:1], "delta_db": np.diff(gains, axis=0).reshape(1, -1)}
    other = summed(
        {"audio": click, **_floats({**shared, **changes}), "spread": tf.fill([1, 3], 0.3)}
    )
    check_equal(one, other, tolerance=2e-5, what="the colours")


def _floats(values: dict[str, Any]) -> dict[str, tf.Tensor]:
    return {key: tf.constant(np.asarray(x), tf.float32) for key, x in values.items()}


@pytest.mark.slow
def test_echoes_are_as_sparse_as_those_of_the_response_of_advanced_velvet() -> None:
    """A response of an echo every 10 ms: all-passes and pulses that make none denser."""
    rate = 8000
    t = np.arange(rate // 2)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(t))
    sparse = np.where(t % 80 == 0, signs, 0.0) * 10 ** (-3 * t / rate)
    off = {}
    for make in (velvet, advanced):
        room = make(sample_rate=rate, add_dry=False, n_segments=6, early_ms=20)
        found = response_of(room, room.estimate(sparse), len(t))
        curves = [echo_density(x, sample_rate=rate)[500:3500] for x in (sparse, found)]
        off[make] = np.mean(np.abs(curves[1] - curves[0]))
    assert off[advanced] < 0.4 * off[velvet]


@pytest.mark.parametrize(
    "make",
    [
        velvet,
        pytest.param(advanced, marks=pytest.mark.slow),
        pytest.param(network, marks=pytest.mark.slow),
    ],
    ids=["velvet", "advanced", "network"],
)
def test_the_analysis_of_a_known_room_gives_its_decays_and_its_energy(
    make: Callable[..., Any],
) -> None:
    rate, every = 16000, [62.5 * 2**k for k in range(7)]
    bands = every[2:]
    t = np.arange(round(0.8 * rate)) / rate
    times = np.array([0.6, 0.6, 0.6, 0.5, 0.45, 0.4, 0.3])[:, np.newaxis]
    octaves = octave_noise(len(t), tuple(every), sample_rate=rate, seed=1)
    known = 0.1 * np.sum(octaves * 10 ** (-3 * t / times), axis=0)
    known[0] = 1.0
    wide = {"delays": (233, 311, 421), "all_pass_delays": [[131, 151], [103, 173], [89, 181]]}
    about: dict[str, Any] = wide if make is network else {"n_segments": 10}
    room = make(sample_rate=rate, add_dry=False, **{"early_ms": 20, **about})
    found = response_of(room, room.estimate(known), len(known))
    measured = [reverberation_times_s(x, bands, sample_rate=rate) for x in (known, found)]
    np.testing.assert_allclose(measured[1], measured[0], rtol=0.1)
    energies = [
        10 * np.log10(np.sum(octave_signals(x, bands, sample_rate=rate) ** 2, axis=1))
        for x in (known, found)
    ]
    np.testing.assert_allclose(energies[1], energies[0], atol=2.0)
    # The direct sound and the first reflections are the response's own.
    np.testing.assert_allclose(found[:200], known[:200], atol=1e-4)


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (SchroederReverb, {"combs_ms": []}, "`combs_ms` should hold one"),
        (FilteredNoiseReverb, {"n_bands": 1}, "`n_room_frames` and `n_bands` should be"),
        (noise, {"length_s": 0.0}, "`length_s` should be two samples at least"),
        (noise, {"bands_hz": (4000.0,)}, "`bands_hz` should be below 2000 Hz"),
        (velvet, {"n_segments": 1}, "`n_segments` should be at least 2"),
        (velvet, {"method": "fast"}, '`method` should be "exact" or "frequency"'),
        (network, {"delays": [3]}, "`all_pass_delays` should have as many lines"),
        (velvet, {"density_hz": [200.0, 100.0]}, "one or one for each segment"),
        (network, {"matrix": "hadamard", "delays": [3] * 3, "all_pass_delays": [[2]] * 3}, "of 2"),
        (network, {"matrix": "random"}, '`matrix` should be "householder", "hadamard"'),
        (network, {"method": "fast"}, '`method` should be "exact" or "frequency"'),
    ],
)
def test_what_is_refused(make: Callable[..., Any], arguments: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make(**arguments)


def test_a_given_response_is_what_is_played_and_live_too() -> None:
    room = given(hop_length=HOP)
    taps = np.random.default_rng(3).normal(0, 0.1, 90)
    sound = np.random.default_rng(4).normal(0, 0.1, [2, 40 * HOP]).astype(np.float32)
    wanted = [np.convolve(row, taps)[: 40 * HOP] for row in sound]
    np.testing.assert_allclose(room({"audio": sound}), wanted, atol=1e-6)
    check_streaming(room, {"audio": sound[:, : 18 * HOP]}, hop_length=HOP)
    assert room.is_room
    assert not room.trainable_weights
    live = room.for_live(HOP)
    assert isinstance(live, PartitionedReverb)
    np.testing.assert_allclose(live({"audio": sound}), wanted, atol=1e-6)
    twin = ConvolutionReverb.from_config(room.get_config())
    twin.set_weights(room.get_weights())
    np.testing.assert_allclose(twin({"audio": sound}), wanted, atol=1e-6)
    with pytest.raises(ArgumentError, match="`impulse_response` should be"):
        ConvolutionReverb([1.0, np.nan])


def test_schroeder_s_room_is_its_difference_equations_and_decays_as_asked() -> None:
    room = SchroederReverb(sample_rate=RATE, add_dry=False)
    click = np.eye(1, 3 * RATE, dtype=np.float32)
    t60, spread = 0.6, 0.7
    knobs = {"t60_s": t60, "spread": spread, "wet_db": 0.0}
    values = {key: np.array([[value]], np.float32) for key, value in knobs.items()}
    made = np.asarray(room({"audio": click, **values}))[0]
    wanted = np.zeros(3 * RATE)
    for delay in (119, 148, 164, 175):
        a = np.zeros(delay + 1)
        a[[0, delay]] = 1.0, -(10 ** (-3 * delay / (t60 * RATE)))
        wanted += scipy.signal.lfilter([1.0], a, click[0]) / 4
    for delay in (20, 7):
        b, a = np.zeros([2, delay + 1])
        b[[0, delay]], a[[0, delay]] = (-spread, 1.0), (1.0, -spread)
        wanted = scipy.signal.lfilter(b, a, wanted)
    np.testing.assert_allclose(made, wanted, atol=1e-6)
    measured = reverberation_times_s(made, BANDS, sample_rate=RATE)
    np.testing.assert_allclose(measured, t60, rtol=0.05)
