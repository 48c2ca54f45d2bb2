"""Live features are those of the recording, as soon as they can be."""

import numpy as np
import pytest
import soundfile
import soxr

from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Features, FeatureSettings, extract_features
from ddsp_tf.features.live_features import LiveFeatures
from ddsp_tf.presets import MELODY


def push_all(live: LiveFeatures, audio: np.ndarray, longest: int = 3000) -> Features:
    rng = np.random.default_rng(0)
    parts, start = [], 0
    while start < len(audio):
        count = int(rng.integers(1, longest))
        parts.append(live.push(audio[start : start + count]))
        start += count
    parts.append(live.flush())
    rows = zip(*((p.f0_hz, p.f0_confidence, p.loudness_db) for p in parts), strict=True)
    return Features(*(np.concatenate(row) for row in rows))


@pytest.fixture(scope="module")
def melody() -> np.ndarray:
    audio, rate = soundfile.read(MELODY, dtype="float32")
    return audio[: 2 * rate + 37]


@pytest.mark.parametrize(
    ("sample_rate", "hop_length", "loudness"),
    [(16000, 64, "a_weighted"), (16000, 320, "rms"), (48000, 960, "a_weighted")],
)
def test_blocks_of_any_size_give_the_features_of_the_recording(
    melody: np.ndarray, sample_rate: int, hop_length: int, loudness: str
) -> None:
    if sample_rate != 16000:
        melody = soxr.resample(melody, 16000, sample_rate)
    settings = FeatureSettings(sample_rate, hop_length, loudness=loudness)
    expected = extract_features(melody, settings)
    live = LiveFeatures(settings)
    features = push_all(live, melody)
    assert features.n_frames == expected.n_frames
    np.testing.assert_allclose(features.loudness_db, expected.loudness_db, atol=0.1)
    sure = expected.f0_confidence > 0.6
    cents = np.abs(1200 * np.log2(features.f0_hz / expected.f0_hz))[sure]
    assert np.median(cents) < 5
    assert np.quantile(cents, 0.9) < 25
    again = push_all(live, melody, longest=500)
    np.testing.assert_allclose(again.f0_hz, features.f0_hz, rtol=1e-3)


def test_a_frame_comes_when_its_windows_are_complete() -> None:
    live = LiveFeatures(FeatureSettings())
    assert live.latency_samples == 192
    noise = np.random.default_rng(1).normal(size=6400).astype(np.float32)
    n_frames = 0
    for sample in range(0, 6400, 16):
        n_frames += live.push(noise[sample : sample + 16]).n_frames
        n_received = sample + 16
        # The bound of the latency holds at every sample.
        assert n_frames >= (n_received - 192) // 64 + 1
        assert n_frames <= max(0, (n_received - 192) // 64 + 1)


def test_silence_and_noise_hold_the_pitch() -> None:
    live = LiveFeatures(FeatureSettings(), initial_f0_hz=150.0)
    silence = live.push(np.zeros(8000, np.float32))
    np.testing.assert_allclose(silence.f0_hz, 150.0, rtol=1e-5)
    np.testing.assert_array_equal(silence.loudness_db, -80.0)
    tone = 0.3 * np.sin(2 * np.pi * 300.0 * np.arange(8000) / 16000)
    live.push(tone)
    after = live.push(np.zeros(8000, np.float32))
    assert abs(1200 * np.log2(after.f0_hz[-1] / 300.0)) < 30


def test_a_short_sound_is_not_lost() -> None:
    live = LiveFeatures(FeatureSettings())
    assert live.push(np.zeros(65)).n_frames == 0
    assert live.flush().n_frames == 2
    assert live.flush().n_frames == 0


def test_refuses_what_it_can_not_follow() -> None:
    with pytest.raises(ArgumentError, match=r"got 'pyin', which needs the whole recording"):
        LiveFeatures(FeatureSettings(f0_tracker="pyin"))
    with pytest.raises(ArgumentError, match=r"can be followed .* not mel_db: play the whole"):
        LiveFeatures(FeatureSettings(columns=("loudness_db", "mel_db")))
    live = LiveFeatures(FeatureSettings())
    with pytest.raises(ArgumentError, match=r"mono, \[n_samples\]; got shape \(2, 3\)"):
        live.push(np.zeros([2, 3]))
    with pytest.raises(ArgumentError, match=r"NaN or infinite samples\. Replace them by zeros"):
        live.push(np.array([0.0, np.nan]))
