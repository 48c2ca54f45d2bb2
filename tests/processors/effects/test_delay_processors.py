"""Chorus, flanger, vibrato, phaser and echo: their contract, and what is heard of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from contracts import (
    check_declarations,
    check_layer,
    check_refusals,
    check_streaming,
)

from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import Chorus, Delay, Echo, Flanger, Oscillator, Phaser, Processor, Vibrato

RATE, HOP = 4000, 16
ABOUT = {"sample_rate": RATE, "hop_length": HOP}
PROCESSORS: dict[str, tuple[Callable[..., Processor], dict[str, float]]] = {
    "chorus": (lambda: Chorus(**ABOUT), {"rate_hz": 3.0, "wet": 0.4, "depth_ms": 2.0}),
    "flanger": (lambda: Flanger(shape="triangle", **ABOUT), {"delay_ms": 3.0}),
    "vibrato": (lambda: Vibrato(phase=0.3, **ABOUT), {"rate_hz": 6.0, "wet": 0.9}),
    "phaser": (lambda: Phaser(n_stages=2, **ABOUT), {"low_hz": 200.0, "high_hz": 900.0}),
    "phaser_fed_back": (
        lambda: Phaser(shape="triangle", phase=0.6, **ABOUT),
        {"low_hz": 200.0, "high_hz": 900.0, "feedback": -0.6, "wet": 0.7},
    ),
    "delay": (lambda: Delay(**ABOUT), {"delay_ms": 3.3}),
    "delay_linear": (lambda: Delay(interpolation="linear", **ABOUT), {"delay_ms": 2.6}),
    "delay_all_pass": (lambda: Delay(interpolation="all_pass", **ABOUT), {"delay_ms": 2.6}),
    "echo": (lambda: Echo(delay_ms=9.0, **ABOUT), {"feedback": -0.6, "wet": 0.7}),
}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def make_inputs(name: str, batch: int, n_frames: int) -> dict[str, np.ndarray]:
    knobs = {key: np.full([batch, 1], x, np.float32) for key, x in PROCESSORS[name][1].items()}
    return {"audio": noise(batch, HOP * n_frames), **knobs}


def values(**knobs: float) -> dict[str, np.ndarray]:
    return {key: np.array([[x]], np.float32) for key, x in knobs.items()}


@pytest.mark.parametrize("name", PROCESSORS)
def test_the_contract(name: str) -> None:
    make = PROCESSORS[name][0]
    check_layer(make, lambda batch, n: make_inputs(name, batch, n))
    check_declarations(make(), make_inputs(name, 2, 18))
    check_refusals(make(), make_inputs(name, 2, 18))
    check_streaming(make(), make_inputs(name, 1, 18), hop_length=HOP)


@pytest.mark.parametrize("name", [name for name in PROCESSORS if not name.startswith("delay")])
def test_dry_is_the_sound_itself_and_channels_are_alike(name: str) -> None:
    processor = PROCESSORS[name][0]()
    audio = noise(1, 640, 2)
    knobs = {key: x for key, x in make_inputs(name, 1, 4).items() if key not in ("audio", "wet")}
    np.testing.assert_allclose(
        processor({"audio": audio, **knobs, **values(wet=0.0)}), audio, atol=1e-7
    )
    both = np.asarray(processor({"audio": audio, **knobs}))
    for channel in range(2):
        alone = processor({"audio": audio[..., channel], **knobs})
        np.testing.assert_allclose(both[..., channel], alone, atol=1e-6)


def response(processor: Processor, **knobs: float) -> np.ndarray:
    """Of what hardly swings within a click's second."""
    click = np.eye(1, 48000, dtype=np.float32)
    return np.abs(np.fft.rfft(processor({"audio": click, **values(**knobs)})[0]))


def test_a_flanger_has_the_notches_of_its_delay() -> None:
    """Late by 2 ms: notches at 250 Hz and its odd multiples, peaks between."""
    gains = response(Flanger(sample_rate=48000), rate_hz=0.01, depth_ms=0.0, delay_ms=2.0)
    for number in range(8):
        assert gains[250 + 500 * number] < 0.01
        assert gains[500 + 500 * number] == pytest.approx(1.0, abs=0.01)


def test_a_phaser_has_the_notches_of_its_stages() -> None:
    hz = 1000.0
    gains = response(Phaser(sample_rate=48000), rate_hz=0.01, low_hz=hz, high_hz=hz)
    # As the bilinear transform bends them: four stages turn by 180 and 540 degrees in all.
    for angle in (np.pi / 8, 3 * np.pi / 8):
        notch = 48000 / np.pi * np.arctan(np.tan(np.pi * hz / 48000) * np.tan(angle))
        near = slice(int(notch) - 20, int(notch) + 21)
        assert int(notch) - 20 + np.argmin(gains[near]) == pytest.approx(notch, abs=1.0)
        assert np.min(gains[near]) < 0.01
    assert gains[int(hz)] == pytest.approx(1.0, abs=0.01)


def test_a_vibrato_swings_the_pitch() -> None:
    t = np.arange(32000) / 16000
    tone = np.sin(2 * np.pi * 400 * t)[np.newaxis].astype(np.float32)
    knobs = values(rate_hz=5.0, depth_ms=0.5)
    played = np.asarray(Vibrato(sample_rate=16000)({"audio": tone, **knobs}))[0, 1000:]
    crossings = np.flatnonzero((played[:-1] < 0) & (played[1:] >= 0))
    exact = crossings - played[crossings] / (played[crossings + 1] - played[crossings])
    hz = 16000 / np.diff(exact)
    depth = 2 * np.pi * 5.0 * 0.0005
    assert np.max(hz) == pytest.approx(400 * (1 + depth), rel=1e-3)
    assert np.min(hz) == pytest.approx(400 * (1 - depth), rel=1e-3)


@pytest.mark.parametrize("kind", [Chorus, Flanger, Phaser])
def test_a_given_swing_is_as_good_as_their_own(kind: type[Processor]) -> None:
    audio = {"audio": noise(1, 2000)}
    own = kind(**ABOUT)({**audio, **values(rate_hz=3.0)})
    swing = Oscillator(**ABOUT)({**audio, **values(rate_hz=3.0)})
    given = kind(shape="given", **ABOUT)({**audio, "swing": swing})
    np.testing.assert_allclose(given, own, atol=1e-6)
    assert kind(**ABOUT).keeps_time
    assert not kind(shape="given", **ABOUT).keeps_time


def test_a_phaser_by_frames_is_nearly_the_exact_one_and_not_streamed() -> None:
    audio = {"audio": noise(1, 16000), **values(rate_hz=0.5, feedback=0.5)}
    exact = np.asarray(Phaser(sample_rate=16000)(audio))
    by_frames = Phaser(method="frames", sample_rate=16000)
    error = np.sum(np.square(by_frames(audio) - exact)) / np.sum(np.square(exact))
    assert error < 1e-3
    assert not by_frames.streamable
    np.testing.assert_array_equal(by_frames.for_live(64)(audio), exact)


@pytest.mark.parametrize(
    ("make_wrong", "message"),
    [
        (lambda: Chorus(longest_ms=0.01), "`longest_ms` should be at least 0.0907, four samples"),
        (lambda: Flanger(shape="saw"), '`shape` should be "sine", "triangle" or "given"'),
        (lambda: Phaser(method="fast"), '`method` "exact" or "frames"'),
        (lambda: Phaser(frame_hop=0), "`frame_hop` should be at least 1"),
        (lambda: Phaser(n_stages=0), "`n_stages` should be at least 1"),
        (lambda: Delay(longest_ms=0.01), "`longest_ms` should be at least 0.0907, four samples"),
        (lambda: Delay(interpolation="sinc"), '`interpolation` should be "lagrange", "linear"'),
        (lambda: Echo(delay_ms=0.0), "`delay_ms` should be at least 0.0227, one sample"),
    ],
)
def test_what_is_refused(make_wrong: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make_wrong()
