"""Loudness and power against independent definitions, and the predecessor's numbers."""

import dsp_oracles
import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features.pyin.compiled_librosa import load_librosa

SAMPLE_RATE = 16000


def _sine(f_hz: float, *, seconds: float = 1.0, sample_rate: int = SAMPLE_RATE) -> np.ndarray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.sin(2 * np.pi * f_hz * time).astype(np.float32)


def _loudness(audio: np.ndarray, **kwargs: object) -> np.ndarray:
    settings = {"sample_rate": SAMPLE_RATE, "hop_length": 64, **kwargs}
    return dsp.a_weighted_loudness_db(audio[np.newaxis], **settings).numpy()[0]


def test_a_weighting_equals_librosas() -> None:
    f_hz = np.linspace(0, 20000, 4001)
    with np.errstate(divide="ignore"):
        expected = load_librosa().A_weighting(f_hz, min_db=-80.0)
    # The standard's curve is normalised to 0 dB at 1 kHz, librosa's constant to within 0.001 dB.
    np.testing.assert_allclose(dsp.a_weighting_db(f_hz), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("f_hz", "expected"), [(100, -19.1), (1000, 0.0), (4000, 1.0), (8000, -1.1)]
)
def test_a_weighting_is_the_standards_table(f_hz: float, expected: float) -> None:
    assert dsp.a_weighting_db(np.array(f_hz)) == pytest.approx(expected, abs=0.06)


@pytest.mark.parametrize(
    ("sample_rate", "hop_length", "fft_length"),
    [(16000, 64, 512), (16000, 64, 2048), (48000, 192, 1024), (16000, 320, 400)],
)
def test_is_within_0_05_db_of_its_definition(
    sample_rate: int, hop_length: int, fft_length: int
) -> None:
    rng = np.random.default_rng(40)
    time = np.arange(sample_rate) / sample_rate
    swell = np.geomspace(1e-3, 1, len(time))
    audio = swell * (scipy.signal.chirp(time, 60, 1, 7000) + 0.3 * rng.normal(size=len(time)))
    # At Nyquist too, the one bin of an even FFT that has no mirror image.
    audio += swell * np.resize([1.0, -1.0], len(time))
    audio = audio.astype(np.float32)
    measured = dsp.a_weighted_loudness_db(
        audio[np.newaxis], sample_rate=sample_rate, hop_length=hop_length, fft_length=fft_length
    ).numpy()[0]
    expected = dsp_oracles.a_weighted_mean_square_db(
        audio, sample_rate=sample_rate, hop_length=hop_length, fft_length=fft_length
    )
    assert np.ptp(expected) > 30
    assert np.max(np.abs(measured - expected)) < 0.05


@pytest.mark.parametrize("fft_length", [256, 512, 1024, 2048, 4096])
def test_full_scale_1_khz_is_minus_3_db_for_any_fft_size(fft_length: int) -> None:
    measured = _loudness(_sine(1000.0), fft_length=fft_length)[100:150]
    np.testing.assert_allclose(measured, -3.01, atol=0.02)


@pytest.mark.parametrize("f_hz", [220.0, 440.0, 1234.0, 3000.0])
def test_of_a_steady_tone_does_not_depend_on_the_fft_size(f_hz: float) -> None:
    levels = [_loudness(_sine(f_hz), fft_length=n)[125] for n in (512, 1024, 2048, 4096)]
    assert np.ptp(levels) < 0.2
    weighted = 20 * np.log10(dsp_oracles.a_weighting_gain(np.array([f_hz]))[0]) - 3.01
    assert levels[-1] == pytest.approx(weighted, abs=0.2)


def test_follows_gain_exactly_down_to_the_floor() -> None:
    audio = _sine(500.0, seconds=0.2)
    loud, soft, silent = (_loudness(gain * audio)[20] for gain in (1.0, 0.01, 1e-6))
    assert loud - soft == pytest.approx(40.0, abs=1e-3)
    assert silent == pytest.approx(-80.0, abs=1e-4)


@pytest.mark.parametrize(
    ("f_hz", "fft_length", "expected"),
    [(1000.0, 512, 19.8), (1000.0, 2048, 25.8), (440.0, 512, 15.7), (440.0, 2048, 21.7)],
)
def test_magenta_mode_gives_the_predecessors_numbers(
    f_hz: float, fft_length: int, expected: float
) -> None:
    measured = _loudness(_sine(f_hz), fft_length=fft_length, mode="magenta")[100:150]
    assert measured.mean() == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(("fft_length", "expected"), [(512, 18.3), (2048, 24.2)])
def test_magenta_mode_of_white_noise(fft_length: int, expected: float) -> None:
    noise = dsp.uniform_noise(1, 10 * SAMPLE_RATE, seed=1).numpy()[0]
    measured = _loudness(noise, fft_length=fft_length, mode="magenta")[50:-50]
    assert 10 * np.log10(np.mean(10 ** (measured / 10))) == pytest.approx(expected, abs=0.15)


def test_refuses_an_unknown_mode() -> None:
    with pytest.raises(ArgumentError, match=r'`mode` should be "normalized" or "magenta".*itu'):
        _loudness(_sine(440.0), mode="itu")


@pytest.mark.parametrize("frame_length", [1024, 333])
def test_power_is_the_mean_square_of_centred_frames(frame_length: int) -> None:
    rng = np.random.default_rng(41)
    audio = (np.geomspace(1e-3, 1, 8000) * rng.normal(size=8000)).astype(np.float32)
    measured = dsp.rms_power_db(audio[np.newaxis], hop_length=320, frame_length=frame_length)
    frames = dsp_oracles.centred_frames(audio, frame_length, 320)
    expected = 10 * np.log10(np.maximum(np.mean(frames**2, axis=-1), 1e-8))
    np.testing.assert_allclose(measured.numpy()[0], expected, atol=0.01)


def test_power_of_square_wave_sine_and_silence() -> None:
    square = tf.sign(_sine(100.3)[np.newaxis] + 1e-9)
    measured = [dsp.rms_power_db(x, hop_length=320)[0, 25] for x in (square, _sine(1000.0)[None])]
    np.testing.assert_allclose(measured, [0.0, -3.01], atol=0.02)
    assert float(dsp.rms_power_db(tf.zeros([1, 640]), hop_length=320)[0, 0]) == pytest.approx(-80.0)


def test_a_step_is_seen_where_it_is() -> None:
    audio = np.concatenate([np.zeros(8000, np.float32), _sine(1000.0, seconds=0.5)])
    for measured in (_loudness(audio), dsp.rms_power_db(audio[None], hop_length=64).numpy()[0]):
        # Half the power of the steady tone, 3 dB below it, is reached when the frame's middle is.
        crossing = np.argmax(measured > measured[-30] - 3.01)
        assert abs(crossing - 125) <= 1


def test_silence_has_finite_gradients() -> None:
    silence = tf.zeros([1, 1024])
    with tf.GradientTape() as tape:
        tape.watch(silence)
        level = dsp.a_weighted_loudness_db(silence, sample_rate=SAMPLE_RATE, hop_length=64)
    assert np.all(np.isfinite(tape.gradient(level, silence)))


@pytest.mark.parametrize("mode", ["normalized", "magenta"])
def test_every_mode(mode: str) -> None:
    rng = np.random.default_rng(42)
    check_modes_agree(
        lambda audio: dsp.a_weighted_loudness_db(
            audio, sample_rate=SAMPLE_RATE, hop_length=64, fft_length=256, mode=mode
        ),
        {"audio": rng.normal(size=[2, 1000]).astype(np.float32)},
        {"audio": rng.normal(size=[1, 300]).astype(np.float32)},
    )
