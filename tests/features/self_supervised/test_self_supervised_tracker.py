"""The shipped tracker that was taught by a synthesiser, behind the protocol of all trackers."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import tensorflow as tf
from signals import SAMPLE_RATE, cents, tone

from ddsp_tf.errors import ArgumentError, ModelError
from ddsp_tf.features import FeatureSettings, extract_features, get_tracker
from ddsp_tf.features.self_supervised.pitch_network import N_PITCHES, pitches_hz
from ddsp_tf.features.self_supervised.self_supervised_tracker import (
    _STORED,
    SelfSupervisedTracker,
    logits_to_salience,
)

NAME = "self_supervised"
SHIPPED = _STORED.shipped


@pytest.mark.parametrize("n_harmonics", [1, 8])
def test_steady_tones_are_in_tune(n_harmonics: int) -> None:
    # A sine alone is told from its neighbours from E2 on; below, partials tell more.
    lowest = 40 if n_harmonics == 1 else 30
    frequencies = 440 * 2 ** ((np.arange(lowest, 92.5, 2.13) - 69) / 12)
    audio = np.concatenate([tone(f0_hz, 4800, n_harmonics=n_harmonics) for f0_hz in frequencies])
    f0_hz, confidence = get_tracker(NAME).track(audio, SAMPLE_RATE)
    middle = slice(10, 20)
    tracked = np.median(f0_hz.reshape(len(frequencies), 30)[:, middle], axis=1)
    error = cents(tracked, frequencies)
    assert abs(np.median(error)) < 5
    assert np.mean(abs(error) < 15) > 0.9
    assert np.median(confidence.reshape(len(frequencies), 30)[:, middle]) > 0.6


@pytest.mark.parametrize(
    ("note", "hz"), [("flute-A4", 440.0), ("violin-B3", 246.94), ("vibraphone-C6", 1046.5)]
)
def test_recorded_notes_are_right(recordings: Path, note: str, hz: float) -> None:
    audio, rate = soundfile.read(recordings / "reference_notes" / f"{note}.flac", dtype="float32")
    audio = soxr.resample(audio, rate, SAMPLE_RATE)
    f0_hz, confidence = get_tracker(NAME).track(audio, SAMPLE_RATE)
    sure = confidence > 0.5
    assert np.mean(sure) > 0.6
    assert np.mean(abs(cents(f0_hz, hz)[sure]) < 50) > 0.95


@pytest.mark.parametrize("n_samples", [1, 159, 161, 32000, 32001])
def test_any_length_gives_ceil_frames(n_samples: int) -> None:
    f0_hz, confidence = get_tracker(NAME).track(tone(330, n_samples), SAMPLE_RATE)
    assert len(f0_hz) == len(confidence) == -(-n_samples // 160)
    assert (f0_hz > 0).all()
    assert ((confidence >= 0) & (confidence <= 1)).all()


def test_where_blocks_end_makes_no_difference() -> None:
    """A block has 200 frames: a sweep over three of them, and the same begun 37 frames earlier."""
    sweep = tone(np.geomspace(110.0, 440.0, 5 * SAMPLE_RATE), 5 * SAMPLE_RATE)
    whole, _ = get_tracker(NAME).track(sweep, SAMPLE_RATE)
    later, _ = get_tracker(NAME).track(sweep[37 * 160 :], SAMPLE_RATE)
    assert abs(cents(whole[37:], later))[20:-20].max() < 0.5
    assert abs(cents(whole, np.geomspace(110.0, 440.0, 500)))[20:-20].max() < 20


def test_silence_and_noise_have_no_pitch() -> None:
    silence = extract_features(np.zeros(16000, np.float32), FeatureSettings(f0_tracker=NAME))
    assert silence.f0_confidence.max() < 0.1
    assert (silence.f0_hz > 0).all()
    noise = 0.1 * np.random.default_rng(0).standard_normal(32000)
    hiss = extract_features(noise, FeatureSettings(f0_tracker=NAME))
    assert np.mean(hiss.f0_confidence > 0.5) < 0.1


def test_a_distribution_is_read_between_its_pitches() -> None:
    """Normal distributions anywhere become salience whose centroid is their mean, in cents."""
    place = np.array([20.25, 100.5, 180.9])
    logits = -0.5 * (np.arange(N_PITCHES) - place[:, np.newaxis]) ** 2
    logits = np.concatenate([logits, np.full([3, 1], -30.0)], axis=1)
    salience = logits_to_salience(tf.constant(logits, tf.float32)).numpy()
    bins_hz = 10.0 * 2.0 ** ((1997.3794084376191 + 20.0 * np.arange(360)) / 1200.0)
    centroid = salience @ cents(bins_hz, 32.7) / salience.sum(axis=1)
    expected = cents(pitches_hz()[0], 32.7) + place * 1200.0 / 36.0
    np.testing.assert_allclose(centroid, expected, atol=1.0)
    assert (salience.max(axis=1) > 0.9).all()
    unvoiced = np.concatenate([np.zeros([1, N_PITCHES]), [[30.0]]], axis=1)
    assert logits_to_salience(tf.constant(unvoiced, tf.float32)).numpy().max() < 1e-9


def test_a_folder_brings_a_network_of_ones_own(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "run" / "model")
    settings = FeatureSettings(f0_tracker=f"{NAME}:{tmp_path / 'run'}")
    assert FeatureSettings.from_dict(settings.to_dict()) == settings
    own = extract_features(tone(300, 8000), settings)
    shipped = extract_features(tone(300, 8000), FeatureSettings(f0_tracker=NAME))
    np.testing.assert_array_equal(own.f0_hz, shipped.f0_hz)


def test_what_is_no_tracker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="may name a folder as self_supervised:FOLDER"):
        FeatureSettings(f0_tracker="pyin:runs/own")
    with pytest.raises(ArgumentError, match="may name a folder"):
        FeatureSettings(f0_tracker="self_supervised:")
    with pytest.raises(ModelError, match="holds no model that hears pitch"):
        get_tracker(f"self_supervised:{tmp_path}")
    for name, content, words in [
        ("foreign", {"class_name": "Autoencoder", "config": {}}, "should hold a `Inverse"),
        ("sizeless", {"class_name": "InverseSynthesis", "config": {}}, "lacks"),
        (
            "huge",
            {"class_name": "InverseSynthesis", "config": {"n_channels": 10**9, "n_units": 2}},
            "sizes that no such model has",
        ),
        (
            "other",
            {"class_name": "InverseSynthesis", "config": {"n_channels": 2, "n_units": 2}},
            "belongs to another model",
        ),
    ]:
        shutil.copytree(SHIPPED, tmp_path / name)
        (tmp_path / name / "model.json").write_text(json.dumps(content))
        with pytest.raises(ModelError, match=words):
            SelfSupervisedTracker(tmp_path / name)
