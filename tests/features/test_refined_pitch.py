"""A track to the cent, from one that is nearly right."""

import numpy as np
import pytest

from ddsp_tf.features import FeatureSettings, extract_features
from ddsp_tf.features.live_pitch import LivePitch
from ddsp_tf.features.refined_pitch import refine_track

RATE = 16000
TIME_S = np.arange(2 * RATE) / RATE


def vibrato(hz: float, *, cents: float = 50.0, rate_hz: float = 6.0) -> np.ndarray:
    return hz * 2.0 ** (cents / 1200 * np.sin(2 * np.pi * rate_hz * TIME_S))


def played(f0_hz: np.ndarray, *, noise_db: float = -60.0) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 9) if k * f0_hz.max() < 7500)
    noise = np.random.default_rng(0).normal(size=len(tone)) * np.sqrt(np.mean(tone**2))
    return (0.2 * (tone + noise * 10 ** (noise_db / 20))).astype(np.float32)


def rms_cents(f0_hz: np.ndarray, expected_hz: np.ndarray) -> float:
    return float(np.sqrt(np.mean((1200 * np.log2(f0_hz / expected_hz)) ** 2)))


@pytest.mark.parametrize("hz", [110.0, 440.0, 880.0])
@pytest.mark.parametrize(("noise_db", "most"), [(-60.0, 1.0), (-20.0, 1.5), (-6.0, 7.0)])
def test_a_vibrato_seen_too_small_is_made_whole(hz: float, noise_db: float, most: float) -> None:
    f0_hz = vibrato(hz)
    frames = slice(25 * 64, -25 * 64, 64)
    expected, times_s = f0_hz[frames], TIME_S[frames]
    seen = hz * (expected / hz) ** 0.79
    assert rms_cents(seen, expected) > 7.0
    refined = refine_track(
        played(f0_hz, noise_db=noise_db), seen, np.ones(len(seen)), times_s, sample_rate=RATE
    )
    assert rms_cents(refined, expected) < most


def test_what_is_doubtful_or_at_an_end_or_far_away_stays() -> None:
    audio = played(np.full(2 * RATE, 440.0))
    heard = np.array([445.0, 445.0, 445.0, 455.0, 445.0])
    sure = np.array([0.9, 0.9, 0.45, 0.9, 0.6])
    times_s = np.array([0.005, 1.0, 1.0, 1.0, 1.0])
    refined = refine_track(audio, heard, sure, times_s, sample_rate=RATE)
    # Half sure is half refined.
    np.testing.assert_allclose(refined, [445.0, 440.0, 445.0, 455.0, 442.5], atol=0.1)


def test_extracted_and_live_pitch_follow_a_vibrato() -> None:
    f0_hz = vibrato(440.0)
    audio, inside = played(f0_hz), slice(100, 400)
    expected = f0_hz[::64][inside]
    settings = FeatureSettings()
    assert rms_cents(extract_features(audio, settings).f0_hz[inside], expected) < 1.0
    live, parts = LivePitch(settings), []
    for start in range(0, len(audio), 1000):
        parts.append(live.push(audio[start : start + 1000])[0])
    assert rms_cents(np.concatenate(parts)[inside], expected) < 1.0


def test_live_pitch_is_the_same_in_blocks_of_any_length() -> None:
    audio, settings = played(vibrato(220.0)), FeatureSettings()
    tracks = []
    for n_samples in (640, 7777):
        live = LivePitch(settings)
        blocks = [audio[i : i + n_samples] for i in range(0, len(audio), n_samples)]
        tracks.append(np.concatenate([live.push(block)[0] for block in blocks]))
    n_frames = min(map(len, tracks))
    assert n_frames > 450
    np.testing.assert_allclose(tracks[0][:n_frames], tracks[1][:n_frames], rtol=1e-5)
