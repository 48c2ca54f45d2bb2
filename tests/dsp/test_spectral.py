"""Short-time spectra against NumPy and SciPy."""

import dsp_oracles
import numpy as np
import pytest
import scipy.fft
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

SAMPLE_RATE = 16000


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    rng = np.random.default_rng(30)
    time = np.arange(8000) / SAMPLE_RATE
    chirp = scipy.signal.chirp(time, 100, time[-1], 7000)
    return (0.5 * chirp + 0.05 * rng.normal(size=len(time))).astype(np.float32)


@pytest.mark.parametrize(("fft_length", "hop_length"), [(512, 128), (1024, 64), (64, 100), (15, 4)])
def test_stft_equals_numpy(audio: np.ndarray, fft_length: int, hop_length: int) -> None:
    spectra = dsp.stft(audio[np.newaxis], fft_length=fft_length, hop_length=hop_length).numpy()[0]
    frames = dsp_oracles.centred_frames(audio, fft_length, hop_length)
    expected = np.fft.rfft(frames * scipy.signal.get_window("hann", fft_length))
    np.testing.assert_allclose(spectra, expected, atol=1e-5 * np.abs(expected).max())


def test_stft_equals_scipy(audio: np.ndarray) -> None:
    magnitude = dsp.stft_magnitude(audio[np.newaxis], fft_length=512, hop_length=128).numpy()[0]
    transform = scipy.signal.ShortTimeFFT(scipy.signal.get_window("hann", 512), 128, SAMPLE_RATE)
    expected = np.abs(transform.stft(audio.astype(np.float64), p0=0, p1=len(magnitude))).T
    np.testing.assert_allclose(magnitude, expected, atol=1e-3)


def test_a_sine_peaks_at_a_quarter_of_the_fft_size() -> None:
    sine = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(8000) / SAMPLE_RATE).astype(np.float32)
    magnitude = dsp.stft_magnitude(sine[np.newaxis], fft_length=512, hop_length=128).numpy()[0, 20]
    assert np.argmax(magnitude) == 32
    assert magnitude.max() == pytest.approx(0.5 * 512 / 4, rel=1e-3)


@pytest.mark.parametrize("position", [0, 1000, 1023, 7999])
def test_an_impulse_is_in_the_frame_where_it_is(position: int) -> None:
    impulse = np.zeros([1, 8000], np.float32)
    impulse[0, position] = 1.0
    energy = np.sum(dsp.stft_magnitude(impulse, fft_length=256, hop_length=64)[0] ** 2, axis=-1)
    assert abs(np.argmax(energy) - position / 64) <= 1


def test_mel_bands_against_their_definition(audio: np.ndarray) -> None:
    settings = {"fft_length": 1024, "hop_length": 256, "n_bands": 40}
    mel = dsp.mel_spectrogram(
        audio[np.newaxis], sample_rate=SAMPLE_RATE, lowest_hz=50.0, highest_hz=7600.0, **settings
    ).numpy()[0]
    magnitude = np.abs(
        np.fft.rfft(
            dsp_oracles.centred_frames(audio, 1024, 256) * scipy.signal.get_window("hann", 1024)
        )
    )
    np.testing.assert_allclose(
        mel, magnitude @ _mel_triangles(1024, 40, 50.0, 7600.0), atol=2e-4 * mel.max()
    )


def test_mfcc_against_scipys_dct(audio: np.ndarray) -> None:
    coefficients = dsp.mfcc(audio[np.newaxis], sample_rate=SAMPLE_RATE, n_coefficients=30).numpy()[
        0
    ]
    magnitude = np.abs(
        np.fft.rfft(
            dsp_oracles.centred_frames(audio, 1024, 256) * scipy.signal.get_window("hann", 1024)
        )
    )
    log_mel = np.log(np.maximum(magnitude @ _mel_triangles(1024, 128, 20.0, 8000.0), 1e-5))
    expected = scipy.fft.dct(log_mel, norm="ortho")[:, :30]
    expected[:, 0] *= np.sqrt(2)  # The first one's scale is HTK's, not the orthonormal one.
    np.testing.assert_allclose(coefficients, expected, atol=0.02)


def test_silence_is_finite_with_finite_gradients() -> None:
    silence = tf.zeros([1, 2048])
    with tf.GradientTape() as tape:
        tape.watch(silence)
        coefficients = dsp.mfcc(silence, sample_rate=SAMPLE_RATE)
    assert np.all(np.isfinite(coefficients))
    assert np.all(np.isfinite(tape.gradient(coefficients, silence)))


def test_refuses_impossible_bands() -> None:
    with pytest.raises(ArgumentError, match=r"0 <= `lowest_hz` < `highest_hz` <= sample_rate / 2"):
        dsp.mel_spectrogram(tf.zeros([1, 100]), sample_rate=8000, highest_hz=5000.0)


def test_every_mode() -> None:
    rng = np.random.default_rng(31)
    check_modes_agree(
        lambda audio: dsp.mfcc(audio, sample_rate=SAMPLE_RATE, fft_length=256, n_bands=32),
        {"audio": rng.normal(size=[2, 2000]).astype(np.float32)},
        {"audio": rng.normal(size=[1, 777]).astype(np.float32)},
        tolerance=1e-4,
    )


def _mel_triangles(
    fft_length: int, n_bands: int, lowest_hz: float, highest_hz: float
) -> np.ndarray:
    def to_mel(f_hz: np.ndarray | float) -> np.ndarray:
        return 2595 * np.log10(1 + np.asarray(f_hz) / 700)

    edges = np.linspace(to_mel(lowest_hz), to_mel(highest_hz), n_bands + 2)
    bins = to_mel(np.fft.rfftfreq(fft_length, 1 / SAMPLE_RATE))[:, np.newaxis]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    triangles = np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre))
    triangles[0] = -1  # No band contains a constant.
    return np.maximum(triangles, 0)


@pytest.mark.parametrize(
    ("n_samples", "fft_length", "hop_length"),
    [(1000, 64, 16), (1001, 65, 16), (777, 128, 100), (50, 256, 64), (300, 31, 31)],
)
def test_the_gradient_of_magnitudes_is_the_automatic_one(
    n_samples: int, fft_length: int, hop_length: int
) -> None:
    audio = tf.constant(np.random.default_rng(1).normal(size=[2, n_samples]), tf.float32)
    gradients = []
    for magnitude in (dsp.stft_magnitude, lambda *x, **sizes: tf.abs(dsp.stft(*x, **sizes))):
        with tf.GradientTape() as tape:
            tape.watch(audio)
            spectrum = magnitude(audio, fft_length=fft_length, hop_length=hop_length)
            total = tf.reduce_sum(tf.sin(spectrum))
        gradients.append(tape.gradient(total, audio).numpy())
    np.testing.assert_allclose(*gradients, atol=1e-6 * np.abs(gradients[1]).max())


@pytest.mark.parametrize(("batch", "n"), [(0, 3), (2, 3), (2, 8)])
def test_signals_are_padded_before_they_are_transformed(batch: int, n: int) -> None:
    signal = np.random.default_rng(1).normal(size=[batch, n])
    expected = np.fft.rfft(signal, 8)
    found = dsp.spectral.padded_rfft(tf.constant(signal), 8)
    np.testing.assert_allclose(found, expected, atol=1e-12)
