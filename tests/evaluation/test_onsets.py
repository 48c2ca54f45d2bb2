"""Onsets are found where notes begin, and a smeared one is told from a sharp one."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation import find_onsets, onset_sharpness

RATE = 16000
STARTS_S = (0.3, 0.7, 1.1, 1.5)


def notes(*, attack_s: float, late_s: float = 0.0, level: float = 0.3) -> np.ndarray:
    """Four bright notes of 0.3 s."""
    audio = np.zeros(2 * RATE)
    time = np.arange(int(0.3 * RATE)) / RATE
    for index, start_s in enumerate(STARTS_S):
        f0_hz = 330.0 * 2 ** (index / 4)
        tone = sum(np.sin(2 * np.pi * f0_hz * k * time) / k for k in range(1, 9))
        envelope = np.minimum(1, time / attack_s) * np.minimum(1, (0.3 - time) / 0.05)
        start = round((start_s + late_s) * RATE)
        audio[start : start + len(time)] += level * tone * envelope
    return audio


SHARP = notes(attack_s=0.002)


def test_onsets_are_where_the_notes_begin() -> None:
    np.testing.assert_allclose(find_onsets(SHARP, sample_rate=RATE), STARTS_S, atol=0.015)


def test_a_steady_tone_and_silence_have_none() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    assert not len(find_onsets(tone[200:-200] * 1.0, sample_rate=RATE)[1:])
    assert not len(find_onsets(np.zeros(RATE), sample_rate=RATE))
    assert np.isnan(onset_sharpness(np.zeros(RATE), tone, sample_rate=RATE))


def test_the_same_onsets_are_as_sharp_at_any_level_and_a_little_late() -> None:
    assert onset_sharpness(SHARP, SHARP, sample_rate=RATE) == 1.0
    assert onset_sharpness(SHARP, 0.1 * SHARP, sample_rate=RATE) == pytest.approx(1.0)
    late = notes(attack_s=0.002, late_s=0.02)
    assert onset_sharpness(SHARP, late, sample_rate=RATE) == pytest.approx(1.0, abs=0.02)


def test_smeared_onsets_are_less_sharp_the_more_they_are_smeared() -> None:
    sharpness = [
        onset_sharpness(SHARP, notes(attack_s=attack_s), sample_rate=RATE)
        for attack_s in (0.002, 0.02, 0.05, 0.1)
    ]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[2] < 0.5
    assert sharpness[3] == pytest.approx(0.012 / 0.1, abs=0.1)


def test_a_click_against_a_smeared_click() -> None:
    click = np.zeros(RATE)
    click[RATE // 2] = 1.0
    smeared = np.convolve(click, np.hanning(1600), mode="same")
    assert onset_sharpness(click, smeared, sample_rate=RATE) < 0.5
    assert onset_sharpness(smeared, click, sample_rate=RATE) > 2.0


def test_sounds_of_different_lengths_are_refused() -> None:
    with pytest.raises(ArgumentError, match="same length"):
        onset_sharpness(np.zeros(5), np.zeros(4), sample_rate=RATE)
