"""Medians, spread, and taking turns."""

import pytest
from line import Line, Target
from series import Series, alternate, best_rate, ratio


def test_median_and_quartiles() -> None:
    series = Series((5.0, 1.0, 3.0, 2.0, 4.0))
    assert series.median == 3.0
    assert series.quartiles == (2.0, 4.0)
    assert Series((7.0,)).quartiles == (7.0, 7.0)
    with pytest.raises(ValueError, match="at least one"):
        Series(())


def test_things_are_measured_in_turns() -> None:
    order: list[str] = []

    def measure(name: str, value: float) -> float:
        order.append(name)
        return value + len(order)

    said: list[str] = []
    series = alternate(
        {"ours": lambda: measure("ours", 0.0), "peer": lambda: measure("peer", 100.0)},
        3,
        said.append,
    )
    assert order == ["ours", "peer"] * 3
    assert series["ours"].values == (1.0, 3.0, 5.0)
    assert series["peer"].values == (102.0, 104.0, 106.0)
    assert said[0] == "ours 1/3: 1"


def test_rates_and_ratios_are_those_of_medians() -> None:
    series = {"small": Series((1.0, 1.0, 9.0)), "large": Series((2.0, 2.0, 2.0))}
    assert best_rate({"small": 10.0, "large": 30.0}, series) == 15.0
    assert ratio(series["large"], series["small"]) == 2.0


@pytest.mark.parametrize(
    ("target", "result", "reached"),
    [
        (Target("at least", 3.0), 3.0, True),
        (Target("at least", 3.0), 2.99, False),
        (Target("at most", 2.2), 2.2, True),
        (Target("at most", 2.2), 2.21, False),
        (None, 1.0, None),
        (Target("at least", 3.0), None, None),
    ],
)
def test_targets(target: Target | None, result: float | None, reached: bool | None) -> None:
    line = Line("a step", Series((1.0,)), target=target, result=result)
    assert line.reached is reached
    assert line.to_dict()["reached"] is reached
