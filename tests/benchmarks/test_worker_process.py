"""Workers: processes that answer one request a line."""

import io
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import worker_loop
from worker_loop import answer_all, peak_memory_mb
from worker_process import WorkerError, WorkerProcess


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerProcess]:
    monkeypatch.setenv("PYTHONPATH", str(Path(worker_loop.__file__).parent))
    script = Path(__file__).with_name("fake_worker.py")
    with WorkerProcess([sys.executable, script], log=tmp_path / "worker.log") as process:
        yield process


def test_a_worker_measures_whatever_else_is_printed(worker: WorkerProcess) -> None:
    first, facts = worker.prepare("count", start=3)
    second, _ = worker.prepare("count", start=5)
    assert facts["start"] == 3
    assert facts["first_s"] >= 0.0
    assert all(0.0 <= measure() < 10.0 for measure in (first, second, first))
    assert worker.describe()["versions"] == {"fake": "1"}
    assert 1.0 < worker.peak_memory_mb() < 10_000.0


def test_a_task_that_fails_is_told_and_the_worker_goes_on(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerError, match=r"(?s)fake_worker\.py failed at .*too hard"):
        worker.prepare("fail")
    assert worker.prepare("count", start=0)[0]() >= 0.0


def test_a_worker_that_ends_tells_what_it_said(worker: WorkerProcess) -> None:
    with pytest.raises(WorkerError, match=r"(?s)ended with 3.*a library's last words"):
        worker.prepare("end")


def test_a_worker_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="can't be started"):
        WorkerProcess([tmp_path / "python"], log=tmp_path / "worker.log")


def test_an_error_ends_a_worker_in_the_middle_of_its_work(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt), WorkerProcess(command, log=tmp_path / "log"):
        raise KeyboardInterrupt
    assert time.monotonic() - start < 30.0


def test_unknown_requests_are_answered() -> None:
    answers = io.StringIO()
    answer_all(io.StringIO('{"do": "sing"}\nnonsense\n'), answers, {}, dict)
    sing, nonsense = (json.loads(line) for line in answers.getvalue().splitlines())
    assert not sing["ok"]
    assert "can't 'sing'" in sing["error"]
    assert not nonsense["ok"]


def test_released_work_is_gone() -> None:
    requests = [
        {"do": "prepare", "key": "a", "task": "none", "arguments": {}},
        {"do": "release", "key": "a"},
        {"do": "measure", "key": "a"},
    ]
    answers = io.StringIO()
    lines = io.StringIO("".join(json.dumps(request) + "\n" for request in requests))
    answer_all(lines, answers, {"none": lambda: (lambda: None, {})}, dict)
    assert [json.loads(line)["ok"] for line in answers.getvalue().splitlines()] == [
        True,
        True,
        False,
    ]


def test_memory_is_in_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert peak_memory_mb(1_000_000) == 1024.0
    monkeypatch.setattr(sys, "platform", "darwin")
    assert peak_memory_mb(1_000_000) == 1.0
