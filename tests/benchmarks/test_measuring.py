"""Rows: kept when they are finished, measured again when something has changed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from catalogue import ROWS, choose_rows
from command_runs import CommandError
from line import Line, Target
from machine import OtherWork, describe_machine, source_digest
from results_file import ResultsError, ResultsFile, RowResult
from row import LeftOutError, Row
from run import measure_rows
from series import Series
from session import Session

Conditions = Mapping[str, Any]


def line_of(seconds: float) -> Line:
    aim = Target("at least", 9.0)
    return Line("a step", Series((seconds,)), result=1.0 / seconds, result_unit="x", target=aim)


class Counted:
    """A row that counts how often it is measured, and does as it is told first."""

    def __init__(self, name: str, error: BaseException | None = None, **options: Any) -> None:
        self.error = error
        self.times = 0
        self.row = Row(name, "nothing", self._measure, **options)

    def _measure(self, session: Session) -> list[Line]:
        session.report("on it")
        self.times += 1
        if self.error is not None:
            raise self.error
        return [line_of(float(self.times))]


def same(row: Row) -> Conditions:
    return {"machine": "this"}


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., list[str]]:
    def run(*counted: Counted, conditions: Any = same, gpu: bool = False, **options: Any) -> Any:
        session = Session(folder=tmp_path, gpu=gpu)
        results = ResultsFile(tmp_path / "results.json")
        rows = [each.row for each in counted]
        return measure_rows(rows, session, results, conditions, **options)

    return run


def test_finished_rows_are_kept(measure: Callable[..., list[str]]) -> None:
    first, second = Counted("first"), Counted("second")
    assert measure(first) == []
    assert measure(first, second) == []
    assert (first.times, second.times) == (1, 1)
    measure(first, second, again=True)
    assert (first.times, second.times) == (2, 2)


def test_other_conditions_measure_again(measure: Callable[..., list[str]], tmp_path: Path) -> None:
    row = Counted("row")
    measure(row)
    measure(row, conditions=lambda row: {"machine": "another"})
    assert row.times == 2
    ((_, result),) = ResultsFile(tmp_path / "results.json")
    assert result.conditions == {"machine": "another"}
    assert result.lines == (line_of(2.0),)


def test_an_interrupted_run_goes_on(measure: Callable[..., list[str]]) -> None:
    first, second, third = (
        Counted("first"),
        Counted("second", KeyboardInterrupt()),
        Counted("third"),
    )
    with pytest.raises(KeyboardInterrupt):
        measure(first, second, third)
    second.error = None
    measure(first, second, third)
    assert (first.times, second.times, third.times) == (1, 2, 1)


def test_a_row_that_fails_does_not_stop_the_others(
    measure: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = Counted("bad", CommandError("no such command")), Counted("good")
    assert measure(bad, good) == ["bad"]
    assert good.times == 1
    assert "[1/2] bad: failed. no such command" in capsys.readouterr().err
    measure(bad, good)
    assert (bad.times, good.times) == (2, 1)


def test_a_missed_target_is_no_failure(
    measure: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure(Counted("slow")) == []
    assert "a step: 1.00x (target at least 9x, MISSED)" in capsys.readouterr().err


def test_rows_are_left_out_for_a_reason(
    measure: Callable[..., list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = Counted("missing", LeftOutError("it is not installed"))
    host = Counted("host", cpu_only="it is about the CPU")
    assert measure(missing, host, gpu=True) == []
    said = capsys.readouterr().err
    assert "missing: left out, because it is not installed" in said
    assert "host: left out on a GPU, because it is about the CPU" in said
    assert host.times == 0
    assert not len(ResultsFile(tmp_path / "results.json"))


def test_results_read_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    full = Line(
        "memory",
        Series((1.0, 2.0)),
        Series((3.0,)),
        unit="MB",
        result=2.0,
        result_unit="GB",
        target=Target("at most", 2.2),
        floor_share=0.5,
        note="of a process",
        against="60 harmonics",
    )
    result = RowResult((full, line_of(2.0)), {"versions": {"python": "3"}}, {"took_s": 1.0})
    ResultsFile(path).keep("memory", result)
    assert dict(ResultsFile(path)) == {"memory": result}
    stored = json.loads(path.read_text())["rows"]["memory"]["lines"][0]
    assert stored["ours"] == {"values": [1.0, 2.0], "median": 1.5, "quartiles": [1.25, 1.75]}
    assert stored["reached"] is True


def test_two_runs_into_one_file_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    result = RowResult((line_of(1.0),), {}, {})
    first, second = ResultsFile(path), ResultsFile(path)
    first.keep("a", result)
    second.keep("b", result)
    first.keep("c", result)
    assert [name for name, _ in ResultsFile(path).in_order(["a", "b", "c"])] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is damaged or not JSON"),
        ('{"format_version": 99, "rows": {}}', "another version of the benchmarks"),
        ('{"format_version": 1, "rows": {"a": {}}}', "is damaged .*Choose another folder"),
    ],
)
def test_damaged_results_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(ResultsError, match=message):
        ResultsFile(path)


def test_rows_are_chosen_by_name_and_pattern() -> None:
    assert [row.name for row in choose_rows(["harmonic", "step-solo-*"])] == [
        "step-solo-4",
        "step-solo-8",
        "step-solo-16",
        "harmonic",
    ]
    assert choose_rows([]) == list(ROWS)
    with pytest.raises(ValueError, match=r"no row 'harmonics'\. Did you mean harmonic\?"):
        choose_rows(["harmonics"])


def test_every_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert all(row.about for row in ROWS)


def test_changed_code_is_another_state(tmp_path: Path) -> None:
    (tmp_path / "ddsp_tf").mkdir()
    (tmp_path / "configs").mkdir()
    source = tmp_path / "ddsp_tf" / "dsp.py"
    source.write_text("one")
    before = source_digest(tmp_path)
    (tmp_path / "README.md").write_text("not code")
    assert source_digest(tmp_path) == before
    source.write_text("two")
    assert source_digest(tmp_path) != before


def test_the_machine_is_described() -> None:
    facts = describe_machine()
    assert facts["cpu"]
    assert facts["cores"] >= 1
    assert facts["memory_gb"] > 0.1
    share = OtherWork().share()
    assert share is None or share >= 0.0
