"""What happens to a command when a disk is full: for real, on a small one.

`docs/reliability.md` has the table of it.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_toys import SMALL_MODEL, Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("resilience"),
]

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
    bindings = (*SMALL_MODEL, "train.xla=False", *more)
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
