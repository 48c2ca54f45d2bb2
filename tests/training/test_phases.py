"""Phases: each trains its own weights with its own optimiser, in turn, alternating, or together."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_toys import ToyDataset, ToyModel, l1, run_toy

from ddsp_tf.errors import ArgumentError, TrainingError
from ddsp_tf.losses import Compare, Wasserstein
from ddsp_tf.training import Optimization, Phase, Trainer, adversarial_phases

Train = Callable[..., Any]
BATCH = next(iter(ToyDataset().batches(batch_size=4, clip_s=0.2)))
FAST, SLOWER = Optimization(1e-2), Optimization(8e-3)


def level(batch: Any, outputs: Any) -> dict[str, tf.Tensor]:
    return {"level": tf.reduce_mean(tf.square(outputs["audio"]))}


def two_phases(**second: Any) -> list[Phase]:
    return [
        Phase(Compare(l1), "hidden", ["model/*hidden*"], FAST, n_steps=3),
        Phase(
            level, "gains", ["model/*", "!model/*hidden*"], SLOWER, **{"start_step": 3, **second}
        ),
    ]


def by_layer(model: ToyModel) -> dict[str, list[np.ndarray]]:
    layers = {"hidden": model.hidden, "gains": model.gains}
    return {name: [w.numpy() for w in layer.weights] for name, layer in layers.items()}


def toy_model() -> ToyModel:
    keras.utils.set_random_seed(1)
    return ToyModel()


def test_phases_in_turn_train_just_their_weights() -> None:
    model = toy_model()
    trainer = Trainer(model, Compare(l1), phases=two_phases())
    assert trainer.has_phases is True
    trainer.build(BATCH)
    begun = by_layer(model)
    assert trainer.learning_rate == pytest.approx(1e-2)
    first = [trainer.step(BATCH) for _ in range(3)][-1]
    between = by_layer(model)
    assert trainer.learning_rate == pytest.approx(8e-3)
    second = [trainer.step(BATCH) for _ in range(2)][-1]
    ended = by_layer(model)
    assert set(first) == {"loss", "loss_hidden", "loss_hidden_l1", "gradient_norm_hidden"}
    assert set(second) == {"loss", "loss_gains", "loss_gains_level", "gradient_norm_gains"}
    for name, (before, after) in {"hidden": (between, ended), "gains": (begun, between)}.items():
        for old, new in zip(before[name], after[name], strict=True):
            np.testing.assert_array_equal(old, new)
    for name, (before, after) in {"hidden": (begun, between), "gains": (between, ended)}.items():
        for old, new in zip(before[name], after[name], strict=True):
            assert np.any(old != new), name


def test_phases_alternate_and_share_batches() -> None:
    shared = [
        Phase(Compare(l1), "often", optimization=FAST),
        Phase(level, "seldom", optimization=FAST, every=2, start_step=1),
    ]
    trainer = Trainer(toy_model(), Compare(l1), phases=shared)
    results = [trainer.step(BATCH) for _ in range(4)]
    assert ["loss_seldom" in result for result in results] == [False, True, False, True]
    both = results[1]
    assert float(both["loss"]) == pytest.approx(
        float(both["loss_often"]) + float(both["loss_seldom"])
    )


class Scale(keras.Model):
    """Makes numbers of a mean and a deviation that it learns."""

    sample_rate, hop_length = 4000, 40

    def __init__(self) -> None:
        super().__init__()
        self.mean = self.add_weight(name="mean", shape=(), initializer="zeros")
        self.deviation = self.add_weight(name="deviation", shape=(), initializer="ones")
        self.built = True

    def call(self, batch: Any, training: bool = False) -> dict[str, tf.Tensor]:
        seed = tf.stack([batch["noise_seed"], 3])
        normal = tf.random.stateless_normal(tf.shape(batch["audio"]), seed)
        return {"audio": self.mean + self.deviation * normal}


def test_a_least_squares_gan_finds_a_mean_and_a_deviation() -> None:
    keras.utils.set_random_seed(0)
    critic = keras.Sequential([keras.layers.Dense(32, "leaky_relu"), keras.layers.Dense(1)])
    rate = Optimization(1e-2, decay_rate=0.5, decay_steps=300)
    phases = adversarial_phases(critic, generator=rate, critic=rate)
    model = Scale()
    distance = Compare(lambda target, made: tf.abs(tf.reduce_mean(target) - tf.reduce_mean(made)))
    trainer = Trainer(model, distance, phases=phases)
    rng = np.random.default_rng(0)
    for _ in range(900):
        trainer.step({"audio": tf.constant(rng.normal(3.0, 0.5, [256, 1]), tf.float32)})
    assert float(model.mean) == pytest.approx(3.0, abs=0.15)
    assert abs(float(model.deviation)) == pytest.approx(0.5, abs=0.15)
    held = {name for name, group in trainer.variables().items() if group}
    assert held == {"model", "optimizer_discriminator", "optimizer_generator", "objective"}
    assert len(trainer.variables()["objective"]) == 4


def test_a_generator_may_begin_alone() -> None:
    phases = adversarial_phases(keras.layers.Dense(1), level, start_step=2)
    assert [p.name for p in phases] == ["before", "discriminator", "generator"]
    assert [[p.name for p in phases if p.is_due(step)] for step in (1, 2)] == [
        ["before"],
        ["discriminator", "generator"],
    ]


def test_a_generator_may_begin_with_another_objective_and_the_critic_be_of_another_kind() -> None:
    first, then = Compare(l1), level
    phases = adversarial_phases(
        keras.layers.Dense(1), then, before=first, start_step=2, kind=Wasserstein
    )
    assert [phase.name for phase in phases] == ["before", "discriminator", "generator"]
    assert phases[0].objective is first
    assert isinstance(phases[1].objective.adversarial, Wasserstein)
    assert [phase.is_due(1) for phase in phases] == [True, False, False]
    assert [phase.is_due(2) for phase in phases] == [False, True, True]


def curves(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    ignored = ("steps_per_s", "minutes")
    return [{k: v for k, v in json.loads(line).items() if k not in ignored} for line in lines]


def phased_run(run: Path, **arguments: Any) -> Any:
    """A run of a GAN and a phase before it, on the toy data."""
    keras.utils.set_random_seed(3)
    critic = keras.Sequential([keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
    before = Phase(Compare(l1), "before", ["model/*hidden*"], FAST, n_steps=7)
    others = adversarial_phases(critic, Compare(l1), generator=FAST, critic=FAST)
    late = [
        Phase(p.objective, p.name, p.weights, p.optimization, start_step=7, every=i + 1)
        for i, p in enumerate(others)
    ]
    late[1] = Phase(late[1].objective, "generator", ("model/*",), FAST, start_step=7)
    return run_toy(run=run, model=toy_model(), phases=[before, *late], **arguments)


@pytest.mark.parametrize("stop", [3, pytest.param(13, marks=pytest.mark.slow)])
def test_a_run_resumes_in_the_middle_of_a_phase(tmp_path: Path, stop: int) -> None:
    phased_run(tmp_path / "whole", num_steps=20, ema_decay=0.9)
    phased_run(tmp_path / "run", num_steps=stop, ema_decay=0.9)
    result = phased_run(tmp_path / "run", num_steps=20, resume=True, ema_decay=0.9)
    assert result.step == 20
    whole = curves(tmp_path / "whole")
    resumed = [line for line in curves(tmp_path / "run") if line["step"] != stop]
    assert [line["step"] for line in resumed] == [line["step"] for line in whole]
    for one, other in zip(resumed, whole, strict=True):
        assert one == pytest.approx(other, rel=1e-5)


_KILLED = """
import sys
from pathlib import Path
from test_phases import phased_run
phased_run(Path(sys.argv[1]), num_steps=100_000, checkpoint_every=1)
"""


@pytest.mark.slow
def test_a_run_killed_in_a_phase_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(run)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 120
    while not list(run.glob("checkpoints/step-00000013")):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    n_steps = 5 * (max(int(p.name[5:]) for p in run.glob("checkpoints/step-*")) // 5 + 2)
    phased_run(run, num_steps=n_steps, resume=True, checkpoint_every=1)
    phased_run(tmp_path / "whole", num_steps=n_steps, checkpoint_every=1)
    for one, other in zip(curves(run), curves(tmp_path / "whole"), strict=True):
        assert one == pytest.approx(other, rel=1e-4)


def test_other_phases_are_other_settings(tmp_path: Path) -> None:
    phased_run(tmp_path / "run", num_steps=10)
    with pytest.raises(TrainingError, match=r"other settings: `phases` is \{.*there, null here"):
        run_toy(run=tmp_path / "run", model=toy_model(), resume=True)


class TestRefuses:
    def test_weights_that_are_not_there(self) -> None:
        wrong = [Phase(level, "room", ["model/*reverb*"])]
        with pytest.raises(
            ArgumentError, match=r"phase `room`: `model/\*reverb\*` matches nothing. T"
        ):
            Trainer(toy_model(), level, phases=wrong).build(BATCH)
        none = [Phase(level, "nothing", ["model/*", "!model/*"])]
        with pytest.raises(ArgumentError, match="`nothing` trains nothing"):
            Trainer(toy_model(), level, phases=none).build(BATCH)

    def test_steps_without_a_phase(self, train_toy: Train) -> None:
        with pytest.raises(ArgumentError, match="No phase is due at step 6"):
            train_toy(phases=[Phase(level, "short", n_steps=6)])
        with pytest.raises(ArgumentError, match="Phases need names of their own"):
            train_toy(phases=[Phase(level, "a"), Phase(level, "a")])

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"name": "a b"}, "`name` should be letters"),
            ({"start_step": -1}, "`start_step` must be 0 or more"),
            ({"n_steps": 0}, "`n_steps` must be 1 or more"),
            ({"every": 0}, "`every` must be 1 or more"),
            ({"optimization": Optimization(ema_decay=0.9)}, "The average is of the whole run"),
        ],
    )
    def test_values_outside_their_range(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ArgumentError, match=message):
            Phase(**{"objective": level, "name": "a", **arguments})
