"""Mel metrics against librosa and against differences that are known."""

import numpy as np
import pytest

from ddsp_tf.dsp.mel_power import mel_power
from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation import log_mel_l1, mel_cepstral_distortion_db
from ddsp_tf.features.pyin.compiled_librosa import load_librosa

librosa = load_librosa()
RATE = 16000
NOISE = np.random.default_rng(1).normal(0.0, 0.1, 2 * RATE)
OTHER = np.convolve(np.random.default_rng(2).normal(0.0, 0.1, 2 * RATE), [0.4, 0.3, 0.1], "same")


@pytest.mark.parametrize(
    ("rate", "fft_length", "hop_length", "n_bands"),
    [(16000, 2048, 512, 128), (44100, 1024, 176, 20)],
)
def test_mel_power_is_librosas(rate: int, fft_length: int, hop_length: int, n_bands: int) -> None:
    expected = librosa.feature.melspectrogram(
        y=NOISE, sr=rate, n_fft=fft_length, hop_length=hop_length, n_mels=n_bands
    ).T
    power = mel_power(
        NOISE, sample_rate=rate, fft_length=fft_length, hop_length=hop_length, n_bands=n_bands
    )
    assert power.shape == expected.shape
    np.testing.assert_allclose(power, expected, rtol=1e-4)


def test_log_mel_l1_is_the_documented_line_of_librosa() -> None:
    def spectrum(x: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(librosa.feature.melspectrogram(y=x, sr=RATE), 1e-5))

    expected = np.mean(np.abs(spectrum(NOISE) - spectrum(OTHER)))
    assert log_mel_l1(NOISE, OTHER, sample_rate=RATE) == pytest.approx(expected, rel=1e-4)


def test_mcd_is_that_of_librosas_coefficients() -> None:
    def coefficients(x: np.ndarray) -> np.ndarray:
        log_mel = np.log(np.maximum(librosa.feature.melspectrogram(y=x, sr=RATE), 1e-5))
        # Orthonormal DCT: sqrt(2 / N) * sum; the definition has sum / N.
        return librosa.feature.mfcc(S=log_mel, n_mfcc=14)[1:] / np.sqrt(2 * 128)

    squares = np.sum((coefficients(NOISE) - coefficients(OTHER)) ** 2, axis=0)
    expected = np.mean(10 / np.log(10) * np.sqrt(2 * squares))
    assert mel_cepstral_distortion_db(NOISE, OTHER, sample_rate=RATE) == pytest.approx(
        expected, rel=1e-4
    )


def test_the_same_sound_has_no_distance_and_level_is_no_timbre() -> None:
    assert log_mel_l1(NOISE, NOISE, sample_rate=RATE) == 0.0
    assert mel_cepstral_distortion_db(NOISE, NOISE, sample_rate=RATE) == 0.0
    louder = 10 ** (3 / 20) * NOISE
    assert log_mel_l1(NOISE, louder, sample_rate=RATE) == pytest.approx(0.3 * np.log(10))
    assert mel_cepstral_distortion_db(NOISE, louder, sample_rate=RATE) < 1e-9


def test_a_spectral_ripple_counts_with_its_root_mean_square() -> None:
    """A filter of +-2 dB in a cosine over the mel axis, which is cepstral coefficient 3."""
    from ddsp_tf.dsp.mel_power import _slaney_to_hz

    frequencies = np.fft.rfftfreq(len(NOISE), 1 / RATE)
    grid = np.linspace(0, 1, 500)
    top = 15 + np.log(8) * 27 / np.log(6.4)
    place = np.interp(frequencies, _slaney_to_hz(grid * top), grid)
    gain = 10 ** (2 * np.cos(3 * np.pi * place) / 20)
    rippled = np.fft.irfft(np.fft.rfft(NOISE) * gain)
    distortion = mel_cepstral_distortion_db(NOISE, rippled, sample_rate=RATE)
    assert distortion == pytest.approx(2 / np.sqrt(2), rel=0.05)


def test_sounds_that_cannot_be_compared_are_refused() -> None:
    for metric in (log_mel_l1, mel_cepstral_distortion_db):
        with pytest.raises(ArgumentError, match=r"same length.*\(5,\) and \(4,\)"):
            metric(np.zeros(5), np.zeros(4), sample_rate=RATE)
    with pytest.raises(ArgumentError, match="at least one sample"):
        mel_power(np.zeros(0), sample_rate=RATE)
