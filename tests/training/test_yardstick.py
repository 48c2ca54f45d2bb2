"""Losses are compared with their like: a run resumed with other data, objective or clips."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from training_toys import ToyDataset

from ddsp_tf.losses import Compare, SpectralLoss
from ddsp_tf.training import TrainResult

Train = Callable[..., Any]


class Louder(ToyDataset):
    """Other recordings, which no model of the first ones plays as well."""

    def __init__(self) -> None:
        super().__init__()
        self.info = {"checksum": "1" * 64}

    def _batch(self, *arguments: Any) -> dict:
        batch = super()._batch(*arguments)
        return {**batch, "audio": 5.0 * batch["audio"]}


def rows(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def l2(target: tf.Tensor, audio: tf.Tensor) -> tf.Tensor:
    return 1000.0 * tf.reduce_mean(tf.square(target - audio))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": Louder()}, "the dataset is another one"),
        ({"loss": l2}, "the objective is another one"),
        ({"objective": Compare(SpectralLoss(fft_lengths=(64,)))}, "the objective is another one"),
        ({"clip_s": 0.4}, "`clip_s` is another one (0.2 there, 0.4 here)"),
    ],
)
def test_the_best_model_is_measured_again_and_the_run_goes_on(
    train_toy: Train,
    finished_run: Path,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, Any],
    words: str,
) -> None:
    best = min(row["validation_loss"] for row in rows(finished_run) if "validation_loss" in row)
    result = train_toy(num_steps=40, patience=10, resume=True, **change)
    assert words in caplog.text
    again = next(row for row in rows(finished_run) if "measured_again" in row)
    assert again["measured_again"] != pytest.approx(best, rel=1e-3)
    assert f"{again['measured_again']:.4g} on held-out data, not {best:.4g}" in caplog.text
    after = [
        row["validation_loss"]
        for row in rows(finished_run)
        if "validation_loss" in row and row["step"] > 20
    ]
    assert result.step == 40
    assert result.best_loss == min([again["measured_again"], *after])
    # It learns by the new measure, and the model that is kept is the best by it.
    assert result.best_step > 20
    about = json.loads((finished_run / "model/metadata.json").read_text())["training"]
    assert about["step"] == result.best_step


def test_the_same_yardstick_is_not_spoken_of(
    train_toy: Train, finished_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train_toy(num_steps=30, resume=True, batch_size=8, learning_rate=1e-3)
    assert "measured again" not in caplog.text
    assert not any("measured_again" in row for row in rows(finished_run))


def test_a_run_of_an_older_version_is_measured_again(
    train_toy: Train, finished_run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for path in finished_run.glob("checkpoints/*/state.json"):
        content = json.loads(path.read_text())
        del content["state"]["yardstick"], content["state"]["first_loss"]
        path.write_text(json.dumps(content))
    train_toy(num_steps=30, resume=True)
    assert "what it was measured with is not recorded" in caplog.text
    again = next(row for row in rows(finished_run) if "measured_again" in row)
    best = min(row["validation_loss"] for row in rows(finished_run) if "validation_loss" in row)
    assert again["measured_again"] >= best


def test_without_the_best_checkpoint_the_next_counts(
    train_toy: Train, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train_toy(num_steps=10)
    astray = {"learning_rate": 1.0, "gradient_clip_norm": None}
    first = train_toy(num_steps=20, resume=True, **astray)
    assert first.best_step == 10
    folder = next((tmp_path / "run/checkpoints").glob(f"*{first.best_step:08d}"))
    (folder / "state.json").write_text("{")
    result = train_toy(num_steps=40, resume=True, data=Louder(), learning_rate=1e-3)
    assert f"The checkpoint of the best step ({first.best_step}) is gone" in caplog.text
    assert result.best_step > 20


def result_of(**losses: float | None) -> TrainResult:
    known = {"best_loss": 3.0, "last_loss": 3.5, "first_loss": 15.0, **losses}
    return TrainResult(Path("run"), "num_steps", 10, 1.0, 4, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("losses", "diverged", "learned_nothing"),
    [
        ({}, False, False),
        ({"last_loss": 2e8}, True, False),
        ({"last_loss": 2e8, "best_loss": 1e8}, True, True),
        ({"first_loss": None, "best_loss": None, "last_loss": None}, False, False),
        ({"best_loss": -3.0, "last_loss": -1.0, "first_loss": 2.0}, False, False),
    ],
)
def test_a_loss_that_exploded_is_known(
    losses: dict[str, Any], diverged: bool, learned_nothing: bool
) -> None:
    result = result_of(**losses)
    assert (result.diverged, result.learned_nothing) == (diverged, learned_nothing)


@pytest.mark.slow
def test_a_run_that_goes_astray_says_so(train_toy: Train) -> None:
    well = train_toy(num_steps=40, overwrite=False)
    assert not well.diverged
    astray = train_toy(
        num_steps=40, overwrite=True, learning_rate=30.0, gradient_clip_norm=None, validate_every=2
    )
    assert np.isfinite(astray.last_loss)
    assert astray.diverged
