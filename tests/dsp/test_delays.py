"""Delay lines beside sines whose delay is known, sample-by-sample loops, and SciPy."""

import numpy as np
import pytest
import scipy.signal
import tensorflow as tf
from contracts import check_modes_agree
from gradients import both_gradients

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError


@pytest.mark.parametrize(("order", "error_db"), [(1, -26.0), (3, -46.0), (5, -60.0)])
def test_a_sine_is_late_by_the_fraction(order: int, error_db: float) -> None:
    """At a tenth of the sample rate, for every fraction."""
    t = np.arange(400)
    for delay in np.linspace(7.0, 8.0, 11):
        sound = np.sin(2 * np.pi * 0.1 * t)[np.newaxis]
        late, _ = dsp.fractional_delay(sound, [[delay]], longest=20, order=order)
        wanted = np.sin(2 * np.pi * 0.1 * (t - delay))
        error = np.max(np.abs(late[0, 50:] - wanted[50:]))
        assert 20 * np.log10(error + 1e-12) < error_db


def test_an_all_pass_delay_keeps_levels_and_is_as_late_as_asked_for() -> None:
    """SciPy's filter of the same coefficient; late by 20.3 samples at low frequencies."""
    click = np.eye(1, 8192)
    played, _ = dsp.all_pass_delay(click, np.array([[20.3]]), longest=30)
    rest = 20.3 - 19
    c = (1 - rest) / (1 + rest)
    late = np.concatenate([np.zeros(19), scipy.signal.lfilter([c, 1.0], [1.0, c], click[0])])
    np.testing.assert_allclose(played[0], late[:8192], atol=1e-9)
    spectrum = np.fft.rfft(played[0])
    np.testing.assert_allclose(np.abs(spectrum), 1.0, atol=1e-6)
    slope = np.diff(np.unwrap(np.angle(spectrum)))[:200] * 8192 / (-2 * np.pi)
    np.testing.assert_allclose(slope, 20.3, atol=0.01)


def test_an_all_pass_delay_in_blocks_is_the_whole_and_has_its_gradient() -> None:
    audio = np.random.default_rng(0).normal(size=[2, 60])
    delay = np.linspace(0.6, 7.9, 60)[np.newaxis]
    whole, _ = dsp.all_pass_delay(audio, delay, longest=8)
    state, blocks = None, []
    for start, end in ((0, 1), (1, 40), (40, 60)):
        block, state = dsp.all_pass_delay(
            audio[:, start:end], delay[:, start:end], state, longest=8
        )
        blocks.append(block)
    np.testing.assert_allclose(tf.concat(blocks, axis=1), whole, atol=1e-12)
    # Not where the line takes up a whole sample more: there the gradient jumps.
    still = tf.constant([[3.2], [4.9]], tf.float64)
    theory, numeric = both_gradients(
        lambda x, d: dsp.all_pass_delay(x, d, longest=8)[0], [tf.constant(audio[:, :12]), still]
    )
    for one, other in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    with pytest.raises(ArgumentError, match="`longest` at least 1"):
        dsp.all_pass_delay(audio, 1.0, longest=0)


def test_changing_delays_read_where_they_should() -> None:
    rng = np.random.default_rng(0)
    sound, delay = rng.normal(size=60), rng.uniform(0, 12, 60)
    late, _ = dsp.fractional_delay(sound[np.newaxis], delay[np.newaxis], longest=12, order=1)
    line = np.concatenate([np.zeros(14), sound])
    wanted = np.interp(14 + np.arange(60) - delay, np.arange(74), line)
    np.testing.assert_allclose(late[0], wanted, atol=1e-12)


def test_delays_out_of_range_are_the_nearest_end() -> None:
    sound = np.random.default_rng(0).normal(size=[1, 50])
    for given, taken in ((-5.0, 1.0), (99.0, 8.0)):
        ours, _ = dsp.fractional_delay(sound, [[given]], longest=8)
        np.testing.assert_allclose(ours[0, 10:], sound[0, 10 - int(taken) : -int(taken)])


def test_vibrato_has_the_frequency_of_its_formula() -> None:
    rate, t = 16000, np.arange(16000)
    swing, _ = dsp.low_frequency_oscillator(
        tf.constant([[5.0]], tf.float64), 16000, sample_rate=rate
    )
    sound = np.sin(2 * np.pi * 500 * t / rate)[np.newaxis]
    late, _ = dsp.fractional_delay(sound, 40.0 + 8.0 * swing, longest=60, order=5)
    phase = np.unwrap(np.angle(scipy.signal.hilbert(late[0])))
    hz = np.diff(phase)[2000:14000] * rate / (2 * np.pi)
    # The delay's slope: 8 samples, 5 times a second.
    depth = 2 * np.pi * 5.0 * 8.0 / rate
    wanted = 500 * (1 - depth * np.cos(2 * np.pi * 5.0 * t[2000:14000] / rate))
    np.testing.assert_allclose(hz, wanted, atol=0.6)


def loop(sound: np.ndarray, feedback: float, delay: int) -> np.ndarray:
    played = np.zeros(len(sound) + delay)
    for t, x in enumerate(sound):
        played[delay + t] = x + feedback * played[t]
    return played[delay:]


@pytest.mark.parametrize("delay", [1, 7, 64, 500])
def test_feedback_is_the_loop_sample_by_sample(delay: int) -> None:
    sound = np.random.default_rng(1).normal(size=[2, 301])
    feedback = np.array([[0.9], [-0.5]])
    played, _ = dsp.comb_filter(sound, feedback, delay=delay)
    for row in range(2):
        wanted = loop(sound[row], feedback[row, 0], delay)
        np.testing.assert_allclose(played[row], wanted, atol=1e-12)
    spread, _ = dsp.schroeder_all_pass(sound, feedback, delay=delay)
    zeros = np.zeros(delay - 1)
    for row, (g,) in enumerate(feedback):
        wanted = scipy.signal.lfilter([-g, *zeros, 1.0], [1.0, *zeros, -g], sound[row])
        np.testing.assert_allclose(spread[row], wanted, atol=1e-12)


def test_all_passes_keep_every_frequencys_level() -> None:
    click = np.eye(1, 8192)
    spread, _ = dsp.schroeder_all_pass(click, 0.6, delay=37)
    np.testing.assert_allclose(np.abs(np.fft.rfft(spread[0])), 1.0, atol=1e-9)


def test_oscillators_swing_as_they_say() -> None:
    rate_hz = tf.constant([[3.0], [0.7]], tf.float64)
    sine, after = dsp.low_frequency_oscillator(rate_hz, 1000, 0.25, sample_rate=100)
    t = np.arange(1000) / 100
    np.testing.assert_allclose(sine, np.cos(2 * np.pi * rate_hz.numpy() * t), atol=1e-9)
    np.testing.assert_allclose(after, (0.25 + 10 * rate_hz.numpy()) % 1, atol=1e-9)
    triangle, _ = dsp.low_frequency_oscillator(
        rate_hz, 1000, 0.25, sample_rate=100, shape="triangle"
    )
    wanted = scipy.signal.sawtooth(2 * np.pi * (rate_hz.numpy() * t + 0.5), 0.5)
    np.testing.assert_allclose(triangle, wanted, atol=1e-9)


def test_blocks_are_the_whole() -> None:
    rng = np.random.default_rng(2)
    sound, delay = rng.normal(size=[2, 301]), rng.uniform(1, 9, [2, 301])
    whole = (
        dsp.fractional_delay(sound, delay, longest=9)[0],
        dsp.comb_filter(sound, 0.7, delay=50)[0],
        dsp.schroeder_all_pass(sound, 0.7, delay=50)[0],
    )
    states, parts, at = [None] * 3, [[], [], []], 0
    for length in (1, 64, 0, 200, 36):
        piece = slice(at, at + length)
        played = (
            dsp.fractional_delay(sound[:, piece], delay[:, piece], states[0], longest=9),
            dsp.comb_filter(sound[:, piece], 0.7, states[1], delay=50),
            dsp.schroeder_all_pass(sound[:, piece], 0.7, states[2], delay=50),
        )
        states = [state for _, state in played]
        for kept, (part, _) in zip(parts, played, strict=True):
            kept.append(part)
        at += length
    for kept, wanted in zip(parts, whole, strict=True):
        np.testing.assert_allclose(tf.concat(kept, 1), wanted, atol=1e-12)


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(3)
    sound = tf.constant(rng.normal(size=[1, 12]))
    delay = tf.constant(rng.uniform(1.1, 4.9, [1, 12]))
    feedback = tf.constant([[0.6]], tf.float64)

    def play(sound: tf.Tensor, delay: tf.Tensor, feedback: tf.Tensor) -> tf.Tensor:
        late, _ = dsp.fractional_delay(sound, delay, longest=5)
        return dsp.schroeder_all_pass(late, feedback, delay=3)[0]

    ours, numeric = both_gradients(play, [sound, delay, feedback], delta=1e-7)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_modes_agree() -> None:
    rng = np.random.default_rng(4)

    def play(audio: tf.Tensor, delay: tf.Tensor, rate_hz: tf.Tensor) -> tf.Tensor:
        swing, _ = dsp.low_frequency_oscillator(rate_hz, tf.shape(audio)[1], sample_rate=1000)
        late, _ = dsp.fractional_delay(audio, delay + swing, longest=9)
        return dsp.comb_filter(late, 0.5, delay=17)[0]

    draw = lambda batch, n: {  # noqa: E731
        "audio": rng.normal(size=[batch, n]).astype(np.float32),
        "delay": rng.uniform(3, 5, [batch, n]).astype(np.float32),
        "rate_hz": np.full([batch, 1], 3.0, np.float32),
    }
    check_modes_agree(play, draw(2, 100), draw(1, 33))


def test_empty_sounds_and_what_is_refused() -> None:
    for shape in ((0, 5), (2, 0)):
        assert dsp.fractional_delay(tf.zeros(shape), [[2.0]], longest=4)[0].shape == shape
        assert dsp.comb_filter(tf.zeros(shape), 0.5, delay=3)[0].shape == shape
    with pytest.raises(ArgumentError, match="`order` should be odd"):
        dsp.fractional_delay(tf.ones([1, 4]), [[1.0]], longest=4, order=2)
    with pytest.raises(ArgumentError, match=r"`audio` should be \[batch, n_samples\]"):
        dsp.fractional_delay(tf.ones([4]), [[1.0]], longest=4)
    with pytest.raises(ArgumentError, match="`delay` at least 1"):
        dsp.comb_filter(tf.ones([1, 4]), 0.5, delay=0)
    with pytest.raises(ArgumentError, match='`shape` should be "sine" or "triangle"'):
        dsp.low_frequency_oscillator(tf.ones([1, 1]), 4, sample_rate=4, shape="saw")
