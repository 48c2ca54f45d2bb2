"""Wavetables, FM, waveshaping and what is struck, as processors: contracts and refusals."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.fft
import tensorflow as tf
from contracts import check_declarations, check_layer, check_refusals, check_streaming

from ddsp_tf.dsp.waveshaping import look_up, sine_network
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    AttentionWavetable,
    Fm,
    ModalBank,
    NeuralWaveshaper,
    Processor,
    ScannedWavetable,
    StruckNoise,
    Transient,
    Wavetable,
)

HOP = 16
RATES = {"sample_rate": 4000, "hop_length": HOP}
RANGES = {"f0_hz": (90.0, 400.0), "position": (0.1, 0.9)}
STRUCK = {"length_s": 0.02, "sample_rate": 4000}
SLOW = pytest.mark.slow

MAKERS: dict[str, Callable[[], Processor]] = {
    "wavetable": lambda: Wavetable(n_points=12, **RATES),
    "attention": lambda: AttentionWavetable(n_tables=3, n_points=16, n_sines=1, **RATES),
    "scanned": lambda: ScannedWavetable(
        n_tables=3, n_points=16, n_sines=3, amplitude_method="linear", **RATES
    ),
    "fm": lambda: Fm(ratios=[1.0, 2.0, 1.5], routing=[(2, 1), (3, 2)], oversampling=1, **RATES),
    "fm at twice the rate": lambda: Fm(ratios=[1.0, 2.0], routing=[(2, 1)], **RATES),
    "waveshaper": lambda: NeuralWaveshaper(
        n_harmonics=4, n_shapers=2, n_units=3, n_layers=2, n_points=200, **RATES
    ),
    "waveshaper at twice the rate": lambda: NeuralWaveshaper(
        n_harmonics=4, n_shapers=2, n_layers=2, n_points=None, oversampling=2, **RATES
    ),
    "modes": lambda: ModalBank(n_modes=3, hop_length=HOP, **STRUCK),
    "attack": lambda: Transient(n_coefficients=50, hop_length=HOP, **STRUCK),
    "noise": lambda: StruckNoise(n_room_frames=4, n_bands=5, hop_length=HOP, **STRUCK),
}
AT_TWICE = ("fm at twice the rate", "waveshaper at twice the rate")
MOSTLY_SHARED = ("wavetable", "scanned", *AT_TWICE, "attack", "noise")


def inputs_for(processor: Processor, batch: int, n_frames: int) -> dict[str, np.ndarray]:
    """Random inputs within what is declared."""
    rng = np.random.default_rng(3)
    found = {}
    for key, signal in processor.input_signals.items():
        low, high = RANGES.get(key, (-1.0, 1.0))
        if signal.unit in ("Hz", "dB", "s") and signal.default is not None:
            low, high = 0.8 * signal.default, 1.2 * signal.default
        shape = {
            "frames": [batch, n_frames, signal.width],
            "samples": [batch, n_frames * HOP],
            "value": [batch, signal.width],
        }[signal.kind]
        found[key] = rng.uniform(min(low, high), max(low, high), shape).astype(np.float32)
    return found


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=SLOW) if name in MOSTLY_SHARED else name for name in MAKERS],
)
def test_the_contract(name: str) -> None:
    check_layer(
        MAKERS[name],
        lambda batch, n_frames: inputs_for(MAKERS[name](), batch, n_frames),
        tolerance=2e-4,
    )


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW) if name in AT_TWICE else name for name in MAKERS]
)
def test_blocks_and_declarations(name: str) -> None:
    processor = MAKERS[name]()
    check_streaming(processor, inputs_for(processor, 2, 18), hop_length=HOP)
    check_declarations(processor, inputs_for(processor, 2, 9))


@pytest.mark.parametrize("name", ["attention", "fm", "waveshaper"])
def test_wrong_inputs_are_refused(name: str) -> None:
    processor = MAKERS[name]()
    check_refusals(processor, inputs_for(processor, 2, 5))


def test_sines_of_the_bank_are_not_learned() -> None:
    bank = AttentionWavetable(n_tables=6, n_points=32, n_sines=4)
    assert [tuple(w.shape) for w in bank.trainable_weights] == [(2, 32)]
    turns = 2 * np.pi * np.arange(32) / 32
    np.testing.assert_allclose(bank.tables()[3], np.sin(4 * turns), atol=1e-6)
    assert 0.0 < np.std(bank.tables()[4]) < 0.02


def test_tables_are_given_and_stay_when_they_should() -> None:
    given = np.random.default_rng(0).normal(size=[2, 8])
    bank = ScannedWavetable(tables=given, trainable_tables=False)
    np.testing.assert_allclose(bank.tables(), given, atol=1e-6)
    assert not bank.trainable_weights
    assert bank.get_config()["n_points"] == 8
    assert "tables" not in bank.get_config()


def test_fm_reaches_1_at_its_highest_level() -> None:
    frames = np.ones([1, 100, 1], np.float32)
    fm = Fm(ratios=[1.0], routing=[], oversampling=1, scale=False)
    played = fm({"levels": 0.32 * frames, "f0_hz": 441.0 * frames})
    assert np.max(np.abs(played)) == pytest.approx(1.0, abs=0.01)
    assert Fm(patch="strings").carriers == (1, 3)
    assert Fm(patch="brass").carriers == (1,)


def test_a_table_of_a_curve_is_the_curve_within_a_thousandth() -> None:
    """The check of the reference: 4,096 points from -3 to 3."""
    shaper = NeuralWaveshaper(n_harmonics=2, n_shapers=5)
    values = tf.constant(np.random.default_rng(1).uniform(-3, 3, [500, 5]).astype(np.float32))
    points = tf.tile(tf.linspace(-3.0, 3.0, 4096)[:, tf.newaxis], [1, 5])
    table = tf.transpose(shaper.bend(points))
    worst = np.max(np.abs(look_up(values, table, reach=3.0) - shaper.bend(values)))
    assert worst < 1e-3 * np.max(np.abs(table))


def test_curves_are_the_networks_that_numpy_runs() -> None:
    rng = np.random.default_rng(2)
    first, offsets = rng.normal(size=[2, 1, 3]), rng.normal(size=[2, 3])
    second, last = rng.normal(size=[2, 3, 3]), rng.normal(size=[2, 3])
    values = rng.normal(size=[7, 2])
    bent = sine_network(tf.constant(values), [(first, offsets), (second, offsets)], last)
    for curve in range(2):
        hidden = np.sin(values[:, curve : curve + 1] * first[curve, 0] + offsets[curve])
        hidden = np.sin(hidden @ second[curve] + offsets[curve])
        np.testing.assert_allclose(bent[:, curve], hidden @ last[curve], atol=1e-12)


def test_an_attack_is_scipys_inverse_cosine_transform() -> None:
    attack = Transient(length_s=0.01, sample_rate=16000)
    sound = np.random.default_rng(4).normal(size=160)
    (coefficients,) = attack.estimate(sound).values()
    played = attack.response({"transient_dct": tf.constant([coefficients], tf.float32)})[0]
    inverse = scipy.fft.idct(coefficients, type=2, norm="ortho")
    np.testing.assert_allclose(played[:120], inverse[:120], atol=1e-5)
    np.testing.assert_allclose(played[:120], sound[:120], atol=1e-5)
    assert abs(played[-1]) < 0.01 * np.max(np.abs(sound))


def test_the_bands_of_struck_noise_are_measured_within_a_decibel() -> None:
    noise = StruckNoise(n_room_frames=20, n_bands=9, length_s=1.0, sample_rate=8000)
    levels = np.tile(np.linspace(-50.0, -20.0, 9), [20, 1]) - np.arange(20)[:, np.newaxis]
    controls = {"magnitudes_db": tf.constant([levels.ravel()], tf.float32)}
    sound = noise.response(controls)[0].numpy()
    runs = [noise.estimate(np.roll(sound, shift))["magnitudes_db"] for shift in range(-60, 60, 4)]
    power = np.mean([10 ** (np.reshape(x, [20, 9]) / 10) for x in runs], axis=0)
    error_db = np.mean(10 * np.log10(power) - levels, axis=0)
    assert np.max(np.abs(error_db[1:-1])) < 1.5


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Wavetable(n_points=1), "`n_points` should have at least 4 points"),
        (lambda: ScannedWavetable(tables=[[1.0], [2.0]]), "`tables` should have at least 4 points"),
        (lambda: ScannedWavetable(tables=np.ones(8)), r"`tables` should be \[n_tables, n_points\]"),
        (lambda: ScannedWavetable(tables=[[np.nan] * 8]), "`tables` should be finite"),
        (lambda: AttentionWavetable(n_tables=2, n_sines=3), "`n_sines` at most as many"),
        (lambda: Fm(patch="organ"), "`patch` should be one of strings, flute, brass"),
        (lambda: Fm(ratios=[1.0]), "`ratios` and `routing` belong together"),
        (lambda: Fm(ratios=[0.0], routing=[]), "`ratios` should be numbers above 0"),
        (lambda: NeuralWaveshaper(n_shapers=0), "`n_shapers` should be at least 1. Received 0"),
        (lambda: NeuralWaveshaper(n_points=1), "`n_points` should be at least 2, or None"),
        (lambda: ModalBank(n_modes=0), "`n_modes` should be at least 1. Received 0"),
        (lambda: Transient(n_coefficients=10**6), "`n_coefficients` should be 1 to 2205"),
    ],
)
def test_what_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make()
