"""What happens to a command when the machine fails it: disks, folders, clocks and signals for real.

`docs/reliability.md` has the table of it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_toys import NO_SAMPLES, SMALL_MODEL, Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("resilience"),
]

Mount = Callable[[str], None]

FULL = "No space left on device"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes; `remount` changes it."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"This machine can't mount a disk: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Takes all space but some bytes."""
    path = disk / "others"
    free = shutil.disk_usage(disk).free
    path.write_bytes(bytes(free - leave))
    return path


def training(dataset: Path, run: Path, *more: str) -> list[str]:
    bindings = (*SMALL_MODEL, NO_SAMPLES, "train.xla=False", *more)
    files = ("models/tiny_instrument.gin", "training/smoke_test.gin")
    return [
        *("train", "--data", str(dataset), "--run", str(run)),
        *(word for file in files for word in ("--gin-file", file)),
        *(word for binding in bindings for word in ("--gin-param", binding)),
    ]


def hidden(folder: Path) -> list[str]:
    """What a writer may have left behind; a run's lock stays."""
    return [path.name for path in folder.rglob(".*") if path.name != ".lock"]


def test_training_on_a_full_disk_says_so_and_goes_on_when_there_is_space(
    run: Run, dataset: Path, disk: Path
) -> None:
    command = training(dataset, disk / "run", "Limits.num_steps=4")
    others = fill(disk, leave=600_000)
    result = run(*command)
    assert result.exit_code == 1, result.output
    assert FULL in result.stderr, result.stderr
    assert "This should not happen" not in result.stderr
    assert not hidden(disk / "run")
    others.unlink()
    remount(disk, "size=64m")
    result = run(*command, "--resume")
    assert result.exit_code == 0, result.output
    assert "4 steps in" in result.stdout
    assert (disk / "run" / "model" / "metadata.json").is_file()


def test_what_does_not_fit_on_a_disk_is_not_there(
    run: Run, recordings_folder: Path, instrument: Path, melody_file: Path, disk: Path
) -> None:
    others = fill(disk, leave=30_000)
    commands = (
        (
            "prepare",
            recordings_folder,
            disk / "dataset",
            "--workers",
            1,
            "--columns",
            "loudness_db",
        ),
        ("transfer", instrument, melody_file, "-o", f"{disk}/out.wav"),
        ("export", instrument, "--target", "saved_model", "-o", disk / "exported"),
    )
    for command in commands:
        result = run(*command)
        assert result.exit_code == 1, (command, result.output)
        assert FULL in result.stderr, (command, result.stderr)
        assert "This should not happen" not in result.stderr
        # A preparation keeps what is finished, for the next time.
        shutil.rmtree(disk / ".dataset.partial", ignore_errors=True)
        assert list(disk.iterdir()) == [others], command


def test_folders_that_are_read_only_are_named_before_any_work(
    run: Run,
    recordings_folder: Path,
    dataset: Path,
    trained: Path,
    instrument: Path,
    melody_file: Path,
    disk: Path,
) -> None:
    command = training(dataset, disk / "run")
    remount(disk, "size=64m")
    shutil.copytree(trained, disk / "run")
    before = {path: path.stat().st_mtime_ns for path in disk.rglob("*")}
    remount(disk, "ro")
    commands: tuple[tuple[object, ...], ...] = (
        ("prepare", recordings_folder, disk / "dataset", "--workers", 1),
        ("transfer", instrument, melody_file, "-o", f"{disk}/out.wav"),
        ("export", instrument, "--target", "saved_model", "-o", disk / "exported"),
        tuple(training(dataset, disk / "other")),
        (*command, "--resume"),
        (*command, "--overwrite"),
    )
    for each in commands:
        result = run(*each)
        assert result.exit_code == 1, (each, result.output)
        assert str(disk) in result.stderr, (each, result.stderr)
        assert "Choose another folder" in result.stderr or "Read-only" in result.stderr
        assert "This should not happen" not in result.stderr, (each, result.stderr)
    assert {path: path.stat().st_mtime_ns for path in disk.rglob("*")} == before
    # Reading it is another matter.
    assert run("inspect", disk / "run").exit_code == 0


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts commands in processes of their own; none outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def starter(*command: object) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "ddsp_tf", *map(str, command)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield starter
    for process in started:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 400.0
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def n_steps(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.read_text().count("steps_per_s") if path.exists() else 0


def test_sigterm_saves_and_a_lost_dataset_changes_nothing_that_is_read(
    start: Callable[..., "subprocess.Popen[str]"], run: Run, dataset: Path, tmp_path: Path
) -> None:
    copy, folder = tmp_path / "dataset", tmp_path / "run"
    shutil.copytree(dataset, copy)
    rarely = [f"Schedule.{name}_every=100000" for name in ("validate", "checkpoint")]
    command = training(copy, folder, "Limits.num_steps=100000", *rarely)
    process = start(*command)
    wait_for(lambda: n_steps(folder) >= 3, process)
    refused = run(*command, "--resume")
    assert refused.exit_code == 1
    assert f"Another process is training in `{folder}`. Stop it, or choose" in refused.stderr
    shutil.rmtree(copy)
    seen = n_steps(folder)
    wait_for(lambda: n_steps(folder) > seen + 5, process)
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=120)
    took_s = time.monotonic() - begun
    assert process.returncode == 130, errors
    assert "Interrupted; saved. Go on with: ddsp-tf train --run" in errors
    assert "Traceback" not in errors
    assert took_s < 30.0, "a scheduler kills after as long"
    newest = sorted((folder / "checkpoints").glob("step-*"))[-1]
    assert json.loads((newest / "state.json").read_text())["step"] == n_steps(folder)
    gone = run(*command, "--resume")
    assert gone.exit_code == 1
    assert f"`{copy}" in gone.stderr
    shutil.copytree(dataset, copy)
    _cut_in_half(newest)
    result = run(*command, "--resume")
    assert result.exit_code == 1
    assert "are damaged; the newest: " in result.stderr
    assert "--overwrite" in result.stderr


def _cut_in_half(checkpoint: Path) -> None:
    shard = next(checkpoint.glob("variables.data*"))
    os.truncate(shard, shard.stat().st_size // 2)


def test_sigterm_leaves_nothing_half_written(
    start: Callable[..., "subprocess.Popen[str]"], recordings_folder: Path, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    command = ("prepare", recordings_folder, dataset, "--workers", 2, "--columns", "loudness_db")
    process = start(*command)
    wait_for((tmp_path / ".dataset.partial").exists, process)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert errors.endswith("Interrupted. The same command goes on where this one stopped.\n")
    assert [path.name for path in tmp_path.iterdir()] == [".dataset.partial"]


def test_a_clock_that_is_set_back_changes_nothing(
    run: Run, dataset: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of day of whatever asks Python for it; files get that of the system."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert run(*training(dataset, whole, "Limits.num_steps=4")).exit_code == 0
    shutil.copytree(trained, broken)
    for path in [broken, *broken.rglob("*")]:
        os.utime(path, (time.time() + 1e6, time.time() + 1e6))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3.0e7)
    result = run(*training(dataset, broken, "Limits.num_steps=4"), "--resume")
    assert result.exit_code == 0, result.output
    curves = [
        [
            (line["step"], line.get("loss"), line.get("validation_loss"))
            for line in map(json.loads, (each / "metrics.jsonl").read_text().splitlines())
        ]
        for each in (whole, broken)
    ]
    assert curves[0] == curves[1]
    assert all(
        0.0 <= json.loads(line)["minutes"] < 60.0
        for line in (broken / "metrics.jsonl").read_text().splitlines()
    )
