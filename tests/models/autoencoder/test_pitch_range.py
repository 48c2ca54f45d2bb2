"""The network reads no pitch far from its training notes, and in training it reads all of them."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree
from model_toys import SETTINGS, make_features, make_model

from ddsp_tf import dsp
from ddsp_tf.features import Features, Statistics
from ddsp_tf.models import Instrument, PitchRange

KNOWN = PitchRange(55.0, 91.0)


def read_midi(midi: np.ndarray, known: PitchRange = KNOWN) -> np.ndarray:
    return 127.0 * known.soften(tf.constant(midi / 127.0, tf.float32)).numpy()


def make_known_instrument() -> Instrument:
    """An instrument of notes from 200 to 300 Hz; `make_features` plays 100 to 400."""
    f0_hz = np.linspace(200.0, 300.0, 500)
    statistics = Statistics.from_features([Features(f0_hz, np.full(500, 0.9), np.full(500, -20.0))])
    return Instrument(make_model(), SETTINGS, statistics)


def test_inside_the_range_nothing_changes() -> None:
    f0_scaled = tf.linspace(55.0 / 127.0, 91.0 / 127.0, 500)
    np.testing.assert_array_equal(KNOWN.soften(f0_scaled), f0_scaled)


def test_beyond_it_pitch_rises_ever_less_and_at_most_three_semitones() -> None:
    midi = np.linspace(20.0, 110.0, 901)
    read = read_midi(midi)
    steps = np.diff(read) / np.diff(midi)
    assert steps.min() > -1e-3
    assert steps.max() < 1.001
    assert np.abs(np.diff(steps)).max() < 0.04  # no kink, which a glide would let hear
    assert read[0] == pytest.approx(55.0 - 3.0, abs=0.01)
    assert read[-1] == pytest.approx(91.0 + 3.0, abs=0.01)


def test_its_slope_is_its_gradient_and_all_modes_agree() -> None:
    f0_scaled = tf.constant(np.array([20.0, 54.0, 55.0, 70.0, 91.0, 93.0, 126.0]) / 127, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(f0_scaled)
        read = KNOWN.soften(f0_scaled)
    slope = tape.gradient(read, f0_scaled)
    expected = np.exp([-35 / 3, -1 / 3, 0, 0, 0, -2 / 3, -35 / 3])
    np.testing.assert_allclose(slope, expected, atol=1e-5)
    check_modes_agree(
        lambda f0_scaled: KNOWN.soften(f0_scaled),
        {"f0_scaled": tf.reshape(f0_scaled, [1, 7, 1])},
        {"f0_scaled": tf.reshape(f0_scaled[:6], [2, 3, 1])},
        tolerance=1e-6,
    )


def test_an_instrument_gives_its_range_to_a_model_that_shares_the_weights() -> None:
    model = make_model()
    instrument = make_known_instrument()
    given = Instrument(model, SETTINGS, instrument.statistics)
    assert model.pitch_range is None, "a model in training reads every pitch"
    known = given.model.pitch_range
    assert known is not None
    ends_hz = dsp.midi_to_hz([known.lowest_midi, known.highest_midi])
    np.testing.assert_allclose(ends_hz, [201.0, 299.0], rtol=1e-3)
    pairs = zip(given.model.weights, model.weights, strict=True)
    assert all(one is other for one, other in pairs)
    assert given.without_reverb().model.pitch_range == known
    model.network_precision = "bfloat16"
    assert given.model.network_precision == "bfloat16"
    assert Instrument(given.model, SETTINGS).model.pitch_range is None
    assert Instrument(model, SETTINGS).model is model


def test_the_oscillators_play_what_the_network_does_not_read() -> None:
    model = make_known_instrument().model
    features = make_features(1, 40)
    far = {**features, "f0_hz": features["f0_hz"] * 3.0}
    played = model(far)["controls"]["harmonic"]["controls"]
    np.testing.assert_array_equal(played["f0_hz"], far["f0_hz"])
    read_hz = dsp.unscale_f0_hz(model.pitch_range.soften(dsp.scale_f0_hz(far["f0_hz"])))
    assert np.max(read_hz) < 300.0 * 2 ** (3 / 12)
    plain = model.with_ranges(None, model.loudness_range)
    expected = plain({**features, "f0_hz": read_hz})["controls"]["harmonic"]["controls"]
    np.testing.assert_allclose(played["amplitudes"], expected["amplitudes"], rtol=1e-5)
    unsoftened = plain(far)["controls"]["harmonic"]["controls"]["amplitudes"]
    assert np.max(np.abs(unsoftened - played["amplitudes"])) > 1e-3


def test_the_range_comes_back_with_the_statistics(tmp_path: Path) -> None:
    instrument = make_known_instrument()
    instrument.save(tmp_path / "toy")
    loaded = Instrument.load(tmp_path / "toy")
    assert loaded.model.pitch_range == instrument.model.pitch_range
    features = make_features(1, 12)
    np.testing.assert_array_equal(
        loaded.model(features)["audio"], instrument.model(features)["audio"]
    )
