"""Compressor, expander, gate, limiter and de-esser: their contract, and what is heard of them."""

from collections.abc import Callable
from typing import Any

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
from ddsp_tf.processors import Compressor, DeEsser, Expander, Gate, Limiter, Processor

RATE, HOP = 16000, 16
ABOUT = {"sample_rate": RATE, "hop_length": HOP}
PROCESSORS: dict[str, tuple[Callable[..., Processor], dict[str, float]]] = {
    "compressor": (
        lambda: Compressor(detector="rms", rms_ms=2.0, look_ahead_ms=1.0, **ABOUT),
        {"threshold_db": -25.0, "ratio": 3.0, "knee_db": 9.0, "attack_ms": 2.0, "gain_db": 3.0},
    ),
    "expander": (
        lambda: Expander(**ABOUT),
        {"threshold_db": -9.0, "ratio": 2.0, "knee_db": 9.0, "range_db": 60.0, "release_ms": 9.0},
    ),
    "gate": (lambda: Gate(**ABOUT), {"threshold_db": -12.0, "range_db": 30.0}),
    "limiter": (lambda: Limiter(link="none", **ABOUT), {"threshold_db": -12.0, "release_ms": 5.0}),
    "de-esser": (
        lambda: DeEsser(**ABOUT),
        {"threshold_db": -30.0, "attack_ms": 1.0, "frequency_hz": 3000.0},
    ),
}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def make_inputs(name: str, batch: int, n_frames: int) -> dict[str, np.ndarray]:
    knobs = {key: np.full([batch, 1], x, np.float32) for key, x in PROCESSORS[name][1].items()}
    return {"audio": noise(batch, HOP * n_frames), **knobs}


def values(**knobs: float) -> dict[str, np.ndarray]:
    return {key: np.array([[x]], np.float32) for key, x in knobs.items()}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name == "de-esser" else [])
        for name in PROCESSORS
    ],
)
def test_the_contract(name: str) -> None:
    make = PROCESSORS[name][0]
    # What is as steep as a gate hardly moves with its threshold but at the threshold itself.
    still = ("range_db",) if name == "expander" else ()
    check_layer(make, lambda batch, n: make_inputs(name, batch, n), without_gradient=still)
    check_declarations(make(), make_inputs(name, 2, 18))
    check_refusals(make(), make_inputs(name, 2, 18))
    check_streaming(make(), make_inputs(name, 1, 18), hop_length=HOP)


@pytest.mark.parametrize("name", PROCESSORS)
def test_stereo_in_blocks_is_stereo_at_once(name: str) -> None:
    processor = PROCESSORS[name][0]()
    inputs = {**make_inputs(name, 2, 20), "audio": noise(2, HOP * 20, 2)}
    whole = processor(inputs)
    state, parts = processor.initial_state(2), []
    for block in range(5):
        audio = inputs["audio"][:, block * 64 : (block + 1) * 64]
        prepared, _ = processor._prepared({**inputs, "audio": audio})
        part, state = processor.stream(processor.controls(prepared), state, 4)
        parts.append(part)
    check_equal(tf.concat(parts, 1), whole, tolerance=1e-5, what="blocks")


def level_after(processor: Processor, level_db: float, **knobs: float) -> float:
    tone = np.full([1, RATE], 10 ** (level_db / 20), np.float32)
    return float(20 * np.log10(processor({"audio": tone, **values(**knobs)})[0, -1]))


def test_levels_that_stay_come_out_as_the_curves_say() -> None:
    compressor = Compressor(sample_rate=RATE)
    knobs = {"threshold_db": -20.0, "ratio": 4.0, "knee_db": 0.0}
    assert level_after(compressor, -40.0, **knobs) == pytest.approx(-40.0, abs=0.01)
    assert level_after(compressor, -8.0, **knobs) == pytest.approx(-17.0, abs=0.01)
    assert level_after(compressor, -8.0, gain_db=6.0, **knobs) == pytest.approx(-11.0, abs=0.01)
    expander = Expander(sample_rate=RATE)
    knobs = {"threshold_db": -40.0, "ratio": 2.0, "knee_db": 0.0, "range_db": 30.0}
    assert level_after(expander, -50.0, **knobs) == pytest.approx(-60.0, abs=0.01)
    assert level_after(expander, -80.0, **knobs) == pytest.approx(-110.0, abs=0.01)
    assert level_after(Gate(sample_rate=RATE), -60.0) == pytest.approx(-120.0, abs=0.01)


def test_a_limiter_lets_nothing_through() -> None:
    sound = 3.0 * noise(2, 4000, 2)
    limited = Limiter(sample_rate=RATE)({"audio": sound, "threshold_db": np.array([[-6.0]] * 2)})
    assert np.max(np.abs(limited)) <= 10 ** (-6 / 20) * (1 + 1e-5)
    # And turns down no more than it has to.
    assert np.max(np.abs(limited)) > 10 ** (-6.1 / 20)


@pytest.mark.parametrize("release_ms", [1.0, 100.0])
def test_a_limiter_that_looks_ahead_lets_nothing_through_either(release_ms: float) -> None:
    sound = 0.01 * noise(1, 8000)
    sound[0, ::1777] = 1.0
    limiter = Limiter(look_ahead_ms=5.0, sample_rate=RATE)
    knobs = values(threshold_db=-20.0, release_ms=release_ms)
    limited = np.asarray(limiter({"audio": sound, **knobs}))
    assert np.max(np.abs(limited)) <= 0.1 * (1 + 1e-5)
    assert np.max(np.abs(limited)) > 0.099


def test_one_pole_is_the_attack_alone() -> None:
    audio, knobs = noise(2, 2000), {"attack_ms": 20.0, "threshold_db": -30.0}
    given = {"audio": audio, **{key: np.full([2, 1], x) for key, x in knobs.items()}}
    one = Compressor(smoothing="one_pole", sample_rate=RATE)(given)
    both = Compressor(sample_rate=RATE)({**given, "release_ms": np.full([2, 1], 20.0)})
    np.testing.assert_allclose(one, both, atol=1e-6)


def test_side_chains_of_other_channels() -> None:
    audio, side = noise(1, 64), noise(1, 64, 2)
    linked = Compressor(sample_rate=RATE)({"audio": audio, "side_chain": side})
    assert linked.shape == (1, 64)
    with pytest.raises(ArgumentError, match="should have one channel, or 1 as `audio` has"):
        Compressor(link="none", sample_rate=RATE)({"audio": audio, "side_chain": side})


def test_linked_channels_keep_their_balance() -> None:
    sound = noise(1, 4000, 2) * np.array([1.0, 0.1], np.float32)
    knobs = values(threshold_db=-30.0, ratio=8.0)
    ratios = {}
    for link in ("max", "mean", "none"):
        played = np.asarray(Compressor(link=link, sample_rate=RATE)({"audio": sound, **knobs}))
        gains = np.std(played[0, 2000:], axis=0) / np.std(sound[0, 2000:], axis=0)
        ratios[link] = gains[0] / gains[1]
    assert ratios["max"] == pytest.approx(1.0, abs=1e-3)
    assert ratios["mean"] == pytest.approx(1.0, abs=1e-3)
    assert ratios["none"] < 0.5


def test_a_side_chain_ducks_and_look_ahead_is_late() -> None:
    sound = np.full([1, 4000], 0.1, np.float32)
    kick = np.zeros([1, 4000], np.float32)
    kick[:, 2000:] = 1.0
    knobs = values(threshold_db=-20.0, ratio=20.0, attack_ms=1.0)
    ducked = Compressor(sample_rate=RATE)({"audio": sound, "side_chain": kick, **knobs})
    assert np.allclose(ducked[0, :2000], 0.1, atol=1e-6)
    assert ducked[0, 3000] < 0.02
    compressor = Compressor(look_ahead_ms=5.0, sample_rate=RATE)
    assert compressor.latency_samples == 80
    late = np.asarray(compressor({"audio": 0.5 * kick, **knobs}))
    assert np.all(late[0, :2080] == 0.0)
    # The gain has fallen when the sound begins: no spike.
    assert late[0, 2080] < 1.1 * late[0, 3500]


def test_a_de_esser_turns_down_the_treble_alone() -> None:
    t = np.arange(RATE) / RATE
    low, high = np.sin(2 * np.pi * 300 * t), np.sin(2 * np.pi * 6000 * t)
    sound = (0.3 * (low + high))[np.newaxis].astype(np.float32)
    knobs = values(threshold_db=-30.0, ratio=10.0, frequency_hz=3000.0, attack_ms=0.5)
    lines = np.abs(np.fft.rfft(DeEsser(sample_rate=RATE)({"audio": sound, **knobs})[0]))
    dry = np.abs(np.fft.rfft(sound[0]))
    assert 20 * np.log10(lines[300] / dry[300]) == pytest.approx(0.0, abs=0.2)
    assert 20 * np.log10(lines[6000] / dry[6000]) < -10.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"detector": "loud"}, '`detector` should be one of "peak", "rms"'),
        ({"link": "min"}, '`link` should be one of "max", "mean", "none"'),
        ({"smoothing": "fast"}, '`smoothing` should be one of "attack_release"'),
        ({"rms_ms": 0.0}, "`rms_ms` should be above 0"),
        ({"look_ahead_ms": -1.0}, "`look_ahead_ms` at least 0"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        Compressor(**arguments)
    with pytest.raises(ArgumentError, match="A de-esser has no `look_ahead_ms`"):
        DeEsser(look_ahead_ms=1.0)
