"""WORLD's analysis against pyworld, and what it does with sound that has no voice."""

import json
from pathlib import Path

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.world_spectra import WorldSpectra
from ddsp_tf.features.refined_pitch import refine_pitch
from ddsp_tf.features.world.cheap_trick import cheap_trick
from ddsp_tf.features.world.d4c import d4c
from ddsp_tf.features.world.world_analysis import analyze_world

GOLDEN = json.loads((Path(__file__).parent / "golden" / "world.json").read_text())
CASES = {case["name"]: case for case in GOLDEN["cases"]}
RATES = {"sample_rate": 16000, "hop_length": 80}


def _case(name):
    case = CASES[name]
    audio = np.array(case["audio"]) / 32768.0
    return case, audio, np.array(case["f0_hz"]), np.array(case["times_s"])


@pytest.mark.parametrize("name", CASES)
def test_envelopes_are_pyworlds(name):
    case, audio, f0_hz, times_s = _case(name)
    found = cheap_trick(audio, f0_hz, times_s, sample_rate=case["sample_rate"])
    apart_db = 10 * np.log10(found[:, ::8]) - np.array(case["envelope_db"])
    assert np.max(np.abs(apart_db)) < 0.01


@pytest.mark.parametrize("name", CASES)
def test_aperiodicities_are_pyworlds(name):
    case, audio, f0_hz, times_s = _case(name)
    found = d4c(audio, f0_hz, times_s, sample_rate=case["sample_rate"])
    apart = np.abs(found[:, ::8] - np.array(case["aperiodicity"]))
    # Of sounds that are so loud that the noise which pyworld adds isn't heard; see the oracle.
    assert np.max(apart) < 0.001
    assert found[-1].min() == 1.0  # It has no pitch.


@pytest.mark.parametrize("name", CASES)
def test_refined_pitches_are_nearly_pyworlds(name):
    case, audio, f0_hz, times_s = _case(name)
    found = refine_pitch(audio, 1.03 * f0_hz, times_s, sample_rate=case["sample_rate"])
    voiced = f0_hz > 0.0
    cents = 1200 * np.log2(found[voiced] / np.array(case["refined_hz"])[voiced])
    # Pyworld's transform is shorter and reads the partials at coarser places.
    assert np.median(np.abs(cents)) < 4.0
    assert np.max(np.abs(cents)) < 15.0
    assert found[-1] == 0.0


def test_noise_is_noise_at_its_level():
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000)
    found = analyze_world(noise, np.zeros(200), **RATES)
    assert np.all(found.aperiodicity == 1.0)
    assert 10 * np.log10(found.envelope.mean()) == pytest.approx(-20.0, abs=0.5)


def test_what_a_tracker_takes_for_a_voice_in_noise_is_none():
    noise = 0.1 * np.random.default_rng(0).standard_normal(16000)
    assert np.mean(analyze_world(noise, np.full(200, 150.0), **RATES).f0_hz > 0.0) < 0.02


@pytest.mark.parametrize("f0_hz", [0.0, 45.0, 200.0, 1900.0])
@pytest.mark.parametrize("audio", [np.zeros(900), np.ones(900), np.eye(1, 900, 450)[0]])
def test_silence_offset_and_a_click_have_finite_spectra(audio, f0_hz):
    with np.errstate(all="raise", under="ignore"):
        found = analyze_world(audio, np.full(12, f0_hz), **RATES)
    assert np.all(np.isfinite(found.envelope))
    assert np.all((found.aperiodicity >= 0.0) & (found.aperiodicity <= 1.0))


def test_parts_are_as_the_whole():
    _, audio, _, _ = _case("a")
    f0_hz = np.full(30, 110.0)
    whole = analyze_world(audio, f0_hz, **RATES)
    part = analyze_world(audio, f0_hz[20:], **RATES, first_frame=20)
    np.testing.assert_allclose(part.envelope, whole.envelope[20:], rtol=1e-5)


def test_tracks_that_do_not_fit_are_refused():
    with pytest.raises(ArgumentError, match="of at most 10 frames of 80 samples"):
        analyze_world(np.zeros(800), np.zeros(11), **RATES)
    with pytest.raises(ArgumentError, match="0 to 8000 Hz"):
        analyze_world(np.zeros(800), np.full(10, np.nan), **RATES)


def test_columns_are_the_analysis_in_few_numbers():
    _, audio, _, _ = _case("a")
    steady = {"f0_hz": np.full(40, 110.0), "f0_confidence": np.ones(40)}
    found = WorldSpectra().extract_beside(audio, FeatureSettings(), steady)
    assert found["world_envelope"].shape == (40, 80)
    # The first formant, 730 Hz, is the highest of the bands.
    assert 15 <= np.argmax(found["world_envelope"][20]) <= 20
    assert found["world_aperiodicity"][20, 0] < 0.1
    unsure = WorldSpectra().extract_beside(
        audio, FeatureSettings(), {**steady, "f0_confidence": np.zeros(40)}
    )
    assert np.all(unsure["world_aperiodicity"] == 1.0)
