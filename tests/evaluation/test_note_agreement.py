"""Notes against notes: cases counted by hand."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation import frame_agreement, note_agreement, pitch_outlier_share

SCORE = np.array([[0.0, 1.0, 60.0], [1.0, 2.0, 64.0], [2.0, 2.2, 67.0]])


def test_onsets_and_pitches_have_to_be_near() -> None:
    found = SCORE + np.array([[0.04, 0.0, 0.4], [0.06, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert note_agreement(SCORE, found).f1 == pytest.approx(2 / 3)
    assert note_agreement(SCORE, found, onset_s=0.06).f1 == 1.0
    assert note_agreement(SCORE, found, semitones=0.3).recall == pytest.approx(1 / 3)


def test_offsets_count_when_they_are_asked_for() -> None:
    found = SCORE + np.array([[0.0, 0.19, 0.0], [0.0, -0.21, 0.0], [0.0, 0.049, 0.0]])
    assert note_agreement(SCORE, found).f1 == 1.0
    assert note_agreement(SCORE, found, offset_share=0.2).recall == pytest.approx(2 / 3)


def test_a_note_agrees_with_one_and_the_matching_is_the_largest() -> None:
    # The first reference fits both; taking the nearer one would leave the second without any.
    reference = np.array([[0.00, 1.0, 60.0], [0.06, 1.0, 60.0]])
    found = np.array([[0.02, 1.0, 60.0], [-0.04, 1.0, 60.0]])
    assert note_agreement(reference, found).f1 == 1.0
    twice = np.repeat(SCORE, 2, axis=0)
    agreement = note_agreement(SCORE, twice)
    assert (agreement.precision, agreement.recall) == (0.5, 1.0)
    assert note_agreement(SCORE, np.zeros([0, 5])).f1 == 0.0


def test_frames_count_keys_at_a_time() -> None:
    found = np.array([[0.0, 1.0, 60.0], [1.5, 2.5, 64.0]])
    agreement = frame_agreement(SCORE, found)
    assert agreement.precision == pytest.approx(1.5 / 2.0, abs=0.01)
    assert agreement.recall == pytest.approx(1.5 / 2.2, abs=0.01)
    assert frame_agreement(SCORE, SCORE).f1 == 1.0


def test_outliers_are_far_off_or_unsure() -> None:
    errors = np.array([1201.0, -1199.0, 0.0, 0.0])
    assert pitch_outlier_share(errors, np.array([0.9, 0.9, 0.84, 0.86])) == 0.5
    assert pitch_outlier_share(errors, np.ones(4), most_semitones=11.0) == 0.5


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ArgumentError, match="hold a note"):
        note_agreement(np.zeros([0, 3]), SCORE)
    with pytest.raises(ArgumentError, match="`found` should be"):
        frame_agreement(SCORE, np.zeros([3]))
