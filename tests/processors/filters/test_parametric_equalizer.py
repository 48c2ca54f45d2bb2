"""The equaliser beside the cookbook in NumPy and SciPy's filters."""

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

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import ParametricEqualizer

METHODS = ("exact", "frequency")
SETTINGS = (
    ("low_shelf", 90.0, 5.0, 0.8),
    ("peak", 450.0, -6.0, 1.2),
    ("peak", 1600.0, 24.0, 1.5),
    ("peak", 3400.0, -24.0, 2.0),
    ("peak", 6500.0, 6.0, 10.0),
    ("high_shelf", 9000.0, -5.0, 0.1),
)
RATE = 44100
SMALL = {
    "bands": [("low_shelf", 50.0, 400.0), ("peak", 300.0, 1500.0), ("high_shelf", 800.0, 1900.0)],
    "sample_rate": 4000,
    "hop_length": 16,
}


def cookbook(kind: str, hz: float, db: float, q: float, rate: float) -> np.ndarray:
    """Bristow-Johnson's text, letter by letter, in float64: b0, b1, b2, a0, a1, a2 over a0."""
    a, w0 = 10.0 ** (db / 40.0), 2.0 * np.pi * hz / rate
    cos, alpha = np.cos(w0), np.sin(w0) / (2.0 * q)
    root = 2.0 * np.sqrt(a) * alpha
    if kind == "peak":
        b = [1 + alpha * a, -2 * cos, 1 - alpha * a]
        denominator = [1 + alpha / a, -2 * cos, 1 - alpha / a]
    elif kind == "low_shelf":
        b = [
            a * ((a + 1) - (a - 1) * cos + root),
            2 * a * ((a - 1) - (a + 1) * cos),
            a * ((a + 1) - (a - 1) * cos - root),
        ]
        denominator = [
            (a + 1) + (a - 1) * cos + root,
            -2 * ((a - 1) + (a + 1) * cos),
            (a + 1) + (a - 1) * cos - root,
        ]
    else:
        b = [
            a * ((a + 1) + (a - 1) * cos + root),
            -2 * a * ((a - 1) + (a + 1) * cos),
            a * ((a + 1) + (a - 1) * cos - root),
        ]
        denominator = [
            (a + 1) - (a - 1) * cos + root,
            2 * ((a - 1) - (a + 1) * cos),
            (a + 1) - (a - 1) * cos - root,
        ]
    return np.array([*b, *denominator]) / denominator[0]


def knobs(settings: Any = SETTINGS, batch: int = 1) -> dict[str, np.ndarray]:
    return {
        f"band_{number}_{unit}": np.full([batch, 1], value, np.float32)
        for number, (_, *values) in enumerate(settings, 1)
        for unit, value in zip(("hz", "db", "q"), values, strict=True)
    }


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def expected(audio: np.ndarray) -> np.ndarray:
    sections = np.stack([cookbook(*setting, RATE) for setting in SETTINGS])
    return scipy.signal.sosfilt(sections, audio.astype(np.float64), axis=1)


def error_db(sound: Any, target: np.ndarray) -> float:
    error = np.asarray(sound, np.float64) - target
    return 10.0 * np.log10(np.sum(error**2) / np.sum(target**2))


def small_inputs(batch: int, n_frames: int) -> dict[str, np.ndarray]:
    settings = [("", 120.0, 5.0, 0.8), ("", 700.0, -9.0, 3.0), ("", 1300.0, 4.0, 0.5)]
    return {"audio": noise(batch, 16 * n_frames), **knobs(settings, batch)}


@pytest.mark.parametrize("method", METHODS)
def test_0_db_is_the_identity(method: str) -> None:
    audio = noise(2, 30000)
    equalizer = ParametricEqualizer(method=method)
    np.testing.assert_allclose(equalizer({"audio": audio}), audio, atol=1e-6)
    settings = [(kind, hz, 0.0, q) for kind, hz, _, q in SETTINGS]
    played = equalizer({"audio": audio, **knobs(settings, 2)})
    np.testing.assert_allclose(played, audio, atol=1e-6)


@pytest.mark.parametrize(("method", "below_db"), [("exact", -120.0), ("frequency", -100.0)])
def test_bands_are_the_cookbooks_through_scipy(method: str, below_db: float) -> None:
    audio = noise(1, 44100)
    played = ParametricEqualizer(method=method)({"audio": audio, **knobs()})
    assert error_db(played, expected(audio)) < below_db


@pytest.mark.parametrize("n_points", [1024, 2048, 4096])
def test_sampled_responses_err_as_the_rule_says(n_points: int) -> None:
    """A bell of 24 dB and Q 10 at 210 Hz, the slowest of all, in transforms that are too short."""
    bands = [("peak", 200.0, 2000.0)]
    given = {"audio": noise(1, 12000), **knobs([("", 210.0, 24.0, 10.0)])}
    rate = {"sample_rate": 8000}
    exact = ParametricEqualizer(bands=bands, **rate)
    sampled = ParametricEqualizer(bands=bands, method="frequency", fft_length=n_points, **rate)
    section = tf.reshape(exact.controls(given)["sections"], [1, 5])
    rule_db = 20.0 * n_points * np.log10(float(dsp.biquad_radius(section)[0]))
    error = error_db(sampled(given), np.asarray(exact(given), np.float64))
    assert abs(error - rule_db) < 6.0


def test_the_standard_length_is_enough_for_the_slowest_bell() -> None:
    equalizer = ParametricEqualizer(method="frequency")
    settings = [("", 20.0, 0.0, 1.0), ("", 200.0, 24.0, 10.0), *[("", 4000.0, 0.0, 1.0)] * 4]
    given = {"audio": noise(1, 90000), **knobs(settings)}
    exact = np.asarray(ParametricEqualizer()(given), np.float64)
    assert error_db(equalizer(given), exact) < -80.0


@pytest.mark.parametrize("method", METHODS)
def test_the_contract(method: str) -> None:
    def make() -> ParametricEqualizer:
        return ParametricEqualizer(method=method, **SMALL)

    check_layer(make, small_inputs)
    check_declarations(make(), small_inputs(2, 9))
    check_refusals(make(), small_inputs(2, 9))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("channels", [(), (2,)])
def test_blocks_are_the_whole(method: str, channels: tuple[int, ...]) -> None:
    equalizer = ParametricEqualizer(method=method, fft_length=512, **SMALL)
    inputs = {**small_inputs(1, 18), "audio": noise(1, 16 * 18, *channels)}
    check_streaming(equalizer, inputs, hop_length=16)


def test_channels_are_treated_alike() -> None:
    equalizer = ParametricEqualizer()
    audio = noise(1, 5000, 2)
    played = np.asarray(equalizer({"audio": audio, **knobs()}))
    for channel in range(2):
        alone = equalizer({"audio": audio[:, :, channel], **knobs()})
        np.testing.assert_array_equal(played[:, :, channel], alone)


def test_live_sound_is_exact() -> None:
    trained = ParametricEqualizer(method="frequency", **SMALL)
    live = trained.for_live(16)
    assert live.method == "exact"
    assert live.name == trained.name
    inputs = small_inputs(1, 40)
    check_equal(live(inputs), trained(inputs), tolerance=1e-5, what="live sound")


def test_bands_end_below_nyquist() -> None:
    signals = ParametricEqualizer(sample_rate=16000).input_signals
    assert signals["band_6_hz"].high == pytest.approx(7600.0)
    assert signals["band_4_hz"].high == pytest.approx(7600.0)
    assert signals["band_2_hz"].high == 2000.0
    assert ParametricEqualizer(sample_rate=48000).input_signals["band_6_hz"].high == 10800.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "fast"}, '`method` should be "exact" or "frequency". Received \'fast\''),
        ({"bands": []}, "`bands` should list at least one band"),
        ({"bands": [("notch", 20.0, 40.0)]}, "A band is one of low_shelf, peak, high_shelf"),
        ({"bands": [("peak", 400.0, 40.0)]}, "should begin above 0 Hz and below its end"),
        ({"sample_rate": 8000}, "3800 Hz, 0.475 of the sample rate. Received 4000 to 10800 Hz"),
        ({"fft_length": 99}, "`fft_length` should be even and above 0. Received 99"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message.replace("(", r"\(")):
        ParametricEqualizer(**arguments)
