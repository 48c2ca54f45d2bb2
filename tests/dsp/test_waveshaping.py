"""Waveshapers: aliases measured, bands kept, blocks, gradients."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree
from gradients import both_gradients

from ddsp_tf import dsp
from ddsp_tf.dsp import waveshaping
from ddsp_tf.errors import ArgumentError

RATE = 44100


def tone(hz: float, n_samples: int = RATE) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(n_samples) / RATE)[np.newaxis]


def aliases_db(audio: np.ndarray, hz: int) -> float:
    """The strongest line that is no overtone, beside the tone: the second of two seconds."""
    spectrum = np.abs(np.fft.rfft(audio[0, RATE:] * np.hanning(RATE)))
    own = np.zeros(len(spectrum), bool)
    for overtone in range(0, RATE // 2, hz):
        own[max(overtone - 3, 0) : overtone + 4] = True
    return float(20 * np.log10(np.max(spectrum[~own]) / spectrum[hz]))


def test_filters_are_scipys_elliptic_ones() -> None:
    for sections, order, edge in ((waveshaping._SHARP, 10, 0.45), (waveshaping._WIDE, 6, 0.25)):
        theirs = scipy.signal.ellip(order, 0.02, 90, edge, output="sos")
        np.testing.assert_allclose(np.array(sections), np.delete(theirs, 3, axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("curve", "below_db"),
    [(tf.tanh, -90.0), (dsp.soft_clip, -60.0), (dsp.hard_clip, -54.0)],
    ids=["tanh", "soft", "hard"],
)
def test_aliases_of_a_driven_tone_stay_inaudible_at_the_default(
    curve: Callable[..., tf.Tensor], below_db: float
) -> None:
    """5 kHz at full scale, 20 dB into the curve."""
    sound = tone(5000, 2 * RATE)
    bent, _ = dsp.oversampled(sound, lambda x: curve(10.0 * x))
    assert aliases_db(np.asarray(bent), 5000) < below_db
    assert aliases_db(np.asarray(curve(10.0 * sound)), 5000) > -20.0


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_what_is_not_bent_passes(factor: int) -> None:
    for hz in (50.0, 1000.0, 10000.0, 19500.0):
        passed, _ = dsp.oversampled(tone(hz), lambda x: x, factor=factor)
        gain_db = 20 * np.log10(np.std(passed[0, 10000:]) / np.sqrt(0.5))
        assert gain_db == pytest.approx(0.0, abs=0.15), hz


@pytest.mark.parametrize(("factor", "delay"), [(1, 0.0), (2, 3.5), (4, 5.8), (8, 6.9)])
def test_low_frequencies_are_late_by_a_few_samples(factor: int, delay: float) -> None:
    click = np.eye(1, 4096)
    passed, _ = dsp.oversampled(click, lambda x: x, factor=factor)
    angles = np.angle(np.fft.rfft(passed[0]))
    assert -angles[5] / (2 * np.pi * 5 / 4096) == pytest.approx(delay, abs=0.1)


def test_one_time_is_the_function_itself() -> None:
    sound = tone(1000, 100)
    bent, state = dsp.oversampled(sound, tf.tanh, factor=1)
    np.testing.assert_array_equal(bent, tf.tanh(sound))
    assert state == ()


@pytest.mark.parametrize("factor", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_blocks_are_the_whole(factor: int) -> None:
    sound = np.random.default_rng(0).normal(size=[2, 301])
    whole, end = dsp.oversampled(sound, tf.tanh, factor=factor)
    state, parts, at = None, [], 0
    for length in (1, 64, 0, 200, 36):
        part, state = dsp.oversampled(sound[:, at : at + length], tf.tanh, state, factor=factor)
        parts.append(part)
        at += length
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-12)
    for one, other in zip(state, end, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_polynomials_make_the_overtones_they_weigh() -> None:
    weights = np.array([[0.5, -0.25, 0.0, 0.125]])
    cosine = np.cos(2 * np.pi * 100 * np.arange(RATE) / RATE)[np.newaxis]
    lines = np.fft.rfft(np.asarray(dsp.chebyshev(cosine, tf.constant(weights)))[0]) / (RATE / 2)
    np.testing.assert_allclose(lines[100:500:100].real, weights[0], atol=1e-9)
    np.testing.assert_allclose(dsp.soft_clip(np.array([-3.0, 0.5, 2.0])), [-1.0, 0.6875, 1.0])


def test_gradients_are_those_of_finite_differences() -> None:
    sound = tf.constant(np.random.default_rng(1).normal(size=[1, 6]))
    drive = tf.constant(1.5, tf.float64)

    def bent(sound: tf.Tensor, drive: tf.Tensor) -> tf.Tensor:
        return dsp.oversampled(sound, lambda x: tf.tanh(drive * x), factor=2)[0]

    ours, numeric = both_gradients(bent, [sound, drive], delta=1e-6)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)


def test_modes_agree() -> None:
    rng = np.random.default_rng(2)

    def bent(audio: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return dsp.oversampled(audio, lambda x: dsp.chebyshev(tf.tanh(x), weights), factor=2)[0]

    draw = lambda batch, n: {  # noqa: E731
        "audio": rng.normal(size=[batch, n]).astype(np.float32),
        "weights": np.ones([batch, 3], np.float32),
    }

    def graph(audio: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return bent(audio, tf.ensure_shape(weights, [None, 3]))

    check_modes_agree(graph, draw(2, 100), draw(1, 33))


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"`factor` should be one of 1, 2, 4, 8. Received 3"):
        dsp.oversampled(tf.ones([1, 8]), tf.tanh, factor=3)
    with pytest.raises(ArgumentError, match=r"`audio` should be \[batch, n_samples\]"):
        dsp.oversampled(tf.ones([8]), tf.tanh)
