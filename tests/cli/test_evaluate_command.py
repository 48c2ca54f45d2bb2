"""`ddsp-tf evaluate`: a table, JSON and plots; mismatches are refused."""

import json
from pathlib import Path

from cli_toys import Run


def test_a_run_is_measured(run: Run, trained: Path, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "evaluation"
    result = run("evaluate", trained, "--data", dataset, "-o", output)
    assert result.exit_code == 0, result.output
    assert "recording" in result.stdout
    numbers = json.loads((output / "evaluation.json").read_text())
    assert numbers["overall"]["spectral_distance"] > 0.0
    assert (output / "evaluation.txt").read_text().strip() in result.stdout
    assert list(output.glob("*.png"))
    again = run("evaluate", trained, "--data", dataset, "-o", output)
    assert again.exit_code == 1
    assert "exists" in again.stderr


def test_what_is_missing_is_one_line(run: Run, trained: Path, dataset: Path) -> None:
    result = run("evaluate", "nothing", "--data", dataset)
    assert result.exit_code == 1
    assert "There is no instrument `nothing`" in result.stderr
    result = run("evaluate", trained, "--data", trained)
    assert result.exit_code == 1
    assert "is not a dataset" in result.stderr
    assert run("evaluate", trained).exit_code == 2
