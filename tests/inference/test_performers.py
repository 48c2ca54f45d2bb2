"""Performers: what they add to the notes, and what they leave alone."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.inference import (
    PERFORMERS,
    Performance,
    Performer,
    PlainPerformer,
    Render,
    RulePerformer,
    get_performer,
    humanise,
)

RATE = 250.0


def notes(*rows):
    return np.array([[*row, 0] for row in rows], np.float64)


def play(rows, performer=None, seconds=4.0):
    performer = performer or RulePerformer()
    return performer.perform(rows, statistics=None, frame_rate=RATE, n_frames=round(seconds * RATE))


def cents(played, hz=440.0):
    return 1200.0 * np.log2(played.f0_hz / hz)


def at(seconds):
    return round(seconds * RATE)


def test_vibrato_begins_late_grows_and_calms_down():
    swing = cents(play(notes((0, 2, 69, 1.0))))
    assert np.abs(swing[: at(0.22)]).max() < 1e-9
    assert 0 < np.abs(swing[at(0.22) : at(0.35)]).max() < 12
    steady = swing[at(0.8) : at(1.8)]
    assert 17 < steady.max() <= 18.01
    assert steady.min() == pytest.approx(-steady.max(), abs=1.0)
    turns = np.sum((steady[:-1] < 0) & (steady[1:] >= 0))
    assert turns in (5, 6)  # 5.6 Hz
    assert np.abs(swing[at(2.0) :]).max() < 1e-9
    # Short notes have none, and nor has a performer without.
    assert np.abs(cents(play(notes((0, 0.35, 69, 1.0))))).max() < 1e-9
    assert np.abs(cents(play(notes((0, 2, 69, 1)), RulePerformer(vibrato=0.0)))).max() < 1e-9


def test_soft_notes_speak_slower_than_loud_ones():
    def rise_s(velocity):
        level = play(notes((0, 2, 69, velocity)), RulePerformer(dynamics=0.0)).loudness_db
        return np.argmax(level >= level[at(0.2)] - 0.5) / RATE

    assert rise_s(0.1) > 1.8 * rise_s(0.9)
    assert rise_s(0.1) < 0.08


def test_legato_glides_and_repeated_keys_are_left():
    bound = play(notes((0, 1, 69, 0.8), (1, 2, 71, 0.8)), RulePerformer(vibrato=0, dynamics=0))
    pitch = cents(bound)
    assert 20 < pitch[at(1.008)] < 180
    assert pitch[at(1.02) + 1] == pytest.approx(200)
    assert (np.diff(pitch) >= -1e-9).all()
    dip = bound.loudness_db[at(1.0)] - bound.loudness_db[at(0.9)]
    assert dip == pytest.approx(-6, abs=0.1)
    assert bound.gate[at(0.1) : at(1.9)].min() == 1.0
    again = play(notes((0, 1, 69, 0.8), (1, 2, 69, 0.8)))
    assert again.loudness_db[at(0.99)] < again.loudness_db[at(0.9)] - 3
    apart = play(notes((0, 0.8, 69, 0.8), (1, 2, 71, 0.8)))
    assert np.abs(cents(apart)[at(0.85) : at(0.99)]).max() < 1e-9
    assert cents(apart)[at(1.0) + 1] == pytest.approx(200)


def test_phrases_have_an_arch_and_higher_notes_are_louder():
    flat = notes(*[(i / 2, (i + 1) / 2, 69 + i % 2, 0.5) for i in range(16)])
    level = play(flat, seconds=8.0).loudness_db
    middles = [np.median(level[at(i / 2 + 0.2) : at(i / 2 + 0.4)]) for i in range(16)]
    assert 8 <= int(np.argmax(middles)) <= 10
    assert middles[9] > middles[0] + 1.5
    assert middles[9] > middles[15] + 1.5
    leap = notes((0, 1, 60, 0.5), (1, 2, 72, 0.5))
    louder = play(leap).loudness_db
    assert louder[at(1.5)] - louder[at(0.5)] > 1.0
    # Nothing goes beyond the instrument's own dynamics.
    assert play(notes((0, 2, 69, 1.0))).loudness_db.max() <= -15 + 0.7


def test_onsets_and_loudness_stay_the_scores():
    random = np.random.default_rng(2)
    rows = notes(*[(i * 0.3, i * 0.3 + 0.28, 60 + i % 12, random.uniform()) for i in range(30)])
    plain, rules = play(rows, PlainPerformer(), 9.5), play(rows, RulePerformer(), 9.5)
    np.testing.assert_array_equal(plain.gate > 0.99, rules.gate > 0.99)
    middles = [at(row[0] + 0.17) for row in rows]
    orders = [np.argsort(np.argsort(x.loudness_db[middles])) for x in (plain, rules)]
    assert np.corrcoef(orders[0], np.argsort(np.argsort(rows[:, 3])))[0, 1] > 0.99
    assert 0.9 < np.corrcoef(*orders)[0, 1] < 1.0


def test_humanise_is_small_seeded_and_keeps_the_order():
    rows = notes(*[(i * 0.1, i * 0.1 + 0.09, 60 + i, 0.5) for i in range(200)])
    moved = humanise(rows, 1.0, seed=3)
    np.testing.assert_array_equal(moved, humanise(rows, 1.0, seed=3))
    assert np.abs(moved - humanise(rows, 1.0, seed=4)).max() > 0
    shift_s = moved[:, 0] - rows[:, 0]
    assert 0.006 < shift_s.std() < 0.016
    assert np.abs(shift_s).max() < 0.05
    assert (np.diff(moved[:, 0]) > 0).all()
    assert (moved[:, 1] > moved[:, 0]).all()
    assert moved[:, 0].min() >= 0
    assert 0.04 < (moved[:, 3] - 0.5).std() < 0.08
    assert 2.0 < 100 * (moved[:, 2] - rows[:, 2]).std() < 5.0
    # Neighbours hurry and tarry together.
    assert np.corrcoef(shift_s[:-1], shift_s[1:])[0, 1] > 0.4
    half = humanise(rows, 0.5, seed=3)[:, 0] - rows[:, 0]
    np.testing.assert_allclose(half[1:], shift_s[1:] / 2, atol=1e-9)
    with pytest.raises(ArgumentError, match="`humanise` must be from 0 to 1"):
        humanise(rows, 1.1, seed=0)


class Flat(Performer):
    """A performer of one's own."""

    def perform(self, notes, *, statistics, frame_rate, n_frames):
        ones = np.ones(n_frames)
        return Performance(100.0 * ones * len(notes), -30.0 * ones, ones)


def test_performers_go_by_name_or_are_given(following):
    assert set(PERFORMERS) == {"rules", "plain"}
    with pytest.raises(ArgumentError, match="`performer` must be one of `rules`, `plain`"):
        get_performer("robot")
    rehearsed = Render(following, performer=Flat()).rehearse(notes((0, 1, 60, 1), (1, 2, 62, 1)))
    assert rehearsed.inputs["f0_hz"].max() == 200.0
    with pytest.raises(ArgumentError, match="`vibrato` must be from 0 to 3"):
        RulePerformer(vibrato=-1.0)
