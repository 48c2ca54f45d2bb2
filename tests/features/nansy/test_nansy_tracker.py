"""The shipped tracker that learned to say voices again, behind the protocol of all trackers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from signals import SAMPLE_RATE, cents, tone

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import FeatureSettings, extract_features, get_tracker, trackers
from ddsp_tf.features.nansy import nansy_tracker
from ddsp_tf.features.nansy.heard_spectrum import hear, read_bins
from ddsp_tf.features.nansy.pitch_encoder import read_pitch

NAME = "nansy"
SHIPPED = nansy_tracker._STORED.shipped


def test_it_answers_whatever_it_hears() -> None:
    tracker = get_tracker(NAME)
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.1, 8001)
    clipped = np.clip(20 * tone(150.0, 8000, n_harmonics=8), -1.0, 1.0)
    for audio, rate in (
        (np.zeros(8000), SAMPLE_RATE),
        (noise, SAMPLE_RATE),
        (np.convolve(noise, np.hanning(9)), 8000),  # what a telephone leaves of a whisper
        (clipped, SAMPLE_RATE),
        (np.zeros(1), SAMPLE_RATE),
    ):
        f0_hz, confidence = tracker.track(audio.astype(np.float32), rate)
        assert len(f0_hz) == len(confidence) == max(1, -(-len(audio) * 100 // rate))
        assert np.all((f0_hz > 49.9) & (f0_hz < 1000.1))
        assert np.all((confidence >= 0.0) & (confidence <= 1.0))
        if not np.any(audio):
            assert not np.any(confidence)


def test_it_is_right_on_tones_and_unsure_of_noise() -> None:
    rng = np.random.default_rng(1)
    f0_hz = np.exp(rng.uniform(np.log(70.0), np.log(650.0), 12))
    sounds = [tone(f, 9600, n_harmonics=int(rng.integers(3, 13))) for f in f0_hz]
    tracker = get_tracker(NAME)
    found_hz, confidence = tracker.track(np.concatenate(sounds), SAMPLE_RATE)
    middle = (60 * np.arange(12)[:, np.newaxis] + np.arange(20, 40)).ravel()
    assert np.mean(abs(cents(found_hz[middle], np.repeat(f0_hz, 20))) < 50.0) > 0.9
    assert np.median(confidence[middle]) > 0.7
    noise = rng.normal(0.0, 0.1, 8000).astype(np.float32)
    assert np.median(tracker.track(noise, SAMPLE_RATE)[1]) < 0.5


def test_it_moves_as_far_as_the_spectrum() -> None:
    encoder = get_tracker(NAME)._encoder
    sounds = np.stack([tone(f, 8000, n_harmonics=10) for f in np.geomspace(80.0, 600.0, 16)])
    heard, _ = hear(tf.constant(sounds), hop_length=160)
    before, after = (
        read_pitch(encoder(read_bins(heard, shift))["pitch_logits"])[:, 20:30]
        for shift in (None, tf.fill([16], 12))
    )
    moved = (after - before).numpy()
    assert np.mean(np.abs(moved - 0.5) < 0.02) > 0.9


@pytest.mark.slow
def test_blocks_of_a_long_recording_join(monkeypatch: pytest.MonkeyPatch) -> None:
    audio = tone(180.0, 6 * SAMPLE_RATE, n_harmonics=8)
    audio *= np.linspace(0.1, 1.0, len(audio), dtype=np.float32)
    tracker = nansy_tracker.NansyTracker()
    whole, _ = tracker.track(audio, SAMPLE_RATE)
    monkeypatch.setattr(nansy_tracker, "N_BLOCK_FRAMES", 170)
    parts, _ = tracker.track(audio, SAMPLE_RATE)
    np.testing.assert_allclose(parts, whole, rtol=1e-3)


def test_a_folder_brings_an_encoder_of_ones_own(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "run" / "model")
    settings = FeatureSettings(f0_tracker=f"{NAME}:{tmp_path / 'run'}")
    assert FeatureSettings.from_dict(settings.to_dict()) == settings
    own, shipped = (get_tracker(x)._encoder.get_weights() for x in (settings.f0_tracker, NAME))
    assert all(np.array_equal(*pair) for pair in zip(own, shipped, strict=True))
    assert extract_features(tone(300, 8000), settings).n_frames == 125


def test_what_is_no_tracker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"`nowhere` holds no model.*papers/choi2022/pitch\.gin"):
        get_tracker("nansy:nowhere")
    shutil.copytree(SHIPPED, tmp_path / "foreign")
    content = {"class_name": "Autoencoder", "config": {}}
    (tmp_path / "foreign" / "model.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="should hold a `NansyPitch`"):
        get_tracker(f"nansy:{tmp_path / 'foreign'}")
    learned = "may name a folder as self_supervised:FOLDER, nansy"
    with pytest.raises(ArgumentError, match=learned):
        FeatureSettings(f0_tracker="crepe-tiny:runs/pitch")


def test_no_tracker_lives_above_the_features() -> None:
    """They are named by strings, which no linter of imports sees."""
    modules = {entry.module for entry in trackers._TRACKERS.values()}
    assert len(modules) >= 5
    assert all(module.startswith("ddsp_tf.features.") for module in modules)
