"""Sections: the cookbook letter by letter, SciPy's filters, and both ways to run them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

RATE = 48000
HZ, DB, Q = 1234.0, -7.5, 1.7


def cookbook(kind: str) -> np.ndarray:
    """b0, b1, b2, a0, a1, a2 over a0, from Bristow-Johnson's text, in float64."""
    a, w = 10.0 ** (DB / 40.0), 2.0 * np.pi * HZ / RATE
    cos, alpha = np.cos(w), np.sin(w) / (2.0 * Q)
    plain = [1 + alpha, -2 * cos, 1 - alpha]
    root = 2.0 * np.sqrt(a) * alpha
    b, denominator = {
        "low_pass": ([(1 - cos) / 2, 1 - cos, (1 - cos) / 2], plain),
        "high_pass": ([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], plain),
        "band_pass": ([alpha, 0.0, -alpha], plain),
        "notch": ([1.0, -2 * cos, 1.0], plain),
        "all_pass": ([1 - alpha, -2 * cos, 1 + alpha], plain),
        "peak": (
            [1 + alpha * a, -2 * cos, 1 - alpha * a],
            [1 + alpha / a, -2 * cos, 1 - alpha / a],
        ),
        "low_shelf": (
            [
                a * ((a + 1) - (a - 1) * cos + root),
                2 * a * ((a - 1) - (a + 1) * cos),
                a * ((a + 1) - (a - 1) * cos - root),
            ],
            [
                (a + 1) + (a - 1) * cos + root,
                -2 * ((a - 1) + (a + 1) * cos),
                (a + 1) + (a - 1) * cos - root,
            ],
        ),
        "high_shelf": (
            [
                a * ((a + 1) + (a - 1) * cos + root),
                -2 * a * ((a - 1) + (a + 1) * cos),
                a * ((a + 1) + (a - 1) * cos - root),
            ],
            [
                (a + 1) - (a - 1) * cos + root,
                2 * ((a - 1) - (a + 1) * cos),
                (a + 1) - (a - 1) * cos - root,
            ],
        ),
    }[kind]
    return np.array([*b, *denominator]) / denominator[0]


def design(kind: str, dtype: Any = np.float64) -> tf.Tensor:
    function: Callable[..., tf.Tensor] = getattr(dsp, f"{kind}_biquad")
    gain = (dtype(DB),) if kind in ("peak", "low_shelf", "high_shelf") else ()
    return function(dtype(HZ), *gain, dtype(Q), sample_rate=RATE)


KINDS = (
    "low_pass", "high_pass", "band_pass", "notch", "all_pass", "peak", "low_shelf", "high_shelf",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_designs_are_the_cookbooks(kind: str) -> None:
    np.testing.assert_allclose(design(kind), np.delete(cookbook(kind), 3), atol=1e-14)


@pytest.mark.parametrize("kind", ["low", "high"])
@pytest.mark.parametrize("hz", [30.0, 1000.0, 20000.0])
def test_pass_filters_are_scipys_butterworths(kind: str, hz: float) -> None:
    function = dsp.low_pass_biquad if kind == "low" else dsp.high_pass_biquad
    ours = function(np.float64(hz), sample_rate=RATE)
    theirs = scipy.signal.butter(2, hz, kind, fs=RATE, output="sos")[0]
    np.testing.assert_allclose(ours, np.delete(theirs, 3), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_responses_are_scipys(kind: str) -> None:
    hz = np.geomspace(20.0, 23000.0, 200)
    section = design(kind)
    ours = dsp.biquad_response(section[tf.newaxis], 2 * np.pi * hz / RATE)
    _, theirs = scipy.signal.freqz(*np.split(cookbook(kind), 2), worN=hz, fs=RATE)
    np.testing.assert_allclose(ours, theirs, atol=1e-10)
    roots = np.roots([1.0, *np.asarray(section)[3:]])
    assert float(dsp.biquad_radius(section[tf.newaxis])[0]) == pytest.approx(
        max(abs(roots)), abs=1e-12
    )


def test_0_db_is_exactly_the_identity() -> None:
    for function in (dsp.peak_biquad, dsp.low_shelf_biquad, dsp.high_shelf_biquad):
        b0, b1, b2, a1, a2 = function(HZ, 0.0, Q, sample_rate=RATE).numpy()
        assert (b0, b1, b2) == (1.0, a1, a2)


@pytest.mark.parametrize("hz", [20.0, 1000.0, 15000.0])
def test_one_pole_has_half_the_power_at_its_corner(hz: float) -> None:
    low = dsp.one_pole_low_pass(np.float64(hz), sample_rate=RATE)
    high = dsp.one_pole_high_pass(np.float64(hz), sample_rate=RATE)
    angles = [0.0, 2 * np.pi * hz / RATE, np.pi]
    response = np.asarray(dsp.biquad_response(low[tf.newaxis], angles))
    np.testing.assert_allclose(np.abs(response[:2]) ** 2, [1.0, 0.5], rtol=1e-9)
    both = response + np.asarray(dsp.biquad_response(high[tf.newaxis], angles))
    np.testing.assert_allclose(both, 1.0, atol=1e-12)
    sound = np.random.default_rng(0).normal(size=500)
    pole = -float(low[3])
    smoothed = scipy.signal.lfilter([1 - pole], [1, -pole], sound)
    played, _ = dsp.filter_biquads(sound[np.newaxis], low[tf.newaxis, tf.newaxis])
    np.testing.assert_allclose(played[0], smoothed, atol=1e-12)


@pytest.mark.parametrize("hz", [50.0, 3000.0, 20000.0])
def test_first_order_all_pass_turns_by_a_quarter(hz: float) -> None:
    section = dsp.first_order_all_pass(np.float64(hz), sample_rate=RATE)
    angles = 2 * np.pi * np.array([1e-6, hz, RATE / 2]) / RATE
    response = np.asarray(dsp.biquad_response(section[tf.newaxis], angles))
    np.testing.assert_allclose(response, [1.0, -1j, -1.0], atol=1e-6)


def test_sections_are_scipys_within_a_hundredth_of_a_db() -> None:
    """Audio in float32, sections in float64: the whole spectrum of what a click becomes."""
    sections = np.stack([cookbook(kind) for kind in KINDS if kind not in ("notch", "band_pass")])
    click = np.zeros(8192)
    click[0] = 1.0
    theirs = np.fft.rfft(scipy.signal.sosfilt(sections, click))
    given = tf.constant(np.delete(sections, 3, axis=1)[np.newaxis])
    ours = np.fft.rfft(dsp.filter_biquads(click[np.newaxis].astype(np.float32), given)[0][0])
    loud = np.abs(theirs) > 1e-3 * np.max(np.abs(theirs))
    assert np.max(np.abs(20 * np.log10(np.abs(ours[loud] / theirs[loud])))) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_sampled_responses_are_exact_within_the_rule(kind: str) -> None:
    sound = np.random.default_rng(1).normal(size=[1, 3000])
    section = design(kind)[tf.newaxis, tf.newaxis]
    length = dsp.fft_length_for_radius(float(dsp.biquad_radius(section)[0, 0]))
    exact = np.asarray(dsp.filter_biquads(sound, section)[0])
    sampled = np.asarray(dsp.filter_biquads_by_frequency(sound, section, fft_length=length))
    error_db = 10 * np.log10(np.sum((sampled - exact) ** 2) / np.sum(exact**2))
    assert error_db < -80.0


def test_slow_sweeps_are_nearly_the_same_both_ways() -> None:
    hop, n_frames = 64, 100
    sound = np.random.default_rng(2).normal(size=[1, hop * n_frames])
    hz = np.geomspace(300.0, 3000.0, n_frames)
    sections = dsp.low_pass_biquad(hz, 0.7, sample_rate=16000)[tf.newaxis, :, tf.newaxis]
    exact = np.asarray(dsp.filter_biquads(sound, sections, hop_length=hop)[0])
    sampled = dsp.filter_biquads_by_frequency(sound, sections, fft_length=512, hop_length=hop)
    error_db = 10 * np.log10(np.sum((np.asarray(sampled) - exact) ** 2) / np.sum(exact**2))
    assert error_db < -30.0


def test_gradients_of_designs_are_those_of_finite_differences() -> None:
    def response(hz: tf.Tensor, db: tf.Tensor, q: tf.Tensor) -> tf.Tensor:
        sections = [
            dsp.low_pass_biquad(hz, q, sample_rate=RATE),
            dsp.high_shelf_biquad(hz, db, q, sample_rate=RATE),
            dsp.peak_biquad(hz, db, q, sample_rate=RATE),
            dsp.one_pole_high_pass(hz, sample_rate=RATE),
            dsp.first_order_all_pass(hz, sample_rate=RATE),
        ]
        value = dsp.biquad_response(tf.stack(sections), [0.1, 0.2, 1.0])
        return tf.stack([tf.math.real(value), tf.math.imag(value)])

    given = [tf.constant(x, tf.float64) for x in (HZ, DB, Q)]
    ours, numeric = tf.test.compute_gradient(response, given, delta=1e-4)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-9)


def test_modes_agree() -> None:
    def play(audio: tf.Tensor, hz: tf.Tensor, db: tf.Tensor) -> tf.Tensor:
        sections = dsp.peak_biquad(hz, db, 1.0, sample_rate=RATE)[:, tf.newaxis]
        sampled = dsp.filter_biquads_by_frequency(audio, sections, fft_length=256)
        return dsp.filter_biquads(audio, sections)[0] + sampled

    rng = np.random.default_rng(4)
    draw = lambda batch, n: {  # noqa: E731
        "audio": rng.normal(size=[batch, n]).astype(np.float32),
        "hz": rng.uniform(100, 9000, [batch]).astype(np.float32),
        "db": rng.uniform(-9, 9, [batch]).astype(np.float32),
    }
    check_modes_agree(play, draw(2, 300), draw(3, 77))


def test_what_is_refused() -> None:
    audio, section = tf.ones([1, 8]), tf.zeros([1, 1, 5])
    with pytest.raises(ArgumentError, match=r"`sample_rate` should be above 0. Received 0"):
        dsp.low_pass_biquad(100.0, sample_rate=0)
    with pytest.raises(ArgumentError, match=r"`sections` should be \[..., n_sections, 5\]"):
        dsp.filter_biquads(audio, section[..., :4])
    with pytest.raises(ArgumentError, match=r"`fft_length` should be even and above 0. Received 7"):
        dsp.filter_biquads_by_frequency(audio, section, fft_length=7)
    with pytest.raises(
        ArgumentError, match=r"\[batch, n_frames, n_sections, 5\] with `hop_length`"
    ):
        dsp.filter_biquads(audio, section, hop_length=4)
    with pytest.raises(ArgumentError, match="from 0 to below 1, as a stable filter's is"):
        dsp.fft_length_for_radius(1.0)
    with pytest.raises(ArgumentError, match="`error_db` should be below 0"):
        dsp.fft_length_for_decay(1.0, sample_rate=16000, error_db=3.0)
