"""Bark cepstra against SciPy, and the predictors that follow from them."""

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.dsp.bark_cepstrum import N_BARK_BANDS
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings, extract_features

EDGES = 4 * np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 34, 40])
PUBLISHED_GAINS = [0.8, *7 * [1.0], 2 / 3, *3 * [0.5], 1 / 3, 0.25, 0.25, 0.2, 1 / 6, 0.173913]
"""What the published program multiplies the powers of bands by to get densities."""
SETTINGS = FeatureSettings(hop_length=160, columns=("bark_cepstrum",))


def band_powers(power):
    """The same, in loops over bands and bins."""
    sums = np.zeros(len(EDGES))
    for band in range(len(EDGES) - 1):
        width = EDGES[band + 1] - EDGES[band]
        for step in range(width):
            share = step / width
            sums[band] += (1 - share) * power[EDGES[band] + step]
            sums[band + 1] += share * power[EDGES[band] + step]
    sums[[0, -1]] *= 2
    return sums


def spectrum_of(cepstrum):
    """Densities at 161 bins, interpolated in loops from the bands."""
    powers = 10 ** scipy.fft.idct(cepstrum, norm="ortho") * PUBLISHED_GAINS
    spectrum = np.zeros(161)
    for band in range(len(EDGES) - 1):
        width = EDGES[band + 1] - EDGES[band]
        for step in range(width):
            share = step / width
            spectrum[EDGES[band] + step] = (1 - share) * powers[band] + share * powers[band + 1]
    return spectrum


def test_cepstra_are_cosine_transforms_of_the_bands_levels():
    power = np.random.default_rng(0).uniform(0.0, 1e4, [3, 161])
    expected = [scipy.fft.dct(np.log10(band_powers(row) + 1e-2), norm="ortho") for row in power]
    np.testing.assert_allclose(dsp.bark_cepstrum(power), expected, atol=1e-10)
    with pytest.raises(ArgumentError, match=r"161 bins, every 50 Hz.*Received 160"):
        dsp.bark_cepstrum(power[:, :160])


def test_predictors_solve_the_normal_equations():
    cepstra = np.random.default_rng(1).normal(0.0, 1.0, [2, 3, N_BARK_BANDS])
    cepstra[..., 0] += 8.0
    found = dsp.lpc_from_bark_cepstrum(tf.constant(cepstra)).numpy()
    for cepstrum, coefficients in zip(cepstra.reshape(6, -1), found.reshape(6, -1), strict=True):
        r = scipy.fft.irfft(spectrum_of(cepstrum), 320)[:17] * 320
        r[0] = r[0] * (1 + 1e-4) + 320 / 12 / 38
        r[1:] *= 1 - 6e-5 * np.arange(1, 17) ** 2
        np.testing.assert_allclose(
            coefficients, scipy.linalg.solve_toeplitz(r[:16], -r[1:]), atol=1e-7
        )


def test_they_are_stable_and_go_through_reflection_coefficients_and_back():
    cepstra = np.random.default_rng(2).normal(0.0, 2.0, [4, 50, N_BARK_BANDS]).astype(np.float32)
    coefficients = dsp.lpc_from_bark_cepstrum(tf.constant(cepstra))
    reflection = dsp.reflection_from_lpc(coefficients)
    assert np.max(np.abs(reflection)) < 1.0
    back = dsp.lpc_from_reflection(reflection)
    assert np.max(np.abs(back - coefficients)) < 1e-5
    wild = dsp.lpc_from_bark_cepstrum(tf.fill([1, 1, N_BARK_BANDS], 1e4))
    assert np.all(np.isfinite(wild))


def test_all_modes_agree():
    rng = np.random.default_rng(3)
    inputs, others = (
        {"cepstrum": rng.normal(0.0, 1.0, shape).astype(np.float32)}
        for shape in ([2, 5, N_BARK_BANDS], [1, 3, N_BARK_BANDS])
    )
    check_modes_agree(dsp.lpc_from_bark_cepstrum, inputs, others)


def test_the_predictor_of_a_sound_follows_its_spectrum():
    """Noise through two resonances comes out 25 dB quieter, from 18 numbers a frame."""
    noise = 0.01 * np.random.default_rng(4).standard_normal(32000)
    poles = 0.98 * np.exp(2j * np.pi * np.array([500.0, 1500.0]) / 16000)
    sound = scipy.signal.lfilter([1.0], np.poly([*poles, *poles.conj()]).real, noise)
    sound *= 0.3 / np.max(np.abs(sound))
    cepstra = extract_features(sound, SETTINGS).as_batch()["bark_cepstrum"]
    coefficients = dsp.lpc_from_bark_cepstrum(tf.constant(cepstra)).numpy()[0]
    emphasised = sound - 0.85 * np.pad(sound, (1, 0))[:-1]
    rest = scipy.signal.lfilter([1.0, *np.mean(coefficients[5:-5], axis=0)], [1.0], emphasised)
    # An octave has a band or two here: the resonances are seen less sharp than they are.
    assert 10 * np.log10(np.var(emphasised[800:]) / np.var(rest[800:])) > 9.0


def test_the_column_is_of_windowed_frames():
    sound = 0.1 * np.random.default_rng(5).standard_normal(1600)
    found = extract_features(sound, SETTINGS).as_batch()["bark_cepstrum"][0, 4]
    emphasised = 32768 * (sound - 0.85 * np.pad(sound, (1, 0))[:-1])
    place = np.arange(320) + 0.5
    window = np.sin(0.5 * np.pi * np.sin(np.pi * place / 320) ** 2)
    power = np.abs(scipy.fft.rfft(window * emphasised[480:800]) / 320) ** 2
    expected = scipy.fft.dct(np.log10(band_powers(power) + 1e-2), norm="ortho")
    np.testing.assert_allclose(found, expected, atol=1e-4)
    with pytest.raises(ArgumentError, match=r"16000 Hz at least\. Received 8000"):
        extract_features(sound, FeatureSettings(8000, 80, columns=("bark_cepstrum",)))


def test_pitch_correlation_is_high_for_tones_and_low_for_noise():
    settings = FeatureSettings(hop_length=160, columns=("f0_hz", "pitch_correlation"))
    seconds = np.arange(8000) / 16000
    tone = 0.3 * np.sign(np.sin(2 * np.pi * 210.0 * seconds))
    found = extract_features(tone, settings).as_batch()["pitch_correlation"]
    assert np.median(found) > 0.95
    noise = 0.1 * np.random.default_rng(6).standard_normal(8000)
    found = extract_features(noise, settings).as_batch()["pitch_correlation"]
    assert np.median(found) < 0.3
    silence = extract_features(np.zeros(3200), settings).as_batch()["pitch_correlation"]
    assert np.max(np.abs(silence)) == 0.0
