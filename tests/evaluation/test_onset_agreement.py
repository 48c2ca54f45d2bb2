"""Onsets compared, with what mir_eval says of them."""

import numpy as np
import pytest

from ddsp_tf.errors import ArgumentError
from ddsp_tf.evaluation.onset_agreement import onset_agreement

REFERENCE = (0.0, 0.1, 0.14, 0.5, 0.9, 1.3, 1.34)
FOUND = (0.04, 0.12, 0.44, 0.52, 0.56, 0.94, 1.33, 1.36)


def test_it_is_what_mir_eval_computes():
    # mir_eval 0.8.2: onset.f_measure(REFERENCE, FOUND, window=0.05) and 0.035.
    found = onset_agreement(np.array(REFERENCE), np.array(FOUND), window_s=0.05)
    assert (found.f1, found.precision, found.recall) == pytest.approx(
        (0.8, 0.75, 0.857143), abs=1e-5
    )
    near = onset_agreement(np.array(REFERENCE), np.array(FOUND)[::-1], window_s=0.035)
    assert (near.f1, near.precision, near.recall) == pytest.approx(
        (0.533333, 0.5, 0.571429), abs=1e-5
    )


def test_nothing_found_and_no_reference():
    assert onset_agreement(np.array([1.0]), np.zeros(0)).f1 == 0.0
    with pytest.raises(ArgumentError, match="an onset at least"):
        onset_agreement(np.zeros(0), np.array([1.0]))
