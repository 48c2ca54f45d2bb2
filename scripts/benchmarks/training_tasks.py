"""Prepares training steps of ddsp_tf, and recurrences alone."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from worker_loop import Work

from ddsp_tf import config
from ddsp_tf.allocator import return_freed_memory, return_large_memory
from ddsp_tf.nn import Gru
from ddsp_tf.training import Trainer

SAMPLE_RATE, HOP_LENGTH, N_FRAMES = 16000, 64, 1000

Batch = dict[str, tf.Tensor]


def random_batch(size: int) -> Batch:
    """Clips of four seconds: noise, with the features of no instrument in particular."""
    rng = np.random.default_rng(0)
    frames = (size, N_FRAMES, 1)
    return {
        "audio": tf.constant(0.1 * rng.standard_normal((size, N_FRAMES * HOP_LENGTH)), tf.float32),
        "f0_hz": tf.constant(rng.uniform(100.0, 800.0, frames), tf.float32),
        "f0_confidence": tf.ones(frames),
        "loudness_db": tf.constant(rng.uniform(-80.0, -20.0, frames), tf.float32),
    }


PUBLISHED = "papers/iclr2020/solo_instrument.gin"


def build_trainer(bindings: Sequence[str]) -> Trainer:
    """A trainer as `ddsp-tf train` makes it, of the solo instrument with other numbers."""
    return trainer_of([PUBLISHED], bindings)


def trainer_of(files: Sequence[str], bindings: Sequence[str] = ()) -> Trainer:
    """A trainer as `ddsp-tf train` makes it."""
    settings = config.parse(list(files), bindings)
    return Trainer(settings.build_model(), settings.build_objective(), xla_losses=True)


def training_step(
    batch_size: int, bindings: Sequence[str] = (), file: str = PUBLISHED
) -> tuple[Work, dict[str, Any]]:
    """One step, as `ddsp-tf train` takes it: model, loss, gradient, clipping and Adam."""
    return_large_memory()
    trainer, batch = trainer_of([file], bindings), random_batch(batch_size)
    # The rooms that a dataset names; any other model passes them over.
    batch["room"] = tf.cast(tf.range(batch_size)[:, tf.newaxis] % 2, tf.float32)
    trainer.build(batch)
    smallest = min(trainer.model.trainable_variables, key=lambda variable: variable.shape[0])

    def work() -> None:
        float(trainer.step(batch)["loss"])
        # The step is over when the weights are written.
        np.asarray(smallest)

    work()
    return_freed_memory()
    return work, {
        "n_parameters": trainer.model.decoder.count_params(),
        "n_frames": batch_size * N_FRAMES,
    }


def recurrence(
    formulation: str, batch_size: int, n_frames: int, units: int
) -> tuple[Work, dict[str, Any]]:
    """A GRU over frames of twice its width, forward and backward.

    Args:
        formulation: "trained", as a trainer runs it; "graph", without XLA; "keras", Keras' own.
        batch_size: Sequences.
        n_frames: Their length.
        units: Size of the state.
    """
    inputs = tf.random.stateless_normal([batch_size, n_frames, 2 * units], [1, 2])
    layer = keras.layers.GRU(units, return_sequences=True) if formulation == "keras" else Gru(units)
    layer.build(inputs.shape)
    weights = [weight.value for weight in layer.trainable_variables]
    if hasattr(layer, "jit_compile"):
        on_cpu = not tf.config.list_logical_devices("GPU")
        layer.jit_compile = formulation == "trained" and on_cpu

    @tf.function(autograph=False)
    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            size = tf.reduce_sum(outputs if formulation == "keras" else outputs[0])
        return tape.gradient(size, [inputs, *weights])

    def work() -> None:
        for gradient in step():
            float(tf.reshape(gradient, [-1])[0])

    return work, {}
