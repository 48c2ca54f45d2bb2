"""Runs of a toy model, without the instruments and pictures that have tests of their own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
from training_toys import ToyDataset, ToyInstrument, ToyModel, l1

from ddsp_tf.training import TrainResult, train
from ddsp_tf.training.summaries import Summaries


@pytest.fixture
def train_toy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., TrainResult]:
    """Trains a `ToyModel` in `tmp_path / "run"`; every argument of `train` can be given."""
    monkeypatch.setattr("ddsp_tf.models.Instrument", ToyInstrument, raising=False)
    monkeypatch.setattr(Summaries, "validation", lambda *_: None)

    def run(**arguments: Any) -> TrainResult:
        keras.utils.set_random_seed(3)
        model = arguments.pop("model", None) or ToyModel()
        defaults = {
            "data": ToyDataset(),
            "run": tmp_path / "run",
            "num_steps": 20,
            "batch_size": 4,
            "clip_s": 0.2,
            "learning_rate": 1e-2,
            "log_every": 5,
            "validate_every": 10,
            "checkpoint_every": 10,
        }
        return train(model, arguments.pop("loss", l1), **{**defaults, **arguments})

    return run
