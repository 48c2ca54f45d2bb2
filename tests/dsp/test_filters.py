"""Filters: convolution, and FIRs that change from frame to frame, against direct sums."""

import dsp_oracles
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree
from hypothesis import given
from hypothesis import strategies as st

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

HOP = 16


@given(st.integers(1, 2**24))
def test_fast_lengths_are_long_enough_and_fast(minimum: int) -> None:
    length = dsp.fast_fft_length(minimum)
    assert length >= minimum
    assert length % 2 == 0
    assert length <= max(1.25 * minimum, minimum + 2)
    odd = length
    while odd % 2 == 0:
        odd //= 2
    assert odd in (1, 3, 5, 9, 15)
    assert int(dsp.fast_fft_length(tf.constant(minimum))) == length


@pytest.mark.parametrize("factor", [1, 3, 5, 9, 15])
def test_fast_lengths_are_kept(factor: int) -> None:
    for exponent in range(1, 24):
        length = factor * 2**exponent
        assert dsp.fast_fft_length(length) == length
        assert int(dsp.fast_fft_length(tf.constant(length))) == length


@pytest.mark.parametrize(("n_samples", "n_taps"), [(16000, 4000), (1000, 48000), (777, 1), (1, 5)])
def test_convolution_is_within_1e_5_of_scipy(n_samples: int, n_taps: int) -> None:
    rng = np.random.default_rng(20)
    audio = rng.normal(size=[2, n_samples]).astype(np.float32)
    response = rng.normal(size=n_taps).astype(np.float32)
    convolved = dsp.fft_convolve(audio, response).numpy()
    for row in range(2):
        expected = scipy.signal.oaconvolve(audio[row].astype(np.float64), response)
        assert convolved[row].shape == expected.shape
        error = np.sqrt(np.mean((convolved[row] - expected) ** 2) / np.mean(expected**2))
        assert error < 1e-5


def test_each_row_may_have_its_own_response() -> None:
    rng = np.random.default_rng(21)
    audio, responses = (rng.normal(size=[2, n]).astype(np.float32) for n in (100, 30))
    convolved = dsp.fft_convolve(audio, responses).numpy()
    for row in range(2):
        np.testing.assert_allclose(
            convolved[row], np.convolve(audio[row], responses[row]), atol=1e-4
        )


def test_convolution_has_no_delay() -> None:
    impulse = np.zeros([1, 64], np.float32)
    impulse[0, 20] = 1.0
    np.testing.assert_allclose(
        dsp.fft_convolve(impulse, np.float32([1.0, 0.5]))[0, 19:23], [0, 1, 0.5, 0], atol=1e-6
    )


def test_responses_from_magnitudes_have_those_magnitudes() -> None:
    f = np.linspace(0, np.pi, 65)
    magnitudes = (0.6 + 0.4 * np.cos(2 * f)).astype(np.float32)
    response = dsp.impulse_response_from_magnitudes(magnitudes).numpy().astype(np.float64)
    assert np.argmax(np.abs(response)) == len(response) // 2
    np.testing.assert_allclose(response[1:], response[1:][::-1], atol=1e-7)
    frequencies, spectrum = scipy.signal.freqz(response, worN=200)
    expected = 0.6 + 0.4 * np.cos(2 * frequencies)
    assert np.max(np.abs(20 * np.log10(np.abs(spectrum) / expected))) < 0.1


def test_a_shorter_window_smooths_the_magnitudes() -> None:
    rng = np.random.default_rng(22)
    magnitudes = rng.uniform(size=[3, 33]).astype(np.float32)
    response = dsp.impulse_response_from_magnitudes(magnitudes, window_length=20).numpy()
    assert response.shape == (3, 20)
    zero_phase = np.fft.irfft(magnitudes.astype(np.float64))
    expected = np.roll(zero_phase, 10, axis=-1)[:, :20] * scipy.signal.get_window("hann", 20)
    np.testing.assert_allclose(response, expected, atol=1e-6)


@pytest.mark.parametrize("window_length", [0, 7, 66])
def test_refuses_windows_that_cannot_be(window_length: int) -> None:
    message = f"`window_length` should be even, from 2 to 64 for 33 bands. Received {window_length}"
    with pytest.raises(ArgumentError, match=message):
        dsp.impulse_response_from_magnitudes(tf.ones([33]), window_length=window_length)


@pytest.mark.parametrize("n_taps", [2, 10, 16, 64, 130])
def test_changing_filters_equal_the_direct_sum(n_taps: int) -> None:
    rng = np.random.default_rng(23)
    audio = rng.normal(size=[2, 12 * HOP]).astype(np.float32)
    responses = rng.normal(size=[2, 12, n_taps]).astype(np.float32)
    filtered = dsp.time_varying_fir(audio, responses, hop_length=HOP).numpy()
    for row in range(2):
        expected = dsp_oracles.time_varying_fir(
            audio[row].astype(np.float64), responses[row].astype(np.float64), HOP
        )
        np.testing.assert_allclose(filtered[row], expected, atol=1e-5 * np.abs(expected).max())


def test_equal_filters_are_one_filter() -> None:
    rng = np.random.default_rng(24)
    audio = rng.normal(size=[1, 50 * HOP]).astype(np.float32)
    response = rng.normal(size=64).astype(np.float32)
    filtered = dsp.time_varying_fir(audio, np.tile(response, [1, 50, 1]), hop_length=HOP).numpy()[0]
    whole = np.convolve(audio[0].astype(np.float64), response)[32 : 32 + 50 * HOP]
    assert np.max(np.abs(filtered - whole)) < 1e-5 * np.max(np.abs(whole))


@pytest.mark.parametrize("n_bands", [2, 3, 33, 65])
def test_changing_filters_have_no_delay(n_bands: int) -> None:
    position = 20 * HOP + 5
    impulse = np.zeros([1, 40 * HOP], np.float32)
    impulse[0, position] = 1.0
    magnitudes = np.tile(np.linspace(1.0, 0.2, n_bands, dtype=np.float32), [1, 40, 1])
    responses = dsp.impulse_response_from_magnitudes(magnitudes)
    filtered = dsp.time_varying_fir(impulse, responses, hop_length=HOP).numpy()[0]
    assert np.argmax(np.abs(filtered)) == position
    reach = n_bands - 1
    around = filtered[position - reach : position + reach + 1]
    np.testing.assert_allclose(around, around[::-1], atol=1e-6)


def test_switching_filters_does_not_click() -> None:
    hop, n_frames = 64, 250
    audio = np.ones(n_frames * hop, np.float32)
    gains = np.where(np.arange(n_frames) // 10 % 2, 1.0, 0.1).astype(np.float32)
    magnitudes = np.tile(gains[np.newaxis, :, np.newaxis], [1, 1, 33])
    responses = dsp.impulse_response_from_magnitudes(magnitudes)
    filtered = dsp.time_varying_fir(audio[np.newaxis], responses, hop_length=hop).numpy()[0]
    gated = audio * np.repeat(gains, hop)
    high_pass = scipy.signal.butter(8, 2000, "highpass", fs=16000, output="sos")
    clicks, gated_clicks = (
        np.max(np.abs(scipy.signal.sosfilt(high_pass, x)[1000:-1000])) for x in (filtered, gated)
    )
    assert gated_clicks > 0.1
    assert clicks < 2e-3


def test_refuses_audio_of_another_length() -> None:
    message = r"`audio` should hold n_frames \* hop_length = 32 samples\. Received 40"
    with pytest.raises(ArgumentError, match=message):
        dsp.time_varying_fir(tf.ones([1, 40]), tf.ones([1, 2, 4]), hop_length=16)


def test_every_mode() -> None:
    rng = np.random.default_rng(25)

    def convolution(batch: int, n_samples: int) -> dict[str, np.ndarray]:
        return {
            "audio": rng.normal(size=[batch, n_samples]).astype(np.float32),
            "impulse_response": rng.normal(size=[40]).astype(np.float32),
        }

    check_modes_agree(dsp.fft_convolve, convolution(2, 100), convolution(1, 55))

    def filtering(batch: int, n_frames: int) -> dict[str, np.ndarray]:
        return {
            "audio": rng.normal(size=[batch, n_frames * HOP]).astype(np.float32),
            "magnitudes": rng.uniform(size=[batch, n_frames, 33]).astype(np.float32),
        }

    check_modes_agree(
        lambda audio, magnitudes: dsp.time_varying_fir(
            audio, dsp.impulse_response_from_magnitudes(magnitudes), hop_length=HOP
        ),
        filtering(2, 9),
        filtering(1, 4),
    )
