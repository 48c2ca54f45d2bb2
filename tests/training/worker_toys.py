"""A toy's adversarial training, as one process of several: what the tests of workers start."""

import json
import os
import time
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from training_toys import ToyDataset, ToyModel, l1, run_toy

from ddsp_tf.errors import TrainingError
from ddsp_tf.losses import Compare
from ddsp_tf.training import Optimization, TrainingStatus, adversarial_phases, get_strategy


class SlowDataset(ToyDataset):
    """Takes its time, so that a run can be hit in its middle."""

    def _batch(self, step: int, *others: Any) -> dict:
        time.sleep(0.05)
        return super()._batch(step, *others)


def discriminator() -> keras.Model:
    layers = [
        keras.layers.Reshape((-1, 40)),
        keras.layers.Dense(4, activation="tanh"),
        keras.layers.Dense(1),
    ]
    return keras.Sequential(layers)


def train_toy(strategy: tf.distribute.Strategy | str = "single", **arguments: Any) -> Any:
    """A model without noise, which would differ between devices, against a discriminator."""
    strategy = get_strategy(strategy)
    keras.utils.set_random_seed(4)
    with strategy.scope():
        model = ToyModel(noise=0.0)
        fast = Optimization(1e-2)
        phases = adversarial_phases(
            discriminator(), Compare(l1), weight=0.1, generator=fast, critic=fast
        )
    small = {"batch_size": 12, "log_every": 1, "validate_every": 10, "checkpoint_every": 5}
    chosen = {"data": SlowDataset(), "phases": phases, "ema_decay": 0.9, **small, **arguments}
    return run_toy(model=model, strategy=strategy, **chosen)


def work(run: Path, addresses: list[str], index: int, arguments: dict[str, Any]) -> None:
    """One process; leaves what it met in `run` with a suffix."""
    task = {"type": "worker", "index": index}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
    events = []

    def note(status: TrainingStatus) -> None:
        events.append([status.event, status.step])

    try:
        train_toy("multi_worker", run=run, progress=note, **arguments)
    except TrainingError as error:
        _leave(run, index, str(error))
        # As an error does in a script; multiprocessing would write a traceback.
        raise SystemExit(1) from error
    _leave(run, index, json.dumps(events))


def _leave(run: Path, index: int, text: str) -> None:
    run.with_name(f"{run.name}-{index}.txt").write_text(text, encoding="utf-8")
