"""The banded recursion against a dense oracle, and settling paths early."""

import numpy as np
import pytest
import tensorflow as tf

from ddsp_tf.features.crepe.survivor_path import SurvivorPath
from ddsp_tf.features.crepe.viterbi import (
    LEAP_WEIGHT,
    N_BINS,
    transition_weights,
    viterbi_backtrack,
    viterbi_forward,
)


def dense_viterbi(log_emission):
    """The textbook, in float64, with the whole transition matrix."""
    weights = transition_weights()
    log_transitions = np.log(weights / weights.sum(axis=1, keepdims=True))
    score = log_emission[0].astype(np.float64)
    pointers = []
    for emission in log_emission[1:]:
        scores = score[:, None] + log_transitions
        pointers.append(scores.argmax(axis=0))
        score = scores.max(axis=0) + emission
    path = [int(score.argmax())]
    for pointer in reversed(pointers):
        path.append(int(pointer[path[-1]]))
    return np.array(path[::-1])


@pytest.fixture(scope="module")
def log_emission():
    """Noise around glides and leaps, at both ends of the range too."""
    rng = np.random.default_rng(0)
    bins = np.concatenate([np.linspace(2, 357, 60), np.full(40, 359), np.full(50, 0)])
    bins = np.concatenate([bins, rng.integers(0, N_BINS, 30), np.full(40, 200)])
    distance = np.abs(np.arange(N_BINS) - bins[:, None])
    return (-np.minimum(distance, 8) + rng.normal(0, 0.7, distance.shape)).astype(np.float32)


def test_transitions_are_crepes_triangle():
    weights = transition_weights()
    assert weights[100, 100] == 12
    assert weights[100, 111] == weights[100, 89] == 1
    assert weights[100, 112] == weights[0, 359] == LEAP_WEIGHT


def test_path_equals_the_dense_oracle(log_emission):
    batch = np.stack([log_emission, log_emission[::-1]])
    beliefs = viterbi_forward(tf.constant(batch), tf.zeros([2, N_BINS]))
    path = viterbi_backtrack(beliefs).numpy()
    np.testing.assert_array_equal(path[0], dense_viterbi(log_emission))
    np.testing.assert_array_equal(path[1], dense_viterbi(log_emission[::-1]))


def test_one_frame_takes_its_best_bin(log_emission):
    beliefs = viterbi_forward(tf.constant(log_emission[None, :1]), tf.zeros([1, N_BINS]))
    assert viterbi_backtrack(beliefs).numpy() == [[log_emission[0].argmax()]]


def test_settling_in_blocks_equals_backtracking_the_whole(log_emission):
    survivors, belief = SurvivorPath(), tf.zeros([1, N_BINS])
    paths, rows = [], []
    for start in range(0, len(log_emission), 17):
        part = log_emission[start : start + 17]
        beliefs = viterbi_forward(tf.constant(part[None]), belief)
        belief = beliefs[:, -1]
        settled = survivors.add(part, beliefs.numpy()[0])
        rows.append(settled[0])
        paths.append(settled[1])
    settled_early = sum(map(len, paths))
    settled = survivors.finish()
    np.testing.assert_array_equal(np.concatenate([*paths, settled[1]]), dense_viterbi(log_emission))
    np.testing.assert_array_equal(np.concatenate([*rows, settled[0]]), log_emission)
    assert settled_early > len(log_emission) - 40
