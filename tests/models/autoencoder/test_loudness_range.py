"""Softer than it has ever played, an instrument plays its softest note softer; in training, all."""

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree
from model_toys import SETTINGS, make_model

from ddsp_tf import dsp
from ddsp_tf.features import Features, Statistics
from ddsp_tf.models import Instrument, LoudnessRange

KNOWN = LoudnessRange(-50.0, -10.0)


def make_known_instrument() -> Instrument:
    """An instrument that has played from -50 to -10 dB."""
    levels = np.linspace(-50.0, -10.0, 500)
    statistics = Statistics.from_features(
        [Features(np.full(500, 220.0), np.full(500, 0.9), levels)]
    )
    return Instrument(make_model(), SETTINGS, statistics)


def test_inside_the_range_nothing_changes() -> None:
    loudness_scaled = dsp.scale_loudness_db(tf.linspace(-50.0, -10.0, 300))
    read, beyond_db = KNOWN.split(loudness_scaled)
    np.testing.assert_array_equal(read, loudness_scaled)
    np.testing.assert_array_equal(beyond_db, np.zeros(300))


def test_what_is_read_and_what_is_left_are_the_whole_in_all_modes() -> None:
    loudness_db = tf.constant([[-60.0, -55.0, -50.0, -30.0, -10.0, 0.0]])[..., tf.newaxis]
    read, beyond_db = KNOWN.split(dsp.scale_loudness_db(loudness_db))
    np.testing.assert_allclose(dsp.unscale_loudness_db(read) + beyond_db, loudness_db, atol=1e-4)
    check_modes_agree(
        lambda loudness_scaled: KNOWN.split(loudness_scaled)[1],
        {"loudness_scaled": dsp.scale_loudness_db(loudness_db)},
        {"loudness_scaled": dsp.scale_loudness_db(loudness_db[:, :2])},
        tolerance=1e-4,
    )


def test_a_fade_below_the_range_fades_on_in_the_same_colour() -> None:
    model = make_known_instrument().model

    def decode(loudness_db: float) -> dict[str, np.ndarray]:
        features = {
            "f0_hz": tf.fill([1, 30, 1], 220.0),
            "loudness_db": tf.fill([1, 30, 1], loudness_db),
        }
        controls, _ = model.decode(features, model.initial_state(1)["decoder"])
        return {key: np.asarray(value) for key, value in controls.items()}

    below, far = decode(-50.0), decode(-60.0)
    for key in ("amplitudes", "noise_magnitudes"):
        np.testing.assert_allclose(far[key] - below[key], -0.5, atol=1e-5)  # -10 dB
    np.testing.assert_array_equal(far["harmonic_distribution"], below["harmonic_distribution"])


def test_where_loudness_ends_there_is_silence() -> None:
    _, beyond_db = KNOWN.split(tf.constant([0.0, 20.0 / 80.0]))
    np.testing.assert_allclose(beyond_db, [-80.0, -10.0], atol=1e-3)


def test_a_model_in_training_reads_every_loudness() -> None:
    model = make_model()
    assert model.loudness_range is None
    instrument = make_known_instrument()
    assert instrument.model.loudness_range.softest_db == pytest.approx(-49.5, abs=0.5)
    assert instrument.without_reverb().model.loudness_range == instrument.model.loudness_range
    assert Instrument(instrument.model, SETTINGS).model.loudness_range is None
