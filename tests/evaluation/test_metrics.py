"""Each metric against a difference that is known."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation import (
    log_mel_distance_db,
    loudness_distance_db,
    pitch_errors,
    spectral_distance,
)
from ddsp_tf.evaluation.metrics import cents, delay_frames

NOISE = np.random.default_rng(1).normal(0.0, 0.1, 32_000).astype(np.float32)


def spectral_distance_by_hand(target: np.ndarray, audio: np.ndarray) -> tuple[float, float]:
    """Sums both terms over the scales in float64, frame by frame."""
    linear = logarithmic = 0.0
    for size in (2048, 1024, 512, 256, 128, 64):
        window = np.hanning(size + 1)[:-1]
        magnitudes = []
        for signal in (target, audio):
            padded = np.pad(signal.astype(np.float64), (size // 2, size))
            frames = [padded[i : i + size] * window for i in range(0, len(signal), size // 4)]
            magnitudes.append(np.abs(np.fft.rfft(frames)))
        first, second = magnitudes
        linear += np.mean(np.abs(first - second))
        logs = [np.log(np.maximum(magnitude, 1e-5)) for magnitude in magnitudes]
        logarithmic += np.mean(np.abs(logs[0] - logs[1]))
    return linear, logarithmic


def test_spectral_distance_is_that_of_a_slow_calculation() -> None:
    other = np.random.default_rng(2).normal(0.0, 0.02, len(NOISE)).astype(np.float32)
    linear, logarithmic = spectral_distance_by_hand(NOISE, other)
    distance = spectral_distance(NOISE, other)
    assert distance["magnitude"] == pytest.approx(linear, rel=1e-4)
    assert distance["log_magnitude"] == pytest.approx(logarithmic, rel=1e-4)
    assert distance["total"] == pytest.approx(linear + logarithmic, rel=1e-4)


def test_half_the_level_is_log_two_at_each_of_six_scales() -> None:
    assert spectral_distance(NOISE, NOISE)["total"] == 0.0
    distance = spectral_distance(NOISE, 0.5 * NOISE)
    assert distance["log_magnitude"] == pytest.approx(6 * np.log(2), rel=1e-4)


def test_long_sounds_are_averaged_over_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = spectral_distance(NOISE, 0.5 * NOISE)
    mel = log_mel_distance_db(NOISE, 0.5 * NOISE, sample_rate=16_000)
    monkeypatch.setattr("ddsp_tf.evaluation.metrics._BLOCK_SAMPLES", 12_000)
    assert spectral_distance(NOISE, 0.5 * NOISE)["total"] == pytest.approx(whole["total"], rel=0.03)
    blocks = log_mel_distance_db(NOISE, 0.5 * NOISE, sample_rate=16_000)
    assert blocks == pytest.approx(mel, rel=1e-3)


def test_three_db_quieter_is_three_db() -> None:
    quieter = NOISE * np.float32(10 ** (-3 / 20))
    assert log_mel_distance_db(NOISE, quieter, sample_rate=16_000) == pytest.approx(3.0, abs=0.01)
    curve = np.linspace(-60, -20, 100)
    assert loudness_distance_db(curve, curve - 3.0) == pytest.approx(3.0)


def test_pitch_errors_tell_a_bias_from_an_octave_from_a_wrong_note() -> None:
    target = np.full(100, 440.0)
    sharp = pitch_errors(cents(target, target * 2 ** (10 / 1200)))
    assert sharp.mean_cents == pytest.approx(10.0)
    assert sharp.median_cents == pytest.approx(10.0)
    assert sharp.bias_cents == pytest.approx(10.0)
    assert sharp.raw_pitch_accuracy == 1.0
    mixed = target.copy()
    mixed[:20] *= 2  # an octave
    mixed[20:30] *= 2 ** (-7 / 12)  # another note
    errors = pitch_errors(cents(target, mixed))
    assert errors.raw_pitch_accuracy == pytest.approx(0.7)
    assert errors.raw_chroma_accuracy == pytest.approx(0.9)
    assert errors.mean_cents == pytest.approx((20 * 1200 + 10 * 700) / 100)
    assert errors.median_cents == pytest.approx(0.0, abs=1e-9)


def test_without_voiced_frames_nothing_is_known_of_the_pitch() -> None:
    errors = pitch_errors(np.zeros(0))
    assert errors.n_frames == 0
    assert np.isnan(errors.mean_cents)
    assert np.isnan(errors.raw_pitch_accuracy)


@pytest.mark.parametrize("lag", [-7, 0, 3, 12])
def test_a_lag_is_found_to_a_tenth_of_a_frame(lag: int) -> None:
    curve = np.cumsum(np.random.default_rng(3).normal(size=600))
    curve = np.convolve(curve, np.hanning(15) / 7, mode="same")[20:-20]
    first, second = curve[20:-20], np.roll(curve, lag)[20:-20]
    assert delay_frames(first, second, max_frames=25) == pytest.approx(lag, abs=0.1)
    assert np.isnan(delay_frames(first, np.zeros_like(first), max_frames=25))


def test_sounds_of_different_lengths_are_refused() -> None:
    for compare in (spectral_distance, loudness_distance_db):
        with pytest.raises(ArgumentError, match=r"same length above 0.*\(5,\) and \(4,\)"):
            compare(np.zeros(5), np.zeros(4))
    with pytest.raises(ArgumentError, match="same length above 0"):
        log_mel_distance_db(np.zeros(0), np.zeros(0), sample_rate=16_000)
