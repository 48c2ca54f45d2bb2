"""One step: the right gradient, clipped, the same on one device and on two."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from training_toys import ToyDataset, ToyModel, in_settings, l1

from ddsp_tf.errors import ArgumentError
from ddsp_tf.losses import Compare, Objectives, SpectralLoss
from ddsp_tf.training import Trainer, get_strategy

BATCH = next(iter(ToyDataset().batches(batch_size=4, clip_s=0.2)))


def trainer(**arguments: Any) -> Trainer:
    keras.utils.set_random_seed(1)
    model = arguments.pop("model", None) or ToyModel(noise=arguments.pop("noise", 0.01))
    objective = arguments.pop("objective", None) or Compare(l1)
    settings, others = in_settings({"learning_rate": 1.0, "decay_rate": 1.0, **arguments})
    descent = dataclasses.replace(settings["optimization"], optimizer=keras.optimizers.SGD)
    if "seed" in arguments:
        others["seed"] = arguments["seed"]
    return Trainer(model, objective, descent, **others)


def weights(model: keras.Model) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


@pytest.mark.parametrize(("limit", "scale"), [(1e-3, "limit"), (1e3, "whole"), (None, "whole")])
def test_the_gradient_is_clipped_to_its_global_norm(limit: float | None, scale: str) -> None:
    one = trainer(gradient_clip_norm=limit)
    one.build(BATCH)
    before = weights(one.model)
    norm = float(one.step(BATCH)["gradient_norm"])
    moved = np.linalg.norm(weights(one.model) - before)
    assert norm > 1e-3
    assert moved == pytest.approx(limit if scale == "limit" else norm, rel=1e-4)


def test_noise_differs_from_step_to_step_but_not_from_run_to_run() -> None:
    seeds = []
    for seed in (5, 5, 6):
        # Nothing is learnt, so that only the noise can change the loss.
        one = trainer(noise=1.0, learning_rate=1e-30, seed=seed)
        seeds.append([float(one.step(BATCH)["loss"]) for _ in range(3)])
    assert len(set(seeds[0])) == 3
    assert seeds[0] == seeds[1]
    assert not set(seeds[0]) & set(seeds[2])


def test_each_term_of_the_loss_is_reported_and_they_sum_to_it() -> None:
    def two_terms(batch: Any, outputs: Any) -> dict[str, tf.Tensor]:
        audio = outputs["audio"]
        return {"near": l1(batch["audio"], audio), "far": tf.reduce_mean(tf.square(audio))}

    one = trainer(objective=two_terms)
    assert one.has_phases is False
    result = one.step(BATCH)
    assert set(result) == {"loss", "loss_near", "loss_far", "gradient_norm"}
    total = float(result["loss_near"]) + float(result["loss_far"])
    assert float(result["loss"]) == pytest.approx(total)


def test_validation_changes_nothing_and_uses_the_average() -> None:
    one = trainer(ema_decay=0.9)
    for _ in range(3):
        one.step(BATCH)
    before = weights(one.model)
    plain = float(one.losses(BATCH)[0]["loss"])
    with one.averaged():
        averaged = float(one.losses(BATCH)[0]["loss"])
        assert not np.allclose(weights(one.model), before)
    assert averaged != plain
    assert float(one.losses(BATCH)[0]["loss"]) == plain
    assert one.n_steps == 3
    np.testing.assert_array_equal(weights(one.model), before)


@pytest.mark.parametrize(("xla", "expected"), [("auto", True), (True, True), (False, False)])
def test_xla_is_switched_at_the_model(xla: Any, expected: bool) -> None:
    model = ToyModel()
    model.jit_network = None
    trainer(model=model, xla=xla)
    assert model.jit_network is expected


def test_compiled_losses_take_the_same_step() -> None:
    def step(**arguments: Any) -> tuple[float, np.ndarray]:
        one = trainer(objective=Objectives([Compare(SpectralLoss(fft_lengths=(64,)))]), **arguments)
        return float(one.step(BATCH)["loss"]), weights(one.model)

    loss, moved = step()
    compiled_loss, compiled_moved = step(xla_losses=True)
    assert compiled_loss == pytest.approx(loss, rel=1e-5)
    np.testing.assert_allclose(compiled_moved, moved, rtol=1e-5)


def test_arguments_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ArgumentError, match="`xla` is True, but the model has no `jit_network`"):
        trainer(xla=True)
    with pytest.raises(ArgumentError, match="`xla` must be 'auto', True or False"):
        trainer(xla="fast")
    with pytest.raises(ArgumentError, match="`gradient_clip_norm` must be above 0 or None"):
        trainer(gradient_clip_norm=0.0)
    with pytest.raises(ArgumentError, match=r"compares two sounds. Pass `losses.Compare"):
        trainer(objective=SpectralLoss())
    with pytest.raises(ArgumentError, match=r"give a dictionary of terms; this one gave `.*Tensor"):
        trainer(objective=lambda batch, outputs: tf.constant(0.0)).step(BATCH)
    with pytest.raises(ArgumentError, match="`strategy` must be one of 'single', 'mirrored'"):
        get_strategy("cluster")


def test_only_batches_that_devices_can_share_are_split() -> None:
    one = trainer()
    batches = tf.data.Dataset.from_tensors({"audio": tf.zeros([4, 3])})
    assert one.distribute(batches) is batches
    # A strategy of two devices, which this process doesn't have.
    one.strategy = SimpleNamespace(
        num_replicas_in_sync=2, experimental_distribute_dataset=lambda split: split
    )
    (batch,) = one.distribute(batches)
    assert batch["audio"].shape == (4, 3)
    with pytest.raises(ArgumentError, match="`batch_size` is 3, which 2 devices can't share"):
        one.distribute(tf.data.Dataset.from_tensors({"audio": tf.zeros([3, 4])}))


_TWO_DEVICES = """
import json, sys
import keras, numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from training_toys import ToyDataset, ToyModel, l1, run_toy
from ddsp_tf.errors import ArgumentError, TrainingError
from ddsp_tf.losses import Compare
from ddsp_tf.training import Optimization, Trainer, adversarial_phases
from worker_toys import discriminator

result = {}
for name, devices in (("one", ["CPU:0"]), ("two", ["CPU:0", "CPU:1"])):
    strategy = tf.distribute.MirroredStrategy(devices)
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = ToyModel(noise=0.0)
    adam = Optimization(1e-2, gradient_clip_norm=0.05)
    both = {"generator": adam, "critic": adam}
    phases = adversarial_phases(discriminator(), Compare(l1), weight=0.1, **both)
    average = Optimization(ema_decay=0.9)
    trainer = Trainer(model, Compare(l1), average, phases=phases, strategy=strategy)
    batches = iter(trainer.distribute(ToyDataset().batches(batch_size=4, clip_s=0.2)))
    losses = [trainer.step(next(batches)) for _ in range(20)]
    with trainer.averaged():
        average = np.concatenate([w.ravel() for w in model.get_weights()]).tolist()
    result[name] = {
        "losses": [[float(l[name]) for name in sorted(l)] for l in losses],
        "weights": np.concatenate([w.ravel() for w in model.get_weights()]).tolist(),
        "average": average,
    }
try:
    trainer.distribute(ToyDataset().batches(batch_size=3, clip_s=0.2))
except ArgumentError as error:
    result["uneven"] = str(error)
try:
    outside = ToyModel(noise=0.0)
    batch = next(iter(ToyDataset().batches(batch_size=1, clip_s=0.2)))
    outside(batch | {"noise_seed": tf.constant(0)})
    run_toy(model=outside, run=sys.argv[1] + "/outside", strategy=strategy)
except TrainingError as error:
    result["outside"] = str(error)
if sys.argv[2] == "resume":
    for steps, resume in ((10, False), (20, True)):
        with strategy.scope():
            model = ToyModel()
        options = {"run": sys.argv[1] + "/run", "strategy": strategy, "ema_decay": 0.9}
        result["steps"] = run_toy(model=model, num_steps=steps, resume=resume, **options).step
print(json.dumps(result))
"""


def on_two_devices(folder: Path, what: str) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-c", _TWO_DEVICES, str(folder), what],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return dict(json.loads(finished.stdout.splitlines()[-1]))


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one(tmp_path: Path) -> None:
    result = on_two_devices(tmp_path, "steps")
    one, two = result["one"], result["two"]
    assert np.shape(one["losses"]) == (20, 9)
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-4)
    for name in ("weights", "average"):
        np.testing.assert_allclose(two[name], one[name], rtol=2e-4, atol=2e-5)
    assert "`batch_size` is 3, which 2 devices can't share evenly" in result["uneven"]
    assert "was created outside the strategy" in result["outside"]


@pytest.mark.slow
def test_a_run_on_two_devices_resumes(tmp_path: Path) -> None:
    assert on_two_devices(tmp_path, "resume")["steps"] == 20
