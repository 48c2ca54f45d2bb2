"""The analysis finds what a tone and a noise were made of, and plays it again."""

import numpy as np
import pytest
from recorded_toys import SETTINGS, RecordedDataset

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation import analyze_harmonics, compare, log_mel_l1, mel_cepstral_distortion_db
from ddsp_tf.features import Features

RATE, HOP = SETTINGS.sample_rate, SETTINGS.hop_length
N_FRAMES = 250
TIME = np.arange(N_FRAMES * HOP) / RATE


def steady(f0_hz: np.ndarray) -> Features:
    return Features(f0_hz, np.ones(N_FRAMES), np.full(N_FRAMES, -20.0))


def test_the_amplitudes_of_a_gliding_tone_are_found() -> None:
    f0_hz = np.linspace(300.0, 400.0, N_FRAMES)
    phase = 2 * np.pi * np.cumsum(np.interp(TIME * RATE / HOP, np.arange(N_FRAMES), f0_hz)) / RATE
    audio = 0.4 * np.sin(phase) + 0.1 * np.sin(3 * phase + 1.0)
    analysis = analyze_harmonics(audio, steady(f0_hz), SETTINGS)
    inner = analysis.harmonic_amplitudes[10:-10]
    np.testing.assert_allclose(inner[:, 0], 0.4, atol=0.004)
    np.testing.assert_allclose(inner[:, 2], 0.1, atol=0.004)
    assert inner[:, [1, 3, 4]].max() < 0.005
    # Nothing but rounding and interpolation is left over as noise: 40 dB below the tone.
    assert np.square(analysis.noise_magnitudes[10:-10]).mean() / 3 < 1e-4 * np.square(audio).mean()


def test_noise_comes_back_with_its_power_and_colour() -> None:
    white = np.random.default_rng(0).normal(0.0, 0.1, len(TIME))
    audio = np.convolve(white, [0.5, 0.5], "same")
    # A fundamental near Nyquist has a single harmonic, which takes hardly any of the noise.
    features = steady(np.full(N_FRAMES, 7000.0))
    played = analyze_harmonics(audio, features, SETTINGS, n_harmonics=1).play()
    assert len(played) == len(audio)
    assert np.std(played) == pytest.approx(np.std(audio), rel=0.05)
    assert mel_cepstral_distortion_db(audio, played, sample_rate=RATE) < 3.0


def test_a_violin_is_played_better_than_any_model_does(recorded_dataset: RecordedDataset) -> None:
    name, audio, features = next(recorded_dataset.recordings())
    played = analyze_harmonics(audio, features, SETTINGS).play()
    metrics, _, _ = compare(name, audio, played, features, settings=SETTINGS)
    assert metrics.spectral_distance < 5.0
    assert metrics.loudness_db < 1.0
    assert metrics.pitch.median_cents < 4.0
    assert metrics.pitch.raw_pitch_accuracy > 0.97
    assert log_mel_l1(audio, played, sample_rate=RATE) < 1.0


def test_features_of_something_else_are_refused() -> None:
    with pytest.raises(ArgumentError, match="`audio` has 2 frames, `features` has 250"):
        analyze_harmonics(np.zeros(100), steady(np.full(N_FRAMES, 440.0)), SETTINGS)
