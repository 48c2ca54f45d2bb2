"""Low notes whose harmonics CREPE takes for them, and what must not be taken for low notes."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
import tensorflow as tf
from signals import SAMPLE_RATE, cents, tone

from ddsp_tf.features import FeatureSettings, extract_features, get_tracker, note_mask
from ddsp_tf.features.crepe.frame_salience import FrameSalience
from ddsp_tf.features.crepe.live_crepe import LiveCrepe
from ddsp_tf.features.crepe.low_notes import (
    autocorrelation_by_fft,
    autocorrelation_by_products,
)
from ddsp_tf.features.crepe.salience import CrepeSalience

# Each was heard at its third, fifth or seventh harmonic, or taken for silence.
CELLO = ("036_f_d", "036_mp_d", "042_f_d", "042_mp_d", "045_mp_d", "048_mp_d", "048_p_d")


def read(path: Path, seconds: float) -> np.ndarray:
    audio, rate = soundfile.read(path, dtype="float32")
    return soxr.resample(audio, rate, SAMPLE_RATE)[: round(seconds * SAMPLE_RATE)]


def frames_of(audio: np.ndarray) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(audio.astype(np.float32), 1024)[::160]


def midi_hz(midi: float) -> float:
    return 440.0 * 2.0 ** ((midi - 69) / 12)


@pytest.mark.parametrize("name", CELLO)
def test_a_cellos_low_notes_are_right_and_are_notes(recordings, name):
    audio = read(recordings / "instruments" / "cello" / "notes" / f"{name}.flac", 3.0)
    features = extract_features(audio, FeatureSettings())
    notes = note_mask(features)
    error = cents(features.f0_hz[notes], midi_hz(int(name[:3])))
    assert notes.mean() > 0.6
    assert abs(np.median(error)) < 50
    assert np.mean(abs(error) < 50) > 0.9


@pytest.mark.parametrize(
    "name", [CELLO[0], *(pytest.param(name, marks=pytest.mark.slow) for name in CELLO[1:])]
)
def test_a_live_tracker_hears_them_too(recordings, name):
    audio = read(recordings / "instruments" / "cello" / "notes" / f"{name}.flac", 3.0)
    f0_hz, confidence = LiveCrepe().track(frames_of(audio))
    error = cents(f0_hz, midi_hz(int(name[:3])))[confidence > 0.5]
    assert len(error) > 100
    assert np.mean(abs(error) < 50) > 0.9


def test_a_whole_file_and_frames_give_the_same_salience(recordings):
    audio = read(recordings / "instruments" / "cello" / "notes" / "042_mp_d.flac", 3.0)
    network = CrepeSalience("tiny")
    block = audio[8000 : 8000 + network.block_length]
    expected = network(tf.constant(block), network.weights()).numpy()
    frames = FrameSalience("tiny")(tf.constant(frames_of(block))).numpy()
    np.testing.assert_allclose(frames, expected, atol=1e-3)
    # And that is not what the network says by itself: it hears the fifth harmonic.
    plain = network.network(tf.constant(block), network.weights()).numpy()
    assert np.median(plain.argmax(1) - expected.argmax(1)) == pytest.approx(139, abs=3)


def test_level_and_offset_make_no_difference():
    low = tone(65.4, 1024) + tone(7 * 65.4, 1024, n_harmonics=1)
    salience = FrameSalience("tiny")
    expected = salience(tf.constant(low[np.newaxis])).numpy()
    for gain, offset in ((1e-3, 0.0), (100.0, 0.0), (1.0, 0.5)):
        changed = (gain * low + offset).astype(np.float32)
        np.testing.assert_allclose(salience(changed[np.newaxis]), expected, atol=2e-3)


@pytest.mark.parametrize("f0_hz", [36.7, 41.2, 55.0, 65.4, 98.0, 146.8, 220.0, 330.0])
@pytest.mark.parametrize(
    "partials", [(1.0,), (1.0, 0.5, 0.33, 0.25), (0.0, 0.2, 1.0, 1.0, 0.5), (0.1, 0.2, 1.0, 0.1)]
)
def test_whatever_its_partials_a_low_note_is_at_its_fundamental(f0_hz, partials):
    if len(partials) == 1 and f0_hz < 40:
        pytest.skip("a sine so low has two periods in the window")
    time_s = np.arange(8000) / SAMPLE_RATE
    sound = 0.1 * sum(
        level * np.sin(2 * np.pi * k * f0_hz * time_s + k) for k, level in enumerate(partials, 1)
    )
    heard_hz, confidence = get_tracker("crepe-tiny").track(sound.astype(np.float32), SAMPLE_RATE)
    assert abs(np.median(cents(heard_hz[10:40], f0_hz))) < 20
    assert np.median(confidence[10:40]) > 0.6


@pytest.mark.parametrize("pair", [(330.0, 440.0), (440.0, 550.0), (330.0, 396.0), (196.0, 294.0)])
def test_two_notes_are_not_taken_for_their_common_fundamental(pair):
    """The period of both together is that of a low note. What CREPE says of them stays."""
    frames = tf.constant(frames_of(sum(tone(hz, 8000) for hz in pair)))
    salience = FrameSalience("tiny")
    np.testing.assert_allclose(salience(frames), salience.network(frames), atol=0.02)


@pytest.mark.parametrize("f0_hz", [659.3, 880.0, 1760.0])
def test_hum_under_a_high_note_is_not_the_note(f0_hz):
    hum = tone(50.0, 8000, n_harmonics=3) * 10 ** (-20 / 20)
    heard_hz, confidence = LiveCrepe().track(frames_of(tone(f0_hz, 8000, n_harmonics=2) + hum))
    assert abs(np.median(cents(heard_hz, f0_hz))) < 20
    assert np.median(confidence) > 0.7


def test_noise_is_no_low_note():
    noise = np.random.default_rng(0).standard_normal(16000)
    rumble = np.convolve(noise, np.hanning(400), "same")
    for sound in (noise, rumble):
        _, confidence = LiveCrepe().track(frames_of(sound))
        assert np.mean(confidence > 0.5) < 0.02


def test_autocorrelation_needs_no_fft():
    x = np.random.default_rng(0).standard_normal([5, 240]).astype(np.float32)
    expected = [np.correlate(row, row, "full")[239 : 239 + 136] for row in x.astype(np.float64)]
    for autocorrelation in (autocorrelation_by_fft, autocorrelation_by_products):
        np.testing.assert_allclose(autocorrelation(tf.constant(x), 136), expected, atol=2e-4)
