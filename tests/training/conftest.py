"""Runs of a toy model, without the instruments and pictures that have tests of their own."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from training_toys import run_toy

from ddsp_tf.training import TrainResult


@pytest.fixture
def train_toy(tmp_path: Path) -> Iterator[Callable[..., TrainResult]]:
    """Trains a `ToyModel` in `tmp_path / "run"`; every argument of `train` can be given."""

    def run(**arguments: Any) -> TrainResult:
        return run_toy(**{"run": tmp_path / "run", **arguments})

    return run


@pytest.fixture(scope="session")
def _finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("finished") / "run"
    run_toy(run=path, num_steps=20)
    return path


@pytest.fixture
def finished_run(_finished_run: Path, tmp_path: Path) -> Path:
    """A copy, in `tmp_path / "run"`, of a run of 20 steps with checkpoints at 10 and 20."""
    shutil.copytree(_finished_run, tmp_path / "run")
    return tmp_path / "run"
