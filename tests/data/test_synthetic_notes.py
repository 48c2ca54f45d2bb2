"""The notes that pitch is learned from: they have to be what they say they are."""

import numpy as np
import pytest

from ddsp_tf.data import SyntheticNotes
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings

SETTINGS = FeatureSettings(sample_rate=16000, hop_length=512, columns=())
N_FRAMES = 16


def made(index: int) -> dict[str, np.ndarray]:
    return dict(SyntheticNotes()(np.random.default_rng([0, index]), N_FRAMES, SETTINGS))


def test_a_note_repeats_with_the_period_that_it_says() -> None:
    """At lags of the stated period steady notes resemble themselves; at others much less."""
    at_period, elsewhere = [], []
    for index in range(60):
        note = made(index)
        f0_hz = note["f0_hz"]
        if f0_hz.min() <= 0.0 or f0_hz.max() / f0_hz.min() > 1.003:
            continue
        audio = note["audio"] - note["audio"].mean()
        spectrum = np.abs(np.fft.rfft(audio, 2 * len(audio))) ** 2
        likeness = np.fft.irfft(spectrum)[:600]
        likeness /= likeness[0]
        period = 16000 / f0_hz.mean()
        if period < 500:
            at_period.append(likeness[round(period) - 1 : round(period) + 2].max())
            elsewhere.append(likeness[round(0.71 * period)])
    assert len(at_period) > 15
    assert np.median(at_period) > 0.85
    assert np.median(elsewhere) < 0.5


def test_what_it_draws_is_as_varied_as_it_says() -> None:
    notes = [made(index) for index in range(200)]
    silent = np.mean([not note["f0_hz"].any() for note in notes])
    assert 0.04 < silent < 0.2
    f0_hz = np.concatenate([note["f0_hz"] for note in notes])
    midi = 69 + 12 * np.log2(f0_hz[f0_hz > 0] / 440)
    assert midi.min() > 23.9
    assert midi.max() < 95.1
    assert np.histogram(midi, 6, (24, 95))[0].min() > 0.08 * len(midi)
    for note in notes:
        assert np.abs(note["audio"]).max() < 1.0
        assert (note["harmonic_amplitudes"] >= 0.0).all()
        assert not note["harmonic_amplitudes"][note["f0_hz"] == 0.0].any()


def test_the_same_seed_makes_the_same_note() -> None:
    for key, value in made(3).items():
        np.testing.assert_array_equal(value, made(3)[key])


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(ArgumentError, match="a range within 0 to 127"):
        SyntheticNotes(low_midi=60.0, high_midi=50.0)
