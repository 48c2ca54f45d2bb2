"""Low notes keep a steady loudness; all others are left alone."""

import numpy as np
import pytest
from inference_toys import FRAME_RATE, RATE, features_of

from ddsp_tf.features import FeatureSettings, extract_loudness_db
from ddsp_tf.inference.loudness_ripple import smooth_low_notes


@pytest.mark.parametrize("midi", [28.0, 31.0, 36.0, 40.0])
def test_a_bass_note_does_not_flutter(midi: float) -> None:
    hz = 440.0 * 2 ** ((midi - 69) / 12)
    phase = 2 * np.pi * hz * np.arange(2 * RATE) / RATE
    audio = 0.2 * sum(np.sin(k * phase) / k for k in range(1, 41))
    loudness_db = extract_loudness_db(audio.astype(np.float32), FeatureSettings())
    features = features_of(np.full(len(loudness_db), midi), loudness_db)
    smoothed = smooth_low_notes(features, frame_rate=FRAME_RATE)
    middle = slice(50, -50)
    assert smoothed[middle].std() < 0.3 * loudness_db[middle].std()
    assert smoothed[middle].std() < 1.0
    assert smoothed[middle].mean() == pytest.approx(loudness_db[middle].mean(), abs=0.5)


def test_higher_and_unsure_frames_are_left_alone() -> None:
    loudness_db = np.random.default_rng(0).uniform(-60, -20, 300).astype(np.float32)
    for features in (
        features_of(np.full(300, 48.0), loudness_db),
        features_of(np.full(300, 30.0), loudness_db, confidence=0.2),
    ):
        smoothed = smooth_low_notes(features, frame_rate=FRAME_RATE)
        np.testing.assert_array_equal(smoothed, loudness_db)
