"""What instruments like this one fail on, played with the shipped violin.

The limits are in scripts/benchmarks/failure_cases.py, which also writes the table of
docs/quality.md.
"""

from pathlib import Path

import pytest
from failure_cases import CASES, FailureCase
from failure_players import FailurePlayers

from ddsp_tf.models import list_presets


@pytest.fixture(scope="module")
def players(recordings: Path) -> FailurePlayers:
    if "violin" not in list_presets():
        pytest.skip("The violin has not been trained and stored in ddsp_tf/presets yet.")
    return FailurePlayers("violin")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=pytest.mark.slow if case.slow else ())
        for case in CASES
    ],
)
def test_the_violin_stays_within_the_limit(case: FailureCase, players: FailurePlayers) -> None:
    figure = case.measured(players)
    assert case.holds(figure), case.row(figure)
