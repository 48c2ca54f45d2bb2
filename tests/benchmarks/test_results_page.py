"""What is written about the results."""

from typing import Any

import pytest
from line import Line, Target
from report import BEGIN, END, markdown, replace_block
from results_file import RowResult
from series import Series

CONDITIONS = {
    "machine": {"cpu": "A fast one", "cores": 2, "memory_gb": 25.3, "gpus": []},
    "versions": {"python": "3.11.7", "tensorflow": "2.21.0"},
    "source": "abc",
    "quick": False,
    "peer": {"ddsp": "3.7.0"},
}


def result(*lines: Line, others_share: float | None = 0.0, **conditions: Any) -> RowResult:
    facts = {"measured": "2026-11-23T05:00:00+00:00", "others_share": others_share}
    return RowResult(lines, {**CONDITIONS, **conditions}, facts)


STEP = Line(
    "training step",
    Series((1.0, 2.0, 3.0)),
    Series((8.0,)),
    result=4.0,
    result_unit="x faster",
    target=Target("at least", 3.0),
    floor_share=0.512,
    note="floor 116 GFLOP",
)


def test_the_table_says_what_was_reached() -> None:
    memory = Line(
        "memory", Series((2500.0,)), unit="MB", result=2.5, result_unit="GB",
        target=Target("at most", 2.2),
    )  # fmt: skip
    alone = Line("alone", Series((0.0123,)), result_unit="x faster", target=Target("at least", 5.0))
    text = markdown([("step", result(STEP)), ("memory", result(memory, alone))])
    assert (
        "| training step | 2.00 s (1.50 to 2.50) | ddsp 3.7.0: 8.00 s | 4.00x faster | "
        "at least 3x | reached | 51% |" in text
    )
    assert "| memory | 2500 MB |  | 2.50 GB | at most 2.2 GB | **missed** |  |" in text
    assert "| alone | 12.3 ms |  | - | at least 5x | not measured |  |" in text
    assert "Measured 2026-11-23: A fast one, 2 cores, 25.3 GB, no GPU; python 3.11.7" in text
    assert "Beside it: ddsp 3.7.0." in text
    assert "- training step: floor 116 GFLOP." in text
    assert "Other programs" not in text


def test_profiles_and_the_rest_have_tables_of_their_own() -> None:
    part = Line("decoder", Series((0.5,)), result=45.6, result_unit="% of the step")
    other = Line(
        "without XLA", Series((0.2,)), Series((0.1,)), result=2.0, result_unit="x the time",
        against="as it is",
    )  # fmt: skip
    text = markdown([("harmonic", result(other)), ("profile-solo", result(part))])
    profile, rest = text.split("### Beside the targets")
    assert "### Targets" not in text
    assert "| decoder | 0.50 s |  | 45.6% of the step |" in profile
    assert "| without XLA | 0.20 s | as it is: 0.10 s | 2.00x the time |" in rest


def test_doubtful_figures_are_called_doubtful() -> None:
    rows = [
        ("busy", result(STEP, others_share=0.4)),
        ("tried", result(STEP, quick=True)),
        ("older", result(STEP, source="def", others_share=None)),
    ]
    text = markdown(rows)
    assert "Other programs took that much of the processor meanwhile" in text
    assert "`busy` (40%)" in text
    assert "Measured with --quick, so that the figures mean little: `tried`." in text
    assert "Not all rows were measured with the same version of the code." in text


def test_no_results_are_no_text() -> None:
    assert markdown([]) == "\n"


def test_results_replace_the_block_of_a_page() -> None:
    page = f"# Speed\n\n{BEGIN}\nold\n{END}\n\nAfter.\n"
    assert replace_block(page, "new\n") == f"# Speed\n\n{BEGIN}\n\nnew\n\n{END}\n\nAfter.\n"
    assert replace_block(replace_block(page, "a\n"), "b\n") == replace_block(page, "b\n")


@pytest.mark.parametrize("page", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="The page should have"):
        replace_block(page, "new")
