"""A clear pitch that no tracker hears is told from noise, hum and notes."""

import numpy as np
import pytest

from ddsp_tf.data.pitch_limits import BeyondLimits, measure_beyond_limits

TIME_S = np.arange(32000) / 16000


def partials(f0_hz: float, n: int = 12) -> np.ndarray:
    numbers = [k for k in range(1, n + 1) if k * f0_hz < 8000]
    return sum(0.1 * np.sin(2 * np.pi * k * f0_hz * TIME_S + k) / k for k in numbers)


def beyond(audio: np.ndarray, *, unsure: bool = True) -> BeyondLimits:
    n_frames = len(audio) // 64
    return measure_beyond_limits(
        audio, np.full(n_frames, True), np.full(n_frames, unsure), sample_rate=16000, hop_length=64
    )


@pytest.mark.parametrize("f0_hz", [2100.0, 2500.0, 4186.0])
def test_whistles_and_piccolos_are_above(f0_hz):
    for sound in (partials(f0_hz, 1), partials(f0_hz, 3)):
        assert beyond(sound).above_share == 1.0
        assert beyond(sound).below_share == 0.0


@pytest.mark.parametrize("f0_hz", [20.6, 27.5, 30.87])
def test_the_lowest_notes_of_a_contrabass_and_a_piano_are_below(f0_hz):
    without_fundamental = partials(f0_hz) - partials(f0_hz, 1)
    for sound in (partials(f0_hz), without_fundamental):
        assert beyond(sound).below_share > 0.7
        assert beyond(sound).above_share == 0.0


@pytest.mark.parametrize("f0_hz", [32.7, 41.2, 61.7, 110.0, 440.0, 1900.0])
def test_what_the_tracker_can_hear_is_inside(f0_hz):
    assert beyond(partials(f0_hz)) == BeyondLimits(0.0, 0.0)
    assert beyond(partials(f0_hz, 1)) == BeyondLimits(0.0, 0.0)


def test_noise_and_rumble_have_no_pitch():
    noise = np.random.default_rng(0).standard_normal(32000)
    rumble = np.convolve(noise, np.hanning(800), "same")
    hiss = np.diff(noise, n=4)
    for sound in (noise, rumble, hiss):
        assert beyond(sound) == BeyondLimits(0.0, 0.0)


def test_only_frames_that_sound_and_are_unsure_count():
    whistle = partials(2500.0, 1)
    assert beyond(whistle, unsure=False).above_share == 0.0
    half = np.arange(500) < 250
    found = measure_beyond_limits(
        whistle, half, np.full(500, True), sample_rate=16000, hop_length=64
    )
    assert found.above_share == 1.0
    silent = measure_beyond_limits(
        whistle, np.full(500, False), np.full(500, True), sample_rate=16000, hop_length=64
    )
    assert silent == BeyondLimits(0.0, 0.0)
