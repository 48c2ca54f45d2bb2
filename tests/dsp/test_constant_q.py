"""The constant-Q transform against its definition, against librosa, and its gradients."""

import librosa
import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.audio import read_audio
from ddsp_tf.dsp.constant_q import C1_HZ, quality_factor
from ddsp_tf.errors import ArgumentError

RATE, HOP, BINS = 16000, 128, 190


@pytest.fixture(scope="module")
def voice(recordings) -> np.ndarray:
    audio, _ = read_audio(recordings / "phrases" / "voice_doremi_16k.flac", sample_rate=RATE)
    return audio[: round(2.5 * RATE)]


def _tones(*f_hz: float) -> np.ndarray:
    time_s = np.arange(40000) / RATE
    return sum(0.1 * np.sin(2 * np.pi * f * time_s) for f in f_hz).astype(np.float32)


def _by_definition(audio: np.ndarray, sample: int) -> np.ndarray:
    """The sums of Brown's definition, around one sample, at the full rate."""
    padded, magnitudes = np.pad(audio.astype(np.float64), RATE), []
    for f_hz in C1_HZ * 2.0 ** (np.arange(BINS) / 24):
        length = quality_factor(24) * RATE / f_hz
        place = np.arange(-int(length / 2), int(length / 2) + 1)
        window = 0.5 + 0.5 * np.cos(2 * np.pi * place / length)
        turned = padded[sample + RATE + place] * np.exp(-2j * np.pi * f_hz * place / RATE)
        magnitudes.append(2 * np.abs(np.sum(window * turned)) / np.sum(window))
    return np.array(magnitudes)


@pytest.mark.parametrize("hop_length", [128, 160, 100])
def test_equals_its_definition_whatever_can_be_halved(voice, hop_length):
    found = dsp.constant_q_magnitude(
        voice[np.newaxis], sample_rate=RATE, hop_length=hop_length, n_bins=BINS
    )[0].numpy()
    assert len(found) == -(-len(voice) // hop_length)
    for frame in (0, 97, 200):
        expected = _by_definition(voice, frame * hop_length)
        np.testing.assert_allclose(found[frame], expected, atol=1e-3 * expected.max())


@pytest.mark.slow
def test_equals_librosa_on_tones_and_on_a_voice(voice):
    bins_hz = dsp.constant_q_frequencies_hz(BINS)
    np.testing.assert_allclose(
        bins_hz, librosa.cqt_frequencies(BINS, fmin=C1_HZ, bins_per_octave=24), rtol=1e-12
    )
    lengths, _ = librosa.filters.wavelet_lengths(freqs=bins_hz, sr=RATE)
    # Each octave but the highest is heard at a rate at which librosa's resampler has taken away
    # most of its last bin, and a little of the one before.
    below = (BINS - 1 - np.arange(BINS)) % 24
    kept = ~((below < 2) & (np.arange(BINS) < BINS - 2))
    for audio in (voice, _tones(55.0, 440.0, 1234.0, 5000.0)):
        theirs = np.abs(
            librosa.cqt(audio, sr=RATE, hop_length=HOP, fmin=C1_HZ, n_bins=BINS, bins_per_octave=24)
        ).T
        theirs = 2.0 * theirs / np.sqrt(lengths)
        ours = dsp.constant_q_magnitude(
            audio[np.newaxis], sample_rate=RATE, hop_length=HOP, n_bins=BINS
        )[0].numpy()
        count = min(len(ours), len(theirs))
        apart = np.abs(ours[:count] - theirs[:count])[:, kept]
        # At the ends, where zeros begin, their resampler rings a little.
        assert apart.max() < 0.05 * theirs.max()
        assert np.sqrt(np.sum(apart**2) / np.sum(theirs**2)) < 0.01


def test_a_sine_at_a_centre_has_its_amplitude_and_its_neighbours_the_response():
    bins_hz = dsp.constant_q_frequencies_hz(BINS)
    sine = 5.0 * _tones(bins_hz[90])
    found = dsp.constant_q_magnitude(sine[np.newaxis], sample_rate=RATE, hop_length=HOP)[0, 150]
    expected = 0.5 * dsp.constant_q_response(bins_hz[90] / bins_hz[84:97])
    np.testing.assert_allclose(found[84:97], expected, atol=1e-3)
    assert float(found[90]) == pytest.approx(0.5, rel=1e-3)


def test_a_click_is_heard_where_it_is():
    audio = np.zeros([1, 16000], np.float32)
    audio[0, 50 * 160] = 1.0
    found = dsp.constant_q_magnitude(audio, sample_rate=RATE, hop_length=160).numpy()[0]
    assert set(np.argmax(found[:, 60:], axis=0)) == {50}


def _small(audio):
    about = {"sample_rate": 1000, "hop_length": 2, "bins_per_octave": 3, "n_bins": 5}
    return dsp.constant_q_magnitude(audio, lowest_hz=90.0, **about)


@pytest.mark.slow
def test_modes_agree():
    rng = np.random.default_rng(0)
    sounds = [rng.normal(size=shape).astype(np.float32) for shape in ((2, 200), (1, 77))]
    check_modes_agree(_small, {"audio": sounds[0]}, {"audio": sounds[1]})


def test_gradients_are_right_and_finite_in_silence():
    sound = tf.constant(np.random.default_rng(0).normal(size=[1, 8]))
    theory, numbers = tf.test.compute_gradient(_small, [sound])
    np.testing.assert_allclose(theory[0], numbers[0], atol=1e-5)
    silent = tf.zeros([1, 60])
    with tf.GradientTape() as tape:
        tape.watch(silent)
        total = tf.reduce_sum(_small(silent))
    assert np.all(np.isfinite(tape.gradient(total, silent)))


def test_what_cannot_be_is_refused():
    audio = tf.zeros([1, 100])
    with pytest.raises(ArgumentError, match=r"below Nyquist, 8000 Hz; the last of 200 is"):
        dsp.constant_q(audio, sample_rate=RATE, hop_length=HOP, n_bins=200)
    with pytest.raises(ArgumentError, match="`lowest_hz` should be above 0"):
        dsp.constant_q(audio, sample_rate=RATE, hop_length=HOP, lowest_hz=0.0)
