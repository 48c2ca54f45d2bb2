"""Pitch that moves with its spectrum, and candidates that explain one."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import CandidateReconstruction, PitchShiftConsistency


def _outputs(moved, shift=0.25, log2_f0=7.5):
    frames = tf.ones([2, 3, 1])
    return {
        "log2_f0": log2_f0 * frames,
        "log2_f0_shifted": (log2_f0 + moved) * frames,
        "shift_octaves": tf.fill([2, 1, 1], shift),
    }


def test_it_is_least_where_the_pitch_went_as_far_as_the_spectrum():
    loss = PitchShiftConsistency(delta=0.05)
    at = {x: float(loss({}, _outputs(x))["pitch_shift"]) for x in (-0.25, 0.0, 0.2, 0.25, 0.3, 0.5)}
    assert at[0.25] == pytest.approx(0.0, abs=1e-6)
    # Huber: halves of squares within delta, then lines; of the other sign it is farthest.
    assert at[0.3] == pytest.approx(0.025, abs=1e-6)
    assert at[0.2] == pytest.approx(0.025, abs=1e-6)
    assert at[0.5] == pytest.approx(0.225, abs=1e-6)
    assert at[-0.25] == pytest.approx(0.475, abs=1e-6)


def test_frames_that_would_leave_the_range_do_not_count():
    loss = PitchShiftConsistency(lowest_hz=50.0, highest_hz=1000.0)
    assert float(loss({}, _outputs(0.0, log2_f0=9.9))["pitch_shift"]) == 0.0
    assert float(loss({}, _outputs(0.0, log2_f0=9.5))["pitch_shift"]) > 0.1


def test_the_slope_leads_to_the_likeliest_candidate():
    logits = tf.Variable(tf.zeros([1, 4, 3]))
    errors = tf.constant([[[0.3, 0.1, 0.3], [0.3, 0.1, 0.3]]])
    loss = CandidateReconstruction(scale=0.05)
    for _ in range(60):
        with tf.GradientTape() as tape:
            total = loss({}, {"pitch_logits": logits, "candidate_errors": errors})["candidates"]
        logits.assign_sub(20.0 * tape.gradient(total, logits))
    shares = tf.nn.softmax(logits)[0].numpy()
    # Every second frame has errors; the others learn nothing.
    assert np.all(shares[::2, 1] > 0.8)
    np.testing.assert_allclose(shares[1::2], 1 / 3, atol=1e-6)
    assert float(total) > 0.1  # It can't be less than the error of the best.


def test_configs_and_refusals():
    outputs = {**_outputs(0.1), "pitch_logits": tf.zeros([1, 2, 2])}
    outputs["candidate_errors"] = tf.ones([1, 1, 2])
    for loss in (PitchShiftConsistency(weight=2.0), CandidateReconstruction(scale=0.1)):
        twin = type(loss)(**loss.get_config())
        assert {k: float(x) for k, x in twin({}, outputs).items()} == {
            k: float(x) for k, x in loss({}, outputs).items()
        }
    with pytest.raises(ArgumentError, match="`delta` should be above 0"):
        PitchShiftConsistency(delta=0.0)
    with pytest.raises(ArgumentError, match="`scale` should be above 0"):
        CandidateReconstruction(scale=0.0)
