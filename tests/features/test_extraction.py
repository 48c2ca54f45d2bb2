"""The one entrance: what it accepts, blocks, progress."""

import numpy as np
import pytest
from signals import tone

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import (
    FeatureSettings,
    blocks,
    extract_features,
    extract_loudness_db,
    measure_loudness_db,
)


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros([2, 100]), r"`audio` must be mono.*got shape \(2, 100\)"),
        (np.zeros(0), "at least one sample"),
        (np.array([0.0, np.nan]), "NaN or infinite"),
    ],
)
def test_bad_audio_is_refused(audio, message):
    with pytest.raises(ArgumentError, match=message):
        extract_features(audio)


def test_progress_rises_to_one():
    shares: list[float] = []
    extract_features(tone(300, 50000), progress=shares.append)
    assert shares == sorted(shares)
    assert len(shares) == 3
    assert shares[-1] == 1.0


@pytest.mark.parametrize("kind", ["a_weighted", "rms", "magenta"])
def test_loudness_in_blocks_equals_the_whole(monkeypatch, kind):
    settings = FeatureSettings(loudness=kind, hop_length=100)
    audio = np.random.default_rng(0).normal(0, 0.1, 8190).astype(np.float32)
    monkeypatch.setattr(blocks, "N_BLOCK_FRAMES", 7)
    in_blocks = extract_loudness_db(audio, settings)
    whole = measure_loudness_db(audio[np.newaxis], settings)[0]
    np.testing.assert_allclose(in_blocks, whole, atol=1e-3)


def test_full_scale_sine_at_1_khz_has_minus_3_db():
    loudness_db = extract_features(tone(1000, 16000, n_harmonics=1) / 0.3).loudness_db
    np.testing.assert_allclose(loudness_db[10:-10], -3.01, atol=0.05)
