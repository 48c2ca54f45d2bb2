"""The whole way in real processes, as a user goes it: folder to instrument to music."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from cli_toys import NO_SAMPLES, SMALL_MODEL

SCRIPTS = Path(__file__).parents[2] / "scripts"
PARAMS = [f"--gin_param={binding}" for binding in (*SMALL_MODEL, NO_SAMPLES, "train.xla=False")]


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python processes; none outlives the test."""
    with contextlib.ExitStack() as stack:

        def starter(*command: object, **kwargs: Any) -> subprocess.Popen[str]:
            pipe = subprocess.PIPE
            command_line = [sys.executable, *map(str, command)]
            process = subprocess.Popen(command_line, stdout=pipe, stderr=pipe, text=True, **kwargs)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield starter


def finish(process: subprocess.Popen[str], code: int = 0) -> tuple[str, str]:
    """Waits for a process; its stderr may not hold any log line of a C++ library."""
    output, errors = process.communicate(timeout=600)
    assert process.returncode == code, output + errors
    for noise in ("I0000", "W0000", "oneDNN", "absl::InitializeLog", "Traceback", "Warning"):
        assert noise not in errors, errors
    return output, errors


def test_the_scripts_do_the_whole_way(
    start: Start, recordings_folder: Path, melody_file: Path, tmp_path: Path
) -> None:
    dataset, run = tmp_path / "dataset", tmp_path / "run"
    finish(
        start(
            *(SCRIPTS / "prepare_dataset.py", recordings_folder, dataset),
            *("--gin_param=PrepareSettings.eval_fraction=0.3", "--workers=1"),
        )
    )
    output, errors = finish(
        start(
            *(SCRIPTS / "train.py", "--gin_file=models/tiny_instrument.gin"),
            *("--gin_file=training/smoke_test.gin", *PARAMS, f"--data={dataset}", f"--run={run}"),
        )
    )
    assert "2 steps in" in output
    assert "validation loss" in errors
    output, _ = finish(start(SCRIPTS / "evaluate.py", run, f"--data={dataset}", "--json"))
    assert json.loads(output)["overall"]["loudness_db"] > 0.0
    finish(start(SCRIPTS / "timbre_transfer.py", run, melody_file, "-o", f"{tmp_path}/out/"))
    assert soundfile.info(tmp_path / "out" / "melody.wav").frames == 16000
    finish(start(SCRIPTS / "export_saved_model.py", run, "-o", tmp_path / "saved_model"))
    assert (tmp_path / "saved_model" / "saved_model.pb").is_file()


def test_ctrl_c_while_training_saves_and_can_be_resumed(
    start: Start, dataset: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    common = ["-m", "ddsp_tf", "train", "--data", dataset, "--run", run]
    process = start(
        *(*common, "--gin-file", "models/tiny_instrument.gin", *PARAMS),
        *("--gin-file", "training/smoke_test.gin", "--gin-param", "Limits.num_steps=100000"),
    )
    _wait_for(run / "metrics.jsonl", process)
    process.send_signal(signal.SIGINT)
    _, errors = finish(process, 130)
    assert "Interrupted; saved. Go on with: ddsp-tf train --run" in errors
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    resumed = start(*common, "--resume", "--gin-param", f"Limits.num_steps={max(steps) + 2}")
    output, _ = finish(resumed)
    assert "all steps are taken" in output


def test_ctrl_c_while_preparing_leaves_no_dataset_and_goes_on(
    start: Start, recordings_folder: Path, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    command = ("-m", "ddsp_tf", "prepare", recordings_folder, dataset, "--eval-fraction", "0.3")
    process = start(*command, "--workers", "2", start_new_session=True)
    _wait_for(tmp_path / ".dataset.partial", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    _, errors = finish(process, 130)
    assert errors.endswith("Interrupted. The same command goes on where this one stopped.\n")
    assert not dataset.exists()
    finish(start(*command, "--workers", "1"))
    assert (dataset / "dataset.json").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset"]


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 500.0
    while not path.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.1)
