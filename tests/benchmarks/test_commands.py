"""Whole commands that are timed, the audio they get, and the benchmarks' own command."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from command_runs import CommandError, run_command
from line import Line, Target
from material import total_seconds, write_looped, write_recordings
from report import BEGIN, END
from results_file import ResultsFile
from row import Row
from run import command
from series import Series
from session import Session

from ddsp_tf.presets import MELODY


def test_a_command_is_timed_and_weighed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_command([sys.executable, "-Sc", "print('small')"], log=log)
    code = "import time; taken = b'x' * 200_000_000; time.sleep(0.2)"
    large = run_command([sys.executable, "-Sc", code], log=log)
    assert log.read_text() == "small\n"
    assert 0.2 < large.seconds < 30.0
    # No upper bound: a process starts with the peak of the one that starts it, which is this.
    assert large.peak_mb > 200.0


def test_a_command_that_fails_tells_why(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"(?s)ended with 1:.*went wrong"):
        run_command([sys.executable, "-Sc", "raise SystemExit('went wrong')"], log=tmp_path / "log")
    with pytest.raises(CommandError, match="can't be started"):
        run_command([tmp_path / "nothing"], log=tmp_path / "log")


def test_a_melody_is_repeated_to_any_length(tmp_path: Path) -> None:
    melody, rate = soundfile.read(MELODY)
    audio, looped_rate = soundfile.read(write_looped(None, tmp_path / "long.wav", 20.0))
    assert looped_rate == rate
    assert len(audio) == 20 * rate
    np.testing.assert_allclose(audio[len(melody) : 2 * len(melody)], melody, atol=1e-4)


def test_recordings_have_the_length_asked_for_and_differ(tmp_path: Path) -> None:
    folder = write_recordings(tmp_path / "recordings", 70.0)
    assert total_seconds(folder) == pytest.approx(70.0)
    takes = [soundfile.read(path)[0] for path in sorted(folder.iterdir())]
    assert len(takes) == 3
    n = min(map(len, takes))
    spectra = [np.abs(np.fft.rfft(take[:n])) for take in takes]
    likeness = np.corrcoef(spectra)[np.triu_indices(len(takes), 1)]
    assert likeness.max() < 0.5


def run_benchmarks(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_rows_are_listed() -> None:
    code, output = run_benchmarks("--list")
    assert code == 0
    assert "step-solo-16" in output
    assert "f0-tiny" in output


def test_wrong_usage_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# No markers")
    for arguments, message in (
        ([], "Say where to write"),
        (
            ["-o", tmp_path, "--only", "harmony"],
            "There is no row 'harmony'. Did you mean harmonic?",
        ),
        (["-o", tmp_path, "--docs", page], "The page should have"),
    ):
        code, output = run_benchmarks(*arguments)
        assert code == 2
        assert message in output


@pytest.fixture
def no_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the command look at the machine without a worker that takes seconds to start."""

    class Ours:
        def __enter__(self) -> "Ours":
            return self

        def __exit__(self, *error: object) -> None:
            pass

        def describe(self) -> dict[str, object]:
            return {"gpus": [], "versions": {}, "tensor_float_32": False}

    monkeypatch.setattr("session.Session.ours", lambda session: Ours())


@pytest.mark.usefixtures("no_tensorflow")
def test_a_peer_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, output = run_benchmarks("-o", tmp_path, "--peer", tmp_path / "python")
    assert code == 1
    assert "can't be started" in output


@pytest.mark.usefixtures("no_tensorflow")
def test_what_was_measured_before_an_interruption_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(session: Session) -> list[Line]:
        raise KeyboardInterrupt

    line = Line("a slow step", Series((1.0,)), result=0.5, target=Target("at least", 1.0))
    rows = [Row("harmonic", "", lambda session: [line]), Row("length", "", interrupted)]
    monkeypatch.setattr("run.choose_rows", lambda names: rows)
    page = tmp_path / "page.md"
    page.write_text(f"# Speed\n\n{BEGIN}\n{END}\n\nAfter.\n")
    code, output = run_benchmarks("-o", tmp_path, "--docs", page)
    assert code == 130
    assert "goes on after the finished rows" in output
    assert "| a slow step | 1.00 s |" in (tmp_path / "results.md").read_text()
    assert "**missed**" in page.read_text()
    assert page.read_text().endswith("After.\n")
    rows.pop()
    assert run_benchmarks("-o", tmp_path, "--docs", page)[0] == 0
    page.write_text(f"{BEGIN}{END}")
    assert run_benchmarks("-o", tmp_path, "--docs", page, "--tables")[0] == 0
    assert "**missed**" in page.read_text()


@pytest.mark.slow
def test_a_row_is_measured_for_real(tmp_path: Path) -> None:
    arguments = ("-o", tmp_path, "--quick", "--only", "f0-tiny")
    code, output = run_benchmarks(*arguments)
    assert code == 0, output
    ((name, result),) = ResultsFile(tmp_path / "results.json")
    (line,) = result.lines
    assert name == "f0-tiny"
    assert line.result is not None
    assert line.result > 0.0
    assert line.floor_share is not None
    assert "CREPE tiny with Viterbi" in (tmp_path / "results.md").read_text()
    assert "kept from before" in run_benchmarks(*arguments)[1]
