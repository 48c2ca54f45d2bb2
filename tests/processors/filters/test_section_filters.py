"""Filters beside SciPy's and beside what they promise; the contract of each, in each way."""

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

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.processors import (
    AllPassChain,
    Biquad,
    Crossover,
    GraphicEqualizer,
    Processor,
    StateVariableFilter,
)

RATE, HOP = 4000, 16
WAYS: dict[str, dict[str, Any]] = {
    "exact": {"method": "exact"},
    "frequency": {"method": "frequency", "fft_length": 512},
    "modulated": {"modulated": True},
}
FILTERS: dict[str, tuple[Callable[..., Processor], dict[str, float]]] = {
    "bell": (
        lambda **about: Biquad(kind="peak", **about),
        {"frequency_hz": 700.0, "gain_db": 9.0, "q": 1.5},
    ),
    "one pole": (
        lambda **about: Biquad(kind="one_pole_low_pass", **about),
        {"frequency_hz": 500.0},
    ),
    "all-passes": (
        lambda **about: AllPassChain(n_stages=3, order=2, **about),
        {"stage_1_hz": 200.0, "stage_2_hz": 700.0, "stage_3_q": 2.0},
    ),
    "graphic": (
        lambda **about: GraphicEqualizer(frequencies_hz=[250.0, 500.0, 1000.0], **about),
        {"band_1_db": 6.0, "band_2_db": -6.0, "band_3_db": 3.0},
    ),
    "crossover": (
        lambda **about: Crossover(n_splits=1, **about),
        {"split_1_hz": 300.0},
    ),
    "svf": (
        lambda **about: StateVariableFilter(**about),
        {"frequency_hz": 700.0, "q": 2.0, "mix_low": 0.4, "mix_band": -0.9, "mix_high": 0.3},
    ),
}


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-0.5, 0.5, shape).astype(np.float32)


def make(name: str, way: str) -> Processor:
    return FILTERS[name][0](sample_rate=RATE, hop_length=HOP, **WAYS[way])


def make_inputs(name: str, way: str, batch: int, n_frames: int) -> dict[str, np.ndarray]:
    inputs = {"audio": noise(batch, HOP * n_frames)}
    rng = np.random.default_rng(1)
    shape = [batch, n_frames, 1] if way == "modulated" else [batch, 1]
    for key, value in FILTERS[name][1].items():
        inputs[key] = (value * rng.uniform(0.7, 1.3, shape)).astype(np.float32)
    return inputs


SLOW = {("all-passes", "modulated"), ("graphic", "modulated")}


@pytest.mark.parametrize(
    ("name", "way"),
    [
        pytest.param(name, way, marks=[pytest.mark.slow] if (name, way) in SLOW else [])
        for name in FILTERS
        for way in WAYS
    ],
)
def test_the_contract(name: str, way: str) -> None:
    inputs = make_inputs(name, way, 2, 18)
    check_declarations(make(name, way), inputs)
    check_refusals(make(name, way), inputs)
    check_streaming(make(name, way), make_inputs(name, way, 1, 18), hop_length=HOP)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["bell", "crossover", "svf"])
def test_layers_run_everywhere_and_can_be_trained(name: str, way: str) -> None:
    check_layer(
        lambda: make(name, way),
        lambda batch, n_frames: make_inputs(name, way, batch, n_frames),
        call=lambda layer, inputs: tf.concat(tf.nest.flatten(layer(inputs)), axis=0),
    )


@pytest.mark.parametrize("name", FILTERS)
def test_sampled_responses_and_live_sound_are_the_exact_ones(name: str) -> None:
    inputs = make_inputs(name, "exact", 2, 40)
    exact, sampled = make(name, "exact"), make(name, "frequency")
    check_equal(sampled(inputs), exact(inputs), tolerance=1e-4, what="the sampled response")
    check_equal(sampled.for_live(HOP)(inputs), exact(inputs), tolerance=1e-6, what="live sound")


@pytest.mark.parametrize("name", FILTERS)
def test_parameters_as_equal_frames_are_one_value(name: str) -> None:
    inputs = make_inputs(name, "exact", 2, 30)
    frames = {
        key: x if key == "audio" else np.repeat(x[:, np.newaxis], 30, axis=1)
        for key, x in inputs.items()
    }
    changing, still = make(name, "modulated")(frames), make(name, "exact")(inputs)
    check_equal(changing, still, tolerance=1e-5, what="equal frames")


def test_channels_are_treated_alike() -> None:
    crossover = make("crossover", "exact")
    audio = noise(1, 320, 2)
    both = crossover({"audio": audio})
    for channel in range(2):
        alone = crossover({"audio": audio[..., channel]})
        for name, band in both.items():
            np.testing.assert_allclose(band[..., channel], alone[name], atol=1e-7)


def test_a_bell_is_scipys() -> None:
    audio = noise(1, 8000)
    knobs = {"frequency_hz": 900.0, "gain_db": -11.0, "q": 3.0}
    knobs = {key: np.array([[value]]) for key, value in knobs.items()}
    played = Biquad(kind="peak", sample_rate=16000)({"audio": audio, **knobs})
    b0, b1, b2, a1, a2 = dsp.peak_biquad(np.float64(900), -11.0, 3.0, sample_rate=16000).numpy()
    theirs = scipy.signal.lfilter([b0, b1, b2], [1.0, a1, a2], audio.astype(np.float64))
    np.testing.assert_allclose(played, theirs, atol=1e-6)


def spectrum(sound: Any) -> np.ndarray:
    return np.fft.rfft(np.asarray(sound, np.float64)[0])


def click(n_samples: int) -> np.ndarray:
    return np.eye(1, n_samples, dtype=np.float32)


def test_all_passes_leave_the_spectrum_and_turn_the_phase_where_they_say() -> None:
    chain = AllPassChain(n_stages=2, sample_rate=16000)
    hz = {key: np.array([[1000.0]]) for key in ("stage_1_hz", "stage_2_hz")}
    response = spectrum(chain({"audio": click(16000), **hz}))
    np.testing.assert_allclose(np.abs(response), 1.0, atol=1e-4)
    # Two quarter turns.
    np.testing.assert_allclose(response[1000], -1.0, atol=1e-3)


def test_bands_of_a_crossover_add_up_to_the_spectrum() -> None:
    crossover = Crossover(n_splits=3, sample_rate=48000)
    splits = {"split_1_hz": 150.0, "split_2_hz": 1500.0, "split_3_hz": 7000.0}
    given = {key: np.array([[hz]]) for key, hz in splits.items()}
    bands = crossover({"audio": click(48000), **given})
    responses = {name: spectrum(band) for name, band in bands.items()}
    whole_db = 20 * np.log10(np.abs(sum(responses.values())))
    np.testing.assert_allclose(whole_db, 0.0, atol=0.01)
    for number, hz in enumerate(splits.values(), 1):
        for band in (number, number + 1):
            level = 20 * np.log10(np.abs(responses[f"band_{band}"][int(hz)]))
            # Neighbouring splits take a little more.
            assert level == pytest.approx(-6.02, abs=0.35)
    # 24 dB an octave, two octaves away.
    steep = 20 * np.log10(np.abs(responses["band_1"][600] / responses["band_1"][1200]))
    assert steep == pytest.approx(24.0, abs=0.5)


def test_a_sweep_is_the_state_variable_filters() -> None:
    audio, n_frames = noise(1, 640), 40
    hz = np.linspace(100, 1800, n_frames)[np.newaxis, :, np.newaxis].astype(np.float32)
    filter = StateVariableFilter(kind="low_pass", modulated=True, sample_rate=RATE, hop_length=HOP)
    played = filter({"audio": audio, "frequency_hz": hz, "q": np.full_like(hz, 5.0)})
    at_samples = np.interp(np.arange(640) / HOP, np.arange(n_frames), hz[0, :, 0])[np.newaxis]
    mix = dsp.state_variable_mix("low_pass", q=5.0)
    wanted, _ = dsp.state_variable_filter(
        audio, at_samples.astype(np.float32), 5.0, mix, sample_rate=RATE
    )
    np.testing.assert_allclose(played, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("make_wrong", "message"),
    [
        (lambda: Biquad(kind="wah"), "`kind` should be one of low_pass, high_pass"),
        (lambda: Biquad(method="fast"), '`method` should be "exact" or "frequency"'),
        (lambda: Biquad(modulated=True), '`method` should be "exact" and `hop_length` given'),
        (
            lambda: Biquad(modulated=True, hop_length=8, method="frequency"),
            "Received 'frequency' and 8",
        ),
        (lambda: Biquad(fft_length=7), "`fft_length` should be even and above 0"),
        (lambda: AllPassChain(n_stages=0), "`n_stages` should be at least 1"),
        (lambda: AllPassChain(order=3), "`order` 1 or 2"),
        (lambda: Crossover(n_splits=0), "`n_splits` should be at least 1"),
        (lambda: GraphicEqualizer(frequencies_hz=[90.0, 80.0]), "should rise between 0 and"),
        (lambda: StateVariableFilter(kind="low_shelf"), "low_pass, high_pass, band_pass"),
    ],
)
def test_what_is_refused(make_wrong: Callable[[], Processor], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        make_wrong()
