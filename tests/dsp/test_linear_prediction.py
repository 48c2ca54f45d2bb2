"""Linear prediction against SciPy's Toeplitz solver, roots of polynomials, and sound."""

import numpy as np
import pytest
import scipy.linalg
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


def draw_reflection(*shape: int, seed: int = 0, spread: float = 1.0) -> np.ndarray:
    """As systems have them: 0.99 tanh of a network's output."""
    return 0.99 * np.tanh(np.random.default_rng(seed).normal(scale=spread, size=shape))


@pytest.mark.parametrize("order", [1, 7, 22])
def test_levinson_is_scipys_toeplitz_solver(order: int) -> None:
    frames = np.random.default_rng(order).normal(size=[3, 400]) * np.hanning(400)
    frames = scipy.signal.lfilter([1.0], [1.0, -1.5, 0.8], frames)
    correlation = np.asarray(dsp.autocorrelation(frames, order=order))
    for row, frame in zip(correlation, frames, strict=True):
        full = np.correlate(frame, frame, "full")[399 : 400 + order]
        np.testing.assert_allclose(row, full, rtol=1e-12, atol=1e-12)
    coefficients, reflection, error = dsp.levinson(correlation, white_noise=0.0)
    for row, ours, power in zip(correlation, coefficients, error, strict=True):
        theirs = scipy.linalg.solve_toeplitz(row[:-1], -row[1:])
        np.testing.assert_allclose(ours, theirs, atol=1e-9)
        assert float(power) == pytest.approx(row[0] + row[1:] @ theirs, rel=1e-9)
    np.testing.assert_allclose(dsp.lpc_from_reflection(reflection), coefficients, atol=1e-10)


def test_a_known_filter_is_found_from_its_sound() -> None:
    poles = np.array([0.97 * np.exp(0.3j), 0.9 * np.exp(1.1j), 0.8 * np.exp(2.0j)])
    known = np.poly(np.concatenate([poles, poles.conj()])).real
    noise = np.random.default_rng(0).normal(size=200_000)
    sound = scipy.signal.lfilter([1.0], known, noise)
    found, _, error = dsp.levinson(dsp.autocorrelation(sound[np.newaxis], order=6))
    np.testing.assert_allclose(found[0], known[1:], atol=0.02)
    assert float(error[0]) / 200_000 == pytest.approx(1.0, rel=0.02)


def test_silence_and_pure_tones() -> None:
    tone = np.sin(0.5 * np.arange(1000))
    both = dsp.autocorrelation(np.stack([np.zeros(1000), tone]), order=12)
    coefficients, reflection, error = dsp.levinson(both)
    np.testing.assert_array_equal(coefficients[0], 0.0)
    assert float(error[0]) == 0.0
    assert np.max(np.abs(reflection)) < 1.0


@pytest.mark.parametrize("order", [1, 2, 5, 22])
def test_reflection_and_back(order: int) -> None:
    reflection = draw_reflection(50, order, spread=0.6)
    coefficients = np.asarray(dsp.lpc_from_reflection(reflection))
    np.testing.assert_allclose(dsp.reflection_from_lpc(coefficients), reflection, atol=1e-6)
    for row in coefficients:
        assert np.max(np.abs(np.roots([1.0, *row]))) < 1.0


def test_reflection_tells_stable_from_unstable() -> None:
    rng = np.random.default_rng(1)
    coefficients = rng.normal(scale=0.7, size=[500, 4])
    stable = np.array([np.max(np.abs(np.roots([1.0, *row]))) < 1 for row in coefficients])
    assert 50 < stable.sum() < 450
    inside = np.max(np.abs(dsp.reflection_from_lpc(coefficients)), axis=1) < 1
    np.testing.assert_array_equal(inside, stable)


@pytest.mark.parametrize("order", [1, 2, 9, 16])
def test_line_spectral_frequencies_and_back(order: int) -> None:
    coefficients = np.asarray(dsp.lpc_from_reflection(draw_reflection(20, order, spread=0.4)))
    frequencies = np.asarray(dsp.lsf_from_lpc(coefficients))
    assert np.all(np.diff(frequencies, axis=1) > 0)
    assert np.all((frequencies > 0) & (frequencies < np.pi))
    np.testing.assert_allclose(dsp.lpc_from_lsf(frequencies), coefficients, atol=1e-8)
    for row, ours in zip(coefficients, frequencies, strict=True):
        a = np.array([1.0, *row, 0.0])
        angles = np.angle(np.concatenate([np.roots(a + a[::-1]), np.roots(a - a[::-1])]))
        theirs = np.sort(angles[(angles > 1e-6) & (angles < np.pi - 1e-6)])
        np.testing.assert_allclose(ours, theirs, atol=1e-7)


def test_gradients_are_those_of_finite_differences() -> None:
    reflection = tf.constant(draw_reflection(2, 5, spread=0.4))
    coefficients = dsp.lpc_from_reflection(reflection)
    frequencies = dsp.lsf_from_lpc(coefficients)
    correlation = dsp.autocorrelation(np.random.default_rng(2).normal(size=[1, 50]), order=4)
    for function, value in (
        (dsp.lpc_from_reflection, reflection),
        (dsp.reflection_from_lpc, coefficients),
        (dsp.lpc_from_lsf, frequencies),
        (dsp.lsf_from_lpc, coefficients),
        (lambda x: tf.concat(dsp.levinson(x)[:2], -1), correlation),
    ):
        ours, numeric = tf.test.compute_gradient(function, [value], delta=1e-6)
        np.testing.assert_allclose(ours[0], numeric[0], atol=1e-6)


def test_filters_as_networks_give_them_stay_bounded_in_float64() -> None:
    """Of order 22 with logits of spread 2, where float32 is unstable in most draws."""
    coefficients = dsp.lpc_from_reflection(draw_reflection(1000, 22, spread=2.0))
    click = np.zeros([1000, 3000])
    click[:, 0] = 1.0
    played, _ = dsp.all_pole(click, coefficients[:, tf.newaxis])
    loudest = np.max(np.abs(played), axis=1)
    assert np.all(np.isfinite(played))
    assert np.all(np.max(np.abs(played[:, 2500:]), axis=1) <= loudest)
    coarse = tf.cast(tf.cast(coefficients, tf.float32), tf.float64)
    unstable = np.max(np.abs(dsp.reflection_from_lpc(coarse)), axis=1) >= 1
    assert np.mean(unstable) > 0.5


def test_spaced_line_spectra_give_stable_filters() -> None:
    rng = np.random.default_rng(3)
    free = rng.dirichlet(np.full(23, 0.5), 1000)[:, :22] * (np.pi - 23 * 0.03)
    coefficients = dsp.lpc_from_lsf(np.cumsum(free + 0.03, axis=1))
    assert np.max(np.abs(dsp.reflection_from_lpc(coefficients))) < 1.0


def test_the_response_is_scipys() -> None:
    coefficients = np.asarray(dsp.lpc_from_reflection(draw_reflection(1, 8, spread=0.5)))
    ours = dsp.lpc_response(coefficients, fft_length=512)[0]
    _, theirs = scipy.signal.freqz([1.0], [1.0, *coefficients[0]], worN=257, include_nyquist=True)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)
    assert dsp.lpc_response(tf.zeros([0, 4]), fft_length=16).shape == (0, 9)


def test_modes_agree() -> None:
    rng = np.random.default_rng(4)

    def find(frames: tf.Tensor) -> tf.Tensor:
        coefficients, reflection, _ = dsp.levinson(dsp.autocorrelation(frames, order=6))
        lines = dsp.lpc_from_lsf(tf.cumsum(0.3 + 0.1 * tf.abs(reflection), axis=-1))
        return tf.concat([coefficients, dsp.reflection_from_lpc(coefficients), lines], -1)

    draw = lambda batch: {"frames": rng.normal(size=[batch, 100]).astype(np.float32)}  # noqa: E731
    check_modes_agree(find, draw(3), draw(2))


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`frames` should be longer than `order`"):
        dsp.autocorrelation(tf.ones([1, 5]), order=5)
    with pytest.raises(ArgumentError, match="`white_noise` should be at least 0"):
        dsp.levinson(tf.ones([1, 5]), white_noise=-1.0)
    with pytest.raises(ArgumentError, match=r"more than the order, 8. Received 8"):
        dsp.lpc_response(tf.ones([1, 8]), fft_length=8)
    with pytest.raises(ArgumentError, match="real numbers with a last axis of known size"):
        dsp.lpc_from_lsf(tf.ones([2, 3], tf.int32))
