"""`ddsp-tf export`: refuses early, writes whole or not at all."""

from pathlib import Path

import pytest
from cli_toys import Run


def test_an_unknown_model_is_one_line(run: Run, tmp_path: Path) -> None:
    result = run("export", "theremin", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: There is no instrument `theremin`.")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_that_exists_is_kept(run: Run, instrument: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    result = run("export", instrument, "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "exists" in result.stderr
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("flags", [(), ("--target", "vinyl", "-o", "out")])
def test_wrong_usage(run: Run, instrument: Path, flags: tuple[str, ...]) -> None:
    assert run("export", instrument, *flags).exit_code == 2


@pytest.mark.slow
def test_a_saved_model_is_written_and_compared(run: Run, instrument: Path, tmp_path: Path) -> None:
    result = run("export", instrument, "--target", "saved_model", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "saved_model.pb").is_file()
    assert str(tmp_path / "out") in result.stdout
