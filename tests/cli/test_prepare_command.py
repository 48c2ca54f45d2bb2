"""`ddsp-tf prepare`: a folder becomes a dataset; bad files are named, bad usage is refused."""

import json
from pathlib import Path

import pytest
from cli_toys import Run

from ddsp_tf import data


def test_a_folder_becomes_a_dataset(dataset: Path) -> None:
    opened = data.Dataset.open(dataset)
    assert opened.seconds("train") > 5.0
    assert opened.seconds("eval") > 1.0
    assert (dataset / "report.png").is_file()
    assert "take_0.flac" in (dataset / "report.txt").read_text()


def test_a_bad_file_is_left_out_and_the_exit_code_says_so(
    run: Run, recordings_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "noise.wav").write_text("not audio")
    good = recordings_folder / "take_0.flac"
    result = run(
        *("prepare", good, tmp_path / "noise.wav", tmp_path / "dataset"),
        *("--workers", "1", "--json", "--eval-fraction", "0.2"),
    )
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert "not audio" in report["failed"]["noise.wav"]
    assert "1 of 2 files were left out" in result.stderr
    assert data.Dataset.open(tmp_path / "dataset").seconds("train") > 1.0


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("missing",), 1, "`missing` does not exist"),
        (("empty",), 1, "`empty` is empty"),
        (("good", "--eval-fraction", "0.9"), 2, "`eval_fraction` must be between 0 and 0.5"),
        (("good", "--workers", "0"), 2, "`n_workers` must be at least 1"),
        (("good", "--sample-rate", "10"), 2, "`sample_rate`"),
        (("good", "--f0-tracker", "crepe-tyni"), 2, "`f0_tracker`"),
        (("good", "--columns", "lodness_db"), 2, "No extractor makes the column `lodness_db`"),
        (("good", "--source", "video"), 2, "`source` must be one of"),
        (("good", "--source", "pairs"), 1, "holds the folders `dry` and `wet`"),
        (("good", "--gin-param", "PrepareSettings.guard=1"), 2, "Did you mean `guard_s`?"),
        (("good", "--gin-param", "PrepareSettings.guard_s='x'"), 2, "should be a number"),
        (("good", "--gin-file", "data/pyinn.gin"), 2, "Did you mean `data/pyin.gin`?"),
    ],
)
def test_one_clear_line_and_nothing_left(
    run: Run,
    recordings_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    folder, *flags = (str(recordings_folder) if a == "good" else a for a in arguments)
    result = run("prepare", folder, "dataset", *flags)
    assert result.exit_code == code, result.output
    assert text in result.stderr
    assert result.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_dataset_that_exists_is_kept_unless_told(
    run: Run, recordings_folder: Path, dataset: Path
) -> None:
    before = (dataset / "dataset.json").read_text()
    result = run("prepare", recordings_folder, dataset)
    assert result.exit_code == 1
    assert "exists" in result.stderr
    assert "--overwrite" in result.stderr
    assert (dataset / "dataset.json").read_text() == before


def test_ctrl_c_says_how_to_go_on(
    run: Run, recordings_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "prepare", interrupt)
    result = run("prepare", recordings_folder, tmp_path / "dataset")
    assert result.exit_code == 130
    assert result.stderr == "Interrupted. The same command goes on where this one stopped.\n"


def test_columns_and_source_are_chosen(run: Run, recordings_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "dataset"
    result = run(
        *("prepare", recordings_folder / "take_0.flac", output, "--workers", "1"),
        *("--columns", "loudness_db, periodicity", "--source", "recordings"),
    )
    assert result.exit_code == 0, result.output
    assert list(data.Dataset.open(output).columns) == ["audio", "loudness_db", "periodicity"]
    assert run("inspect", output).exit_code == 0
