"""All-pole filters of mel bands: formants, levels, and sound that comes back."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.mel_all_pole import filter_stft, inverse_filter, lpc_at_samples, lpc_from_mel_db
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.mel_db import mel_levels_db

RATE, HOP = 16000, 80
SETTINGS = FeatureSettings(sample_rate=RATE, hop_length=HOP)
VOWELS = {
    "a": (730, 1090, 2440),
    "i": (270, 2290, 3010),
    "u": (300, 870, 2240),
    "e": (530, 1840, 2480),
    "o": (570, 840, 2410),
}


def vowel(formants: tuple[int, ...], f0_hz: float, *, seconds: float = 0.5) -> np.ndarray:
    """Pulses, or noise at 0 Hz, that fall as the voice does, through five resonators."""
    n_samples = round(seconds * RATE)
    if f0_hz:
        source = np.diff(np.floor(np.arange(n_samples + 1) * f0_hz / RATE))
    else:
        source = np.random.default_rng(0).normal(size=n_samples)
    source = scipy.signal.lfilter([1.0], [1.0, -0.97], source)
    for hz, width in zip((*formants, 3500, 4500), (60, 90, 120, 150, 200), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        source = scipy.signal.lfilter([1.0], poles, source)
    return 0.1 * source / np.std(source)


def mel_of(audio: np.ndarray) -> np.ndarray:
    return mel_levels_db(audio.astype(np.float32), SETTINGS).astype(np.float64)


@pytest.mark.parametrize(("f0_hz", "apart"), [(0.0, 0.05), (80.0, 0.06), (100.0, 0.05)])
def test_formants_of_vowels_are_found(f0_hz: float, apart: float) -> None:
    for name, formants in VOWELS.items():
        mel_db = mel_of(vowel(formants, f0_hz))[20:-20:10]
        filters, _ = lpc_from_mel_db(mel_db, order=24, sample_rate=RATE, preemphasis=0.97)
        found = [dsp.formants_of_lpc(a, sample_rate=RATE, widest_hz=700.0) for a in filters.numpy()]
        for hz in formants:
            near = np.median([x[np.argmin(np.abs(x - hz))] for x in found])
            assert near == pytest.approx(hz, rel=apart), (name, hz, near)


@pytest.mark.parametrize("f0_hz", [160.0])
def test_formants_are_those_that_prediction_of_the_sound_finds(f0_hz: float) -> None:
    """At 160 Hz both are 14 % off where partials say so."""
    for name, formants in VOWELS.items():
        audio = vowel(formants, f0_hz)
        mel_db = mel_of(audio)[40:60:10]
        filters, _ = lpc_from_mel_db(mel_db, order=24, sample_rate=RATE, preemphasis=0.97)
        emphasised = np.append(audio[0], audio[1:] - 0.97 * audio[:-1])[3200:4000] * np.hanning(800)
        known = dsp.levinson(dsp.autocorrelation(tf.constant(emphasised), order=24))[0]
        found, expected = (
            dsp.formants_of_lpc(x, sample_rate=RATE, widest_hz=700.0)
            for x in (filters.numpy()[0], known.numpy())
        )
        for hz in formants:
            near, wanted = (x[np.argmin(np.abs(x - hz))] for x in (found, expected))
            assert near == pytest.approx(wanted, rel=0.05), (name, hz)


def test_noise_has_no_formants_and_its_level() -> None:
    noise = 0.05 * np.random.default_rng(0).normal(size=RATE)
    coefficients, gain = lpc_from_mel_db(mel_of(noise)[20:-20], order=24, sample_rate=RATE)
    response = np.abs(dsp.lpc_response(coefficients, fft_length=512)) * gain
    assert 20 * np.log10(np.median(response) / 0.05) == pytest.approx(0.0, abs=1.0)


def test_silence_is_stable_and_gradients_are_finite() -> None:
    mel_db = tf.constant(np.full([1, 3, 80], -100.0))
    with tf.GradientTape() as tape:
        tape.watch(mel_db)
        coefficients, gain = lpc_from_mel_db(mel_db, order=24, sample_rate=RATE, preemphasis=0.97)
        total = tf.reduce_sum(coefficients) + tf.reduce_sum(gain)
    assert np.max(np.abs(dsp.reflection_from_lpc(coefficients))) < 1.0
    assert np.all(np.isfinite(tape.gradient(total, mel_db)))
    with pytest.raises(ArgumentError, match="`order`"):
        lpc_from_mel_db(mel_db, order=0, sample_rate=RATE)


def moving_voice() -> tuple[np.ndarray, tf.Tensor]:
    """A vowel that becomes another, and the filters of it."""
    parts = [vowel(VOWELS[name], 110.0) for name in ("a", "i")]
    share = np.linspace(0, 1, len(parts[0]))
    audio = (1 - share) * parts[0] + share * parts[1]
    filters, _ = lpc_from_mel_db(mel_of(audio)[np.newaxis], order=24, sample_rate=RATE)
    return audio[np.newaxis], filters


def snr_db(wanted: np.ndarray, found: tf.Tensor) -> float:
    return float(10 * np.log10(np.sum(wanted**2) / np.sum((wanted - np.asarray(found)) ** 2)))


def test_inverse_then_forward_by_samples_gives_the_sound_back() -> None:
    audio, filters = moving_voice()
    at_samples = lpc_at_samples(filters, hop_length=HOP)
    excitation = inverse_filter(audio, at_samples)
    assert np.std(excitation) < 0.3 * np.std(audio)
    assert snr_db(audio, dsp.all_pole(excitation, at_samples)[0]) > 100.0


def test_inverse_then_forward_by_frames() -> None:
    audio, filters = moving_voice()
    responses = dsp.lpc_response(filters, fft_length=2048)
    lengths = {"frame_length": 400, "hop_length": HOP}
    # In the same frames the two are one.
    assert snr_db(audio, filter_stft(audio, responses * (1.0 / responses), **lengths)) > 200.0
    # Between them the second window cuts what rings, and frames differ.
    constant = tf.repeat(responses[:, 50:51], responses.shape[1], axis=1)
    between = filter_stft(audio, 1.0 / constant, **lengths)
    assert snr_db(audio, filter_stft(between, constant, **lengths)) > 20.0
    with pytest.raises(ArgumentError, match="two hops"):
        filter_stft(audio, responses, frame_length=100, hop_length=HOP)
