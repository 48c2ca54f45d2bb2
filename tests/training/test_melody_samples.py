"""The melody at each validation: played with the weights that count, and without a trace."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_toys import ToyModel

from ddsp_tf.audio import read_audio
from ddsp_tf.plotting import make_figure

Train = Callable[..., Any]
RATE = 4000


class Played:
    """A melody before and after."""

    sample_rate = input_sample_rate = RATE
    input_audio = np.zeros(400, np.float32)

    def __init__(self, level: float) -> None:
        self.audio = np.full(400, level, np.float32)

    def figure(self, title: str | None = None) -> Any:
        return make_figure(width=1, title=title)[0]


class Listener:
    """Plays a constant, draws random numbers as a player may, and remembers the weights."""

    def __init__(self) -> None:
        self.weights: list[list[np.ndarray]] = []

    def __call__(self, instrument: Any) -> Played:
        keras.random.normal([3])
        tf.random.normal([3])
        self.weights.append(instrument.model.get_weights())
        return Played(len(self.weights) / 100.0)


def losses(run: Path) -> list[float]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [value for row in rows for key, value in row.items() if "loss" in key]


@pytest.mark.slow
def test_training_is_the_same_with_and_without_also_resumed(
    train_toy: Train, tmp_path: Path
) -> None:
    settings = {"num_steps": 20, "ema_decay": 0.9}
    train_toy(run=tmp_path / "without", **settings)
    train_toy(transfer=Listener(), **{**settings, "num_steps": 10})
    train_toy(transfer=Listener(), resume=True, **settings)
    expected = losses(tmp_path / "without")
    np.testing.assert_allclose(losses(tmp_path / "run"), expected, rtol=1e-5)


@pytest.mark.slow
def test_each_validation_is_heard_and_the_first_and_the_last_ten_stay(
    train_toy: Train, tmp_path: Path
) -> None:
    listener = Listener()
    result = train_toy(num_steps=24, validate_every=2, ema_decay=0.9, transfer=listener)
    samples = tmp_path / "run/samples"
    kept = {f"transfer-{2 * n:08d}{x}" for n in (1, *range(3, 13)) for x in (".wav", ".png")}
    assert {path.name for path in samples.iterdir()} == {"melody.wav", *kept}
    for n in (1, 12):
        sound, rate = read_audio(samples / f"transfer-{2 * n:08d}.wav")
        assert rate == RATE
        np.testing.assert_allclose(sound, n / 100.0, atol=1e-4)
    # As in the saved model, the weights are the averaged ones.
    saved = np.load(tmp_path / "run/model/weights.npz")
    best = listener.weights[result.best_step // 2 - 1]
    for name, weights in zip(saved.files, best, strict=True):
        np.testing.assert_array_equal(saved[name], weights)


def test_a_model_that_takes_more_or_less_than_melodies_plays_none(
    train_toy: Train, tmp_path: Path
) -> None:
    model, listener = ToyModel(), Listener()
    model.takes_melodies = False
    train_toy(num_steps=10, transfer=listener, model=model)
    assert not listener.weights
    assert not (tmp_path / "run/samples/melody.wav").exists()
