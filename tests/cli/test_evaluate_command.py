"""`ddsp-tf evaluate`: a table, JSON and plots; mismatches are refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cli_toys import Run

pytestmark = pytest.mark.xdist_group("trained run")


@pytest.fixture
def silence(tmp_path: Path) -> Path:
    """A second of what a microphone gives that nobody plays into."""
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.full(16000, 1e-4), 16000)
    return path


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
    replaced = run("evaluate", trained, "--data", dataset, "-o", output, "--overwrite")
    assert replaced.exit_code == 0, replaced.output
    (output / "take.wav").write_text("mine")
    kept = run("evaluate", trained, "--data", dataset, "-o", output, "--overwrite")
    assert kept.exit_code == 1
    assert f"`{output / 'take.wav'}` is not part of an evaluation" in kept.stderr


def test_what_is_no_evaluation_is_kept_even_with_overwrite(
    run: Run, trained: Path, dataset: Path
) -> None:
    for folder in (trained, dataset):
        before = sorted(folder.rglob("*"))
        result = run("evaluate", trained, "--data", dataset, "-o", folder, "--overwrite")
        assert result.exit_code == 1
        assert (
            f"`{folder}` is not an evaluation that ddsp_tf wrote, so --overwrite" in result.stderr
        )
        assert sorted(folder.rglob("*")) == before


def test_what_is_missing_is_one_line(run: Run, trained: Path, dataset: Path) -> None:
    result = run("evaluate", "nothing", "--data", dataset)
    assert result.exit_code == 1
    assert "There is no instrument `nothing`" in result.stderr
    result = run("evaluate", trained, "--data", trained)
    assert result.exit_code == 1
    assert "is not a dataset" in result.stderr
    assert run("evaluate", trained).exit_code == 2


@pytest.mark.slow
def test_others_enter_the_same_tables(
    run: Run, trained: Path, dataset: Path, melody_file: Path, silence: Path, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    asked = ["evaluate", trained, "--data", dataset, "--transfer", melody_file]
    result = run(*asked, "--transfer", silence, "--baselines", "--save-audio", "-o", first)
    assert result.exit_code == 1, "all but one is done"
    reason = f"`{silence}` holds only silence"
    assert f"Skipped: {reason}" in result.stderr
    assert f"1 of 2 failed:\n  {reason}" in result.stderr
    assert reason in json.loads((first / "evaluation.json").read_text())["failed"][str(silence)]
    table = (first / "comparison.md").read_text()
    assert [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")] == [
        *("|", "| recording", "| analysis", "| model"),
        *("|", "| recording", "| model"),
    ]
    assert (first / "audio" / "model" / "transfer" / "melody.flac").exists()
    again = run(*asked, "--compare", f"before={first / 'audio' / 'model'}", "--json")
    assert again.exit_code == 0, again.output
    comparison = json.loads(again.stdout)["comparison"]
    for part in ("reconstruction", "transfer"):
        assert list(comparison[part]) == (
            ["model", "before"] if part == "reconstruction" else ["recording", "model", "before"]
        )
    before, now = (comparison["reconstruction"][n]["overall"] for n in ("before", "model"))
    assert abs(before["spectral_distance"] - now["spectral_distance"]) < 0.05


def test_what_cannot_be_compared_is_said_before_anything_is_measured(
    run: Run, trained: Path, dataset: Path, melody_file: Path, silence: Path, tmp_path: Path
) -> None:
    asked = ["evaluate", trained, "--data", dataset]
    for given, exit_code, expected in (
        (["--compare", "sounds/"], 2, "takes NAME=FOLDER"),
        (["--compare", f"model={tmp_path}"], 2, "the name is taken"),
        (["--compare", f"other={tmp_path / 'none'}"], 1, "There is no folder"),
        (["--compare", f"other={melody_file.parent}"], 1, "is named after a recording"),
        (["--transfer", tmp_path / "none.wav"], 1, "none.wav"),
        (["--transfer", silence], 1, f"Error: `{silence}` holds only silence"),
        (["--save-audio"], 2, "add -o FOLDER"),
    ):
        result = run(*asked, *given)
        assert result.exit_code == exit_code, result.output
        assert expected in result.stderr
