"""The expression of synthetic notes is what they were made with, heard from their sound."""

from collections.abc import Mapping

import numpy as np
import pytest
from played_notes import FRAME_RATE, KNOWN, NOTES, play, tracked_flat

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.features.extractors.synthesis_levels import SynthesisLevels
from ddsp_tf.midi import EXPRESSION_FIELDS, expression_frames, measure_expression

COLUMNS = ("f0_hz", "f0_confidence", "fine_f0_hz", "harmonics_db", "noise_db")
FOUND = ("volume", "vibrato", "brightness", "attack_noise")


def measured(features: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = measure_expression(
        NOTES,
        f0_hz=features["fine_f0_hz"],
        harmonics_db=features["harmonics_db"],
        noise_db=features["noise_db"],
        frame_rate=FRAME_RATE,
    )
    return dict(zip(EXPRESSION_FIELDS, found.T, strict=True))


def test_what_notes_were_made_with_is_heard_within_a_tenth() -> None:
    """Given the keys alone as the pitch: the swing is found by the phases."""
    levels = SynthesisLevels().extract_beside(play(), FeatureSettings(), tracked_flat())
    heard = measured(levels)
    for field in FOUND:
        np.testing.assert_allclose(heard[field], KNOWN[field], rtol=0.1, atol=0.01, err_msg=field)
    swelling = slice(1, 3)  # A note as loud throughout has no loudest moment.
    peak = heard["volume_peak"][swelling]
    np.testing.assert_allclose(peak, KNOWN["volume_peak"][swelling], atol=0.05)
    swell = heard["volume_fluctuation"]
    np.testing.assert_allclose(swell, KNOWN["volume_fluctuation"], atol=0.016)


@pytest.mark.slow
def test_so_it_is_with_the_tracker() -> None:
    heard = measured(extract_features(play(), FeatureSettings(columns=COLUMNS)))
    for field in FOUND:
        np.testing.assert_allclose(heard[field], KNOWN[field], rtol=0.1, atol=0.01, err_msg=field)


def test_formulas_are_those_of_the_paper() -> None:
    """Against plain float64 formulas, written out once more."""
    random = np.random.default_rng(0)
    n_frames, note = 300, np.array([[0.2, 1.0, 60, 0.5, 0]])
    harmonics_db = random.uniform(-80, -20, (n_frames, 60))
    noise_db = random.uniform(-90, -40, (n_frames, 65))
    f0_hz = 261.6256 * 2 ** (0.25 * np.sin(2 * np.pi * 5 * np.arange(n_frames) / 250) / 12)
    found = measure_expression(
        note, f0_hz=f0_hz, harmonics_db=harmonics_db, noise_db=noise_db, frame_rate=250.0
    )[0]
    part = slice(50, 250)
    a = (10 ** (harmonics_db[part] / 20)).sum(axis=1)
    c = 10 ** (harmonics_db[part] / 20) / a[:, np.newaxis]
    decibels = 20 * np.log10(a)
    assert found[0] == pytest.approx(decibels.mean() / 60 + 1.5)
    assert found[1] == pytest.approx(decibels.std() * 2.5 / 60)
    assert found[2] == pytest.approx(np.argmax(a) / len(a))
    assert found[3] == pytest.approx(10 * 0.25 / 4, rel=0.01)
    assert found[4] == pytest.approx(5 * np.mean(np.arange(1, 61) * c, axis=1).mean())
    assert found[5] == pytest.approx(noise_db[50:60].mean() / 40 + 2.625)


def test_a_constant_field_is_pooled_to_itself() -> None:
    numbers = np.tile([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], (2, 1))
    notes = np.array([[0.0, 0.4, 60, 1, 0], [0.5, 0.6, 62, 1, 0]])
    frames = expression_frames(notes, numbers, frame_rate=100.0, n_frames=80)
    assert frames.shape == (80, 6)
    assert np.ptp(frames, axis=0).max() == 0.0


@pytest.mark.parametrize(("rate_hz", "length"), [(2.0, 250), (12.0, 250), (5.0, 45), (3.0, 60)])
def test_what_is_no_vibrato_has_none(rate_hz: float, length: int) -> None:
    swing = 0.3 * np.sin(2 * np.pi * rate_hz * np.arange(length) / 250)
    found = measure_expression(
        np.array([[0.0, length / 250, 69, 1, 0]]),
        f0_hz=440 * 2 ** (swing / 12),
        harmonics_db=np.full([length, 1], -30.0),
        noise_db=np.full([length, 2], -80.0),
        frame_rate=250.0,
    )
    assert found[0, 3] == 0.0


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ArgumentError, match="Received 3, 2 and 3 frames"):
        measure_expression(
            NOTES,
            f0_hz=np.ones(3),
            harmonics_db=np.ones([2, 1]),
            noise_db=np.ones([3, 1]),
            frame_rate=250.0,
        )
