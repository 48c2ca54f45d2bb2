"""A run that is killed for real, at any moment, and resumed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from training_toys import run_toy

_SCRIPT = """
import sys, json
from training_toys import run_toy
run_toy(**json.loads(sys.argv[1]))
"""

Curve = dict[int, float]


def start(arguments: dict[str, Any]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, json.dumps(arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until(
    process: subprocess.Popen[bytes], due: Callable[[], bool], timeout_s: float = 120
) -> None:
    end = time.monotonic() + timeout_s
    while not due():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < end, "the run never got so far"
        time.sleep(0.005)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Gives the process no chance to tidy up."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL


def curves(run: Path) -> dict[str, Curve]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    names = ("loss", "gradient_norm", "learning_rate", "validation_loss")
    return {name: {row["step"]: row[name] for row in rows if name in row} for name in names}


def assert_same_curves(resumed: Path, whole: Path) -> None:
    for name, expected in curves(whole).items():
        found = curves(resumed)[name]
        assert list(found) == list(expected)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-4)


def n_lines(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.read_text().count("\n") if path.exists() else 0


@pytest.mark.slow
def test_a_killed_run_resumes_on_the_same_curve(tmp_path: Path) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    # So many steps that it would go on for minutes.
    process = start({"run": str(run), "num_steps": 100_000})
    wait_until(process, lambda: n_lines(run) >= 7)
    kill(process)
    n_steps = 5 * (n_lines(run) + 4)
    run_toy(run=run, num_steps=n_steps, resume=True)
    run_toy(run=whole, num_steps=n_steps)
    assert_same_curves(run, whole)
    assert (run / "model/metadata.json").exists()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_it_survives_kills_at_random_moments_while_it_saves(tmp_path: Path) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"
    # Checkpoints and models are written all the time, so a kill is likely to hit a write.
    arguments = {"num_steps": 300, "checkpoint_every": 1, "validate_every": 2, "keep": 2}
    generator = random.Random(4)
    for _ in range(3):
        before = n_lines(run)
        resume = (run / "settings.json").exists()
        process = start({**arguments, "run": str(run), "resume": resume})
        # From its first line on, so that no moment is lost on imports: each writes something.
        wait_until(process, lambda before=before: n_lines(run) > before)
        time.sleep(generator.uniform(0.0, 1.5))
        kill(process)
    run_toy(run=run, resume=True, **arguments)
    run_toy(run=whole, **arguments)
    assert_same_curves(run, whole)
