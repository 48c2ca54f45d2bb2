"""Feedback delay networks beside the recursion sample by sample; energy, decay, accuracy."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from gradients import both_gradients

from ddsp_tf import dsp
from ddsp_tf.dsp.delay_networks import (
    absorption_sections,
    delay_network,
    delay_network_response,
    householder_matrix,
    orthogonal_matrix,
)
from ddsp_tf.errors import ArgumentError

DELAYS = [31, 37, 44, 53]
RATE = 4000


def gains(n_lines: int, seed: int = 0) -> tuple[tf.Tensor, tf.Tensor]:
    rng = np.random.default_rng(seed)
    return tf.constant(rng.normal(size=n_lines)), tf.constant(rng.normal(size=n_lines))


def by_samples(
    sound: np.ndarray, matrix: np.ndarray, b: np.ndarray, c: np.ndarray, sections: np.ndarray
) -> np.ndarray:
    """The equations, one sample after the other."""
    lines = [np.zeros(len(sound) + delay) for delay in DELAYS]
    before, played = np.zeros(len(DELAYS)), np.zeros(len(sound))
    for t, x in enumerate(sound):
        late = np.array([line[t] for line in lines])
        before = sections[:, 0, 0] * late - sections[:, 0, 3] * before
        played[t] = c @ before
        entered = matrix @ before + b * x
        for line, delay, value in zip(lines, DELAYS, entered, strict=True):
            line[t + delay] = value
    return played


def decay_db(response: np.ndarray) -> np.ndarray:
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    return 10 * np.log10(energy / energy[0] + 1e-30)


def t60_s(response: np.ndarray, rate: float) -> float:
    """From -5 to -35 dB of the backward integral, as ISO 3382 does."""
    level = decay_db(response)
    first, last = np.argmax(level < -5), np.argmax(level < -35)
    slope = np.polyfit(np.arange(first, last) / rate, level[first:last], 1)[0]
    return float(-60 / slope)


def test_matrices_are_orthogonal() -> None:
    for matrix in (
        householder_matrix(6),
        orthogonal_matrix(tf.random.stateless_normal([16, 16], [1, 2], dtype=tf.float64)).numpy(),
    ):
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(len(matrix)), atol=1e-12)
    single = orthogonal_matrix(tf.random.stateless_normal([16, 16], [1, 2])).numpy()
    np.testing.assert_allclose(single @ single.T, np.eye(16), atol=1e-6)


def test_is_the_network_sample_by_sample_in_blocks_of_any_length() -> None:
    matrix, (b, c) = tf.constant(householder_matrix(4)), gains(4)
    sections = absorption_sections(DELAYS, np.float64(0.5), 0.2, sample_rate=RATE)
    sound = np.random.default_rng(1).normal(size=[2, 501])
    whole, end = delay_network(sound, DELAYS, matrix, b, c, sections)
    for row in range(2):
        wanted = by_samples(sound[row], *(np.asarray(x) for x in (matrix, b, c, sections)))
        np.testing.assert_allclose(whole[row], wanted, atol=1e-12)
    state, parts, at = None, [], 0
    for length in (1, 64, 0, 400, 36):
        piece = sound[:, at : at + length]
        part, state = delay_network(piece, DELAYS, matrix, b, c, sections, state)
        parts.append(part)
        at += length
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-12)
    for one, other in zip(state, end, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.slow
def test_without_absorption_nothing_is_lost() -> None:
    matrix = orthogonal_matrix(tf.random.stateless_normal([4, 4], [1, 2], dtype=tf.float64))
    b, c = gains(4)
    sections = tf.constant(np.tile([1.0, 0, 0, 0, 0], [4, 1, 1]))
    click = np.eye(1, 12000)
    played, (lines, _) = delay_network(click, DELAYS, matrix, b, c, sections)
    inside = sum(
        np.sum(np.asarray(lines)[0, line, -delay:] ** 2) for line, delay in enumerate(DELAYS)
    )
    assert inside == pytest.approx(float(np.sum(np.asarray(b) ** 2)), rel=1e-9)
    assert np.std(played[0, 6000:]) > 0.05


@pytest.mark.parametrize(
    "t60",
    [pytest.param(0.1, marks=pytest.mark.slow), 0.2, pytest.param(0.4, marks=pytest.mark.slow)],
)
def test_sampled_responses_err_as_the_rule_says(t60: float) -> None:
    """-60 n / (T60 sample_rate) dB: -120, -60 and -30 dB with 800 points at 4 kHz."""
    matrix, (b, c) = tf.constant(householder_matrix(4)), gains(4)
    sections = absorption_sections(DELAYS, np.float64(t60), t60, sample_rate=RATE)
    exact, _ = delay_network(np.eye(1, 6000), DELAYS, matrix, b, c, sections)
    sampled = delay_network_response(DELAYS, matrix, b, c, sections, fft_length=800)
    error = np.sum((np.asarray(sampled) - exact[0, :800]) ** 2) / np.sum(np.asarray(exact) ** 2)
    assert 10 * np.log10(error) == pytest.approx(-60 * 800 / (t60 * RATE), abs=3.0)


def test_decays_take_the_times_asked_for() -> None:
    rate, delays = 16000, [601, 739, 863, 997, 1103, 1289, 1433, 1559]
    matrix, (b, c) = tf.constant(householder_matrix(8)), gains(8)
    sections = absorption_sections(delays, np.float64(1.2), 0.4, sample_rate=rate)
    length = dsp.fft_length_for_decay(1.2, sample_rate=rate)
    response = np.asarray(delay_network_response(delays, matrix, b, c, sections, fft_length=length))
    low = scipy.signal.sosfilt(scipy.signal.butter(4, 150, fs=rate, output="sos"), response)
    assert t60_s(low, rate) == pytest.approx(1.2, rel=0.05)
    # One pole is between both in between: what it is there, is what is heard.
    band = scipy.signal.butter(4, [3500, 4500], "band", fs=rate, output="sos")
    gain = np.abs(dsp.biquad_response(sections, [2 * np.pi * 4000 / rate]))[:, 0]
    there = np.mean(-3 * np.array(delays) / rate / np.log10(gain))
    assert 0.4 < there < 1.2
    assert t60_s(scipy.signal.sosfilt(band, response), rate) == pytest.approx(there, rel=0.1)


@pytest.mark.slow
def test_gradients_are_those_of_finite_differences() -> None:
    b, c = gains(2)
    weights = tf.random.stateless_normal([2, 2], [1, 2], dtype=tf.float64)
    delays = [5, 7]

    def response(weights: tf.Tensor, b: tf.Tensor, c: tf.Tensor, t60: tf.Tensor) -> tf.Tensor:
        sections = absorption_sections(delays, t60, 0.5 * t60, sample_rate=1000)
        network = (delays, orthogonal_matrix(weights), b, c, sections)
        played, _ = delay_network(tf.one_hot([0], 20, dtype=tf.float64), *network)
        return tf.concat([played[0], delay_network_response(*network, fft_length=20)], 0)

    given = [weights, b, c, tf.constant(0.1, tf.float64)]
    ours, numeric = both_gradients(response, given, delta=1e-6)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_graph_gives_the_same() -> None:
    matrix, (b, c) = tf.constant(householder_matrix(4)), gains(4)
    sections = absorption_sections(DELAYS, np.float64(0.5), 0.2, sample_rate=RATE)
    sound = np.random.default_rng(1).normal(size=[2, 150])

    def play(sound: tf.Tensor) -> tf.Tensor:
        return delay_network(sound, DELAYS, matrix, b, c, sections)[0]

    signature = [tf.TensorSpec([None, None], tf.float64)]
    graph = tf.function(play, input_signature=signature, autograph=False)
    np.testing.assert_allclose(graph(sound), play(tf.constant(sound)), atol=1e-12)
    compiled = tf.function(play, autograph=False, jit_compile=True)
    np.testing.assert_allclose(compiled(tf.constant(sound)), play(sound), atol=1e-10)


def test_what_is_refused() -> None:
    matrix, (b, c) = tf.constant(householder_matrix(4)), gains(4)
    sections = absorption_sections(DELAYS, np.float64(0.5), 0.2, sample_rate=RATE)
    with pytest.raises(ArgumentError, match="`delays` should be one or more"):
        delay_network(np.ones([1, 8]), [], matrix, b, c, sections)
    with pytest.raises(ArgumentError, match=r"`matrix` should be \[3, 3\] for 3 delays"):
        delay_network_response(DELAYS[:3], matrix, b, c, sections, fft_length=8)
    with pytest.raises(ArgumentError, match="`fft_length` should be even"):
        delay_network_response(DELAYS, matrix, b, c, sections, fft_length=7)
    with pytest.raises(ArgumentError, match="`n_lines` should be at least 1"):
        householder_matrix(0)
