"""Dynamics beside torchcomp, the definitions, and finite differences."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from contracts import check_modes_agree
from gradients import both_gradients

from ddsp_tf import dsp
from ddsp_tf.errors import ArgumentError

GOLDEN = json.loads((Path(__file__).parent / "golden/dynamics.json").read_text())


def test_attack_and_release_are_torchcomps_with_their_gradients() -> None:
    case = GOLDEN["attack_release"]
    target, attack, release, initial = (tf.constant(x, tf.float64) for x in case["inputs"])
    inputs = [target, attack[:, tf.newaxis], release[:, tf.newaxis], initial]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        output, last = dsp.attack_release(*inputs)
        total = tf.reduce_sum(output * tf.constant(case["weights"], tf.float64))
    np.testing.assert_allclose(output, case["output"], atol=1e-12)
    np.testing.assert_allclose(last, np.array(case["output"])[:, -1], atol=1e-12)
    for ours, theirs in zip(tape.gradient(total, inputs), case["gradients"], strict=True):
        np.testing.assert_allclose(np.squeeze(ours), theirs, atol=1e-10)


def test_hard_knees_are_torchcomps() -> None:
    case = GOLDEN["curve"]
    level = tf.constant([case["level_db"]], tf.float64)
    gain = dsp.compressor_gain_db(level, *case["compressor"], 0.0)
    gain += dsp.expander_gain_db(level, *case["expander"], 0.0)
    np.testing.assert_allclose(gain[0], case["gain_db"], atol=1e-6)


def test_soft_knees_meet_their_lines_and_have_the_published_value() -> None:
    """At the threshold of -20 dB with a knee of 10 dB and a ratio of 4: -20.94 dB come out."""
    at = float(dsp.compressor_gain_db(tf.constant([[-20.0]], tf.float64), -20.0, 4.0, 10.0)[0, 0])
    assert at - 20 == pytest.approx(-20.9375, abs=1e-9)
    for function in (dsp.compressor_gain_db, dsp.expander_gain_db):
        level = tf.constant([np.linspace(-40, 0, 100001)])
        hard, soft = (np.asarray(function(level, -20.0, 4.0, knee)[0]) for knee in (0.0, 10.0))
        outside = np.abs(np.asarray(level)[0] + 20) >= 5.0
        np.testing.assert_allclose(soft[outside], hard[outside], atol=1e-9)
        slopes = np.diff(soft) / np.diff(np.asarray(level)[0])
        # No corner: slopes change by no more than the grid's step allows.
        assert np.max(np.abs(np.diff(slopes))) < 1e-3


def test_limits_and_ranges() -> None:
    level = tf.constant([[-60.0, -10.0, 0.0]])
    np.testing.assert_allclose(
        dsp.compressor_gain_db(level, -10.0, math.inf, 0.0), [[0, 0, -10]], atol=1e-6
    )
    np.testing.assert_allclose(
        dsp.expander_gain_db(level, -20.0, 20.0, 0.0, 30.0), [[-30, 0, 0]], atol=1e-6
    )


def test_levels_are_those_of_sound() -> None:
    sine = np.sin(2 * np.pi * 100 * np.arange(16000) / 16000)[np.newaxis]
    factor = dsp.time_factor(50.0, sample_rate=16000)
    level, _ = dsp.level_db(sine, factor=factor)
    assert float(level[0, -1]) == pytest.approx(-3.01, abs=0.2)
    assert float(dsp.level_db(sine)[0][0, 40]) == pytest.approx(0.0, abs=0.01)
    assert float(dsp.level_db(tf.zeros([1, 3]))[0][0, -1]) == pytest.approx(-120.0)


def test_times_are_for_63_percent_of_the_way() -> None:
    steps = np.full([1, 1000], -10.0)
    attack, release = (dsp.time_factor(np.float64(ms), sample_rate=1000) for ms in (20.0, 100.0))
    down, _ = dsp.attack_release(steps, attack, release)
    assert float(down[0, 19]) == pytest.approx(-10 * (1 - 1 / math.e), rel=1e-9)
    up, _ = dsp.attack_release(0 * steps, attack, release, tf.constant([-10.0], tf.float64))
    assert float(up[0, 99]) == pytest.approx(-10 / math.e, rel=1e-9)
    assert float(dsp.time_factor(0.0, sample_rate=48000)) == 1.0


def test_blocks_are_the_whole() -> None:
    target = np.random.default_rng(0).normal(size=[2, 301]).cumsum(axis=1)
    whole, end = dsp.attack_release(target, 0.3, 0.02)
    state, parts, at = None, [], 0
    for length in (1, 64, 0, 200, 36):
        part, state = dsp.attack_release(target[:, at : at + length], 0.3, 0.02, state)
        parts.append(part)
        at += length
    np.testing.assert_allclose(tf.concat(parts, 1), whole, atol=1e-12)
    np.testing.assert_allclose(state, end, atol=1e-12)


def test_gradients_are_those_of_finite_differences() -> None:
    rng = np.random.default_rng(1)
    audio = tf.constant(rng.normal(size=[1, 9]))
    knobs = [tf.constant([[x]], tf.float64) for x in (-12.0, 3.0, 8.0, 0.4, 0.1)]

    def gain(audio: tf.Tensor, *knobs: tf.Tensor) -> tf.Tensor:
        level, _ = dsp.level_db(audio, factor=0.3)
        down = dsp.compressor_gain_db(level, *knobs[:3]) + dsp.expander_gain_db(level, *knobs[:3])
        return dsp.attack_release(down, *knobs[3:])[0]

    ours, numeric = both_gradients(gain, [audio, *knobs], delta=1e-6)
    for one, other in zip(ours, numeric, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_modes_agree() -> None:
    rng = np.random.default_rng(2)

    def follow(target: tf.Tensor, attack: tf.Tensor) -> tf.Tensor:
        return dsp.attack_release(target, attack, 0.1)[0]

    draw = lambda batch, n: {  # noqa: E731
        "target": rng.normal(size=[batch, n]).astype(np.float32),
        "attack": rng.uniform(0.1, 1, [batch, 1]).astype(np.float32),
    }
    check_modes_agree(follow, draw(2, 100), draw(1, 33))


def test_empty_sounds_and_what_is_refused() -> None:
    assert dsp.attack_release(tf.zeros([0, 5]), 0.5, 0.5)[0].shape == (0, 5)
    assert dsp.attack_release(tf.zeros([2, 0]), 0.5, 0.5)[0].shape == (2, 0)
    with pytest.raises(ArgumentError, match=r"`target` should be \[batch, n_samples\]"):
        dsp.attack_release(tf.zeros([5]), 0.5, 0.5)
    with pytest.raises(ArgumentError, match="`sample_rate` should be above 0"):
        dsp.time_factor(1.0, sample_rate=0)
