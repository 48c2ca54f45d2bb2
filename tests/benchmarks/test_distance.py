"""The distance's split: levels by octave, and biases, of sounds whose differences are known."""

import numpy as np
import pytest
from distance import Moments, Player, octave_ends, table_of_octaves

from ddsp_tf.features import FeatureSettings, extract_features

RATE = 16000


@pytest.fixture(scope="module")
def players() -> dict[str, Player]:
    """A note with noise: softer by 6 dB, and with the octave from 2 kHz 12 dB louder."""
    time = np.arange(RATE) / RATE
    rng = np.random.default_rng(0)
    noise = rng.normal(size=RATE)
    target = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.01 * noise
    spectrum, hertz = np.fft.rfft(target), np.fft.rfftfreq(RATE, 1 / RATE)
    spectrum[(hertz >= 2000) & (hertz < 4000)] *= 10 ** (12 / 20)
    settings = FeatureSettings(f0_tracker="pyin")
    features = extract_features(target, settings)
    moments = Moments(target, features, RATE, settings.frame_rate)
    made = {"softer": Player(), "brighter": Player()}
    made["softer"].compare(target, 0.5 * target, moments)
    made["brighter"].compare(target, np.fft.irfft(spectrum), moments)
    return made


def test_octaves_reach_up_to_nyquist() -> None:
    assert octave_ends(16000) == [125, 250, 500, 1000, 2000, 4000]
    assert octave_ends(48000) == [125, 250, 500, 1000, 2000, 4000, 8000, 16000]
    assert octave_ends(44100)[-1] == 16000


def test_the_level_of_each_octave_is_told(players: dict[str, Player]) -> None:
    rows = list(table_of_octaves(players["brighter"].octaves, players["softer"].octaves))
    assert [row.split(" | ")[0] for row in rows] == [
        f"| {low} Hz" for low in (125, 250, 500, 1000, 2000, 4000)
    ]
    cells = np.array([[float(x) for x in row.strip("| ").split(" | ")[1:]] for row in rows])
    np.testing.assert_allclose(cells[:, 1], [0, 0, 0, 0, 12, 0], atol=0.3)
    np.testing.assert_allclose(cells[:, 2], -6.0, atol=0.05)
    assert cells[:, 0].argmax() == 1  # 440 Hz
    assert np.sum(10 ** (cells[:, 0] / 10)) == pytest.approx(1.0, abs=0.02)


def test_a_constant_gain_is_bias_without_spread(players: dict[str, Player]) -> None:
    sums = players["softer"].total(1024)
    bias = sums.signed / sums.cells
    assert bias == pytest.approx(np.log(0.5), abs=1e-3)
    assert sums.square / sums.cells - bias**2 == pytest.approx(0.0, abs=1e-3)
