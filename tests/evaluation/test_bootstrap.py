"""Bootstrap intervals: the textbook's for a mean, and whole files for passages that are alike."""

import numpy as np
import pytest

from ddsp_tf.evaluation.bootstrap import bootstrap_intervals

VALUES = np.random.default_rng(5).normal(10.0, 2.0, 60)


def mean(chosen: object) -> list[float]:
    return [float(VALUES[list(chosen)].mean())]  # type: ignore[call-overload]


def test_the_interval_of_a_mean_is_about_two_standard_errors() -> None:
    names = [str(i) for i in range(len(VALUES))]
    [(low, high)] = bootstrap_intervals(mean, names)
    error = VALUES.std() / np.sqrt(len(VALUES))
    assert low == pytest.approx(VALUES.mean() - 1.96 * error, abs=0.2 * error)
    assert high == pytest.approx(VALUES.mean() + 1.96 * error, abs=0.2 * error)
    assert bootstrap_intervals(mean, names) == [(low, high)]
    assert bootstrap_intervals(mean, names, seed=1) != [(low, high)]


def test_passages_of_a_file_are_drawn_together() -> None:
    def share_of_first_file(chosen: object) -> list[float]:
        chosen = list(chosen)  # type: ignore[call-overload]
        return [sum(i < 30 for i in chosen) / len(chosen)]

    files = ["first"] * 30 + ["second"] * 30
    assert bootstrap_intervals(share_of_first_file, files) == [(0.0, 1.0)]


def test_one_file_and_unknown_figures_have_no_interval() -> None:
    [(low, high)] = bootstrap_intervals(mean, ["same"] * 60)
    assert np.isnan(low)
    assert np.isnan(high)
    [(low, _)] = bootstrap_intervals(lambda chosen: [float("nan")], ["a", "b"])
    assert np.isnan(low)
