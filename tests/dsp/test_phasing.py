"""All-passes in a loop: against SciPy where they stand still, and as frames where they move."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import signal

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

RATE = 44100


def noise(n_samples: int, batch: int = 1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.1, [batch, n_samples])


def reference(audio: np.ndarray, hz: float, feedback: float, n_stages: int) -> np.ndarray:
    c = (np.tan(np.pi * hz / RATE) - 1) / (np.tan(np.pi * hz / RATE) + 1)
    zeros, poles = np.poly1d([c, 1]) ** n_stages, np.poly1d([1, c]) ** n_stages
    return np.asarray(signal.lfilter(zeros.c, (poles - feedback * zeros).c, audio))


@pytest.mark.parametrize(("n_stages", "feedback"), [(1, 0.0), (2, -0.7), (4, 0.5), (6, 0.9)])
def test_what_stands_still_is_the_filter(n_stages: int, feedback: float) -> None:
    audio, hz = noise(8000), np.float64(700.0)
    played, _ = dsp.all_pass_loop(
        audio, [[hz]], [[np.float64(feedback)]], n_stages=n_stages, sample_rate=RATE
    )
    np.testing.assert_allclose(played, reference(audio, 700.0, feedback, n_stages), atol=1e-9)


def test_many_stages_stay_stable_at_the_lowest_frequency() -> None:
    """Eight poles at one place, which a polynomial in float64 can't hold: energy stays."""
    click = np.eye(1, RATE)
    played, _ = dsp.all_pass_loop(click, [[20.0]], [[0.0]], n_stages=8, sample_rate=RATE)
    assert float(tf.reduce_sum(tf.square(played))) == pytest.approx(1.0, abs=1e-6)


def test_blocks_are_the_whole() -> None:
    audio = noise(3000)
    hz = 600 * 2 ** np.sin(2 * np.pi * np.arange(3000) / 3000)[np.newaxis]
    about = {"n_stages": 4, "sample_rate": RATE}
    whole, _ = dsp.all_pass_loop(audio, hz, [[0.5]], **about)
    memory, blocks = None, []
    for start, end in ((0, 2), (2, 1000), (1000, 3000)):
        block, memory = dsp.all_pass_loop(
            audio[:, start:end], hz[:, start:end], [[0.5]], memory, **about
        )
        blocks.append(block)
    np.testing.assert_allclose(tf.concat(blocks, axis=1), whole, atol=1e-14)


@pytest.mark.slow
def test_gradients_are_those_of_differences() -> None:
    audio, hz = tf.constant(noise(40)), tf.constant(np.linspace(300.0, 900.0, 40)[np.newaxis])
    feedback = tf.constant([[0.4]], tf.float64)

    def played(*values: tf.Tensor) -> tf.Tensor:
        x, khz, g = values
        return dsp.all_pass_loop(x, 1000.0 * khz, g, n_stages=3, sample_rate=RATE)[0]

    theory, numeric = tf.test.compute_gradient(played, [audio, hz / 1000.0, feedback], 1e-5)
    for one, other in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


@pytest.mark.parametrize("n_samples", [9000, 8820 * 2, 100])
def test_frames_that_stand_still_are_the_filter(n_samples: int) -> None:
    audio = noise(n_samples, 2)
    played = dsp.all_pass_loop_by_frames(
        tf.constant(audio),
        np.full([1, 1, 1], 800.0),
        np.full([1, 1, 1], 0.6),
        n_stages=4,
        hop_length=882,
        sample_rate=RATE,
    )
    np.testing.assert_allclose(played, reference(audio, 800.0, 0.6, 4), atol=1e-5)


def test_frames_follow_a_slow_swing() -> None:
    """Within -30 dB at one swing a second, as frames of 80 ms can."""
    audio = noise(RATE)
    hz = 800 * 2 ** np.sin(2 * np.pi * np.arange(RATE) / RATE)[np.newaxis]
    about = {"n_stages": 4, "sample_rate": RATE}
    exact, _ = dsp.all_pass_loop(audio, hz, [[0.6]], **about)
    played = dsp.all_pass_loop_by_frames(
        tf.constant(audio), hz[:, ::882, np.newaxis], [[[0.6]]], hop_length=882, **about
    )
    error = np.sum(np.square(played - exact)) / np.sum(np.square(exact))
    assert 1e-6 < error < 1e-3


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match="`n_stages` at least 1"):
        dsp.all_pass_loop(noise(4), [[300.0]], [[0.0]], n_stages=0, sample_rate=RATE)
