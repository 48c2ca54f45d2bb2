"""Times the small instrument's decoders in turns: alone, in a training step, and the loss beside.

Prints medians of wall time and of processor time, which other work on the machine changes less.

Example:
    python scripts/benchmarks/decoders.py
"""

import time
from collections.abc import Callable
from typing import Any

import click
import numpy as np
import tensorflow as tf
from profile_tasks import both_ways
from training_tasks import random_batch, trainer_of

from ddsp_tf.losses import framed_losses_of
from ddsp_tf.training import Trainer

MODELS = {"GRU": "small", "minimal GRUs": "parallel", "convolutions": "conv"}


def decoding(trainer: Trainer, batch_size: int) -> Callable[[], Any]:
    """The decoder alone, forward and backward."""
    decoder = trainer.model.decoder
    shape = [batch_size, 1000, 1]
    inputs = {key: tf.random.stateless_uniform(shape, [5, 6]) for key in decoder.input_keys}
    state = decoder.initial_state(batch_size)
    return both_ways(lambda x: decoder(x, state)[0], inputs, decoder)


def stepping(trainer: Trainer, batch_size: int) -> Callable[[], Any]:
    """A training step."""
    batch = random_batch(batch_size)
    smallest = min(trainer.model.trainable_variables, key=lambda variable: variable.shape[0])

    def work() -> None:
        float(trainer.step(batch)["loss"])
        # The step is over when the weights are written.
        np.asarray(smallest)

    return work


def judging(trainer: Trainer, batch_size: int, *, xla: bool) -> Callable[[], Any]:
    """The loss with its gradient."""
    target, audio = random_batch(batch_size)["audio"], random_batch(batch_size)["audio"][:, ::-1]
    for loss in framed_losses_of(trainer.objective):
        loss.jit_compile = xla

    @tf.function(autograph=False)
    def gradient(audio: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(audio)
            terms = trainer.objective({"audio": target}, {"audio": audio})
            total = tf.add_n(list(terms.values()))
        return tape.gradient(total, audio)

    return lambda: float(gradient(audio)[0, 0])


@click.command()
@click.option("--batch", default=8, show_default=True, help="Clips of four seconds.")
@click.option("--runs", default=7, show_default=True, help="Of each.")
def measure(batch: int, runs: int) -> None:
    """Times all in turns."""
    works: dict[str, Callable[[], Any]] = {}
    for name, model in MODELS.items():
        trainer = trainer_of([f"models/{model}_instrument.gin"])
        trainer.build(random_batch(batch))
        works[f"{name}: decoder, {trainer.model.decoder.count_params()} weights"] = decoding(
            trainer, batch
        )
        works[f"{name}: step"] = stepping(trainer, batch)
    for xla in (False, True):
        # Each with a loss of its own, which is traced at the first call.
        judge = trainer_of(["models/small_instrument.gin"])
        works["loss, by XLA" if xla else "loss"] = judging(judge, batch, xla=xla)
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(runs + 1):  # the first traces and compiles
        for name, work in works.items():
            wall, processor = time.perf_counter(), time.process_time()
            work()
            here = time.perf_counter() - wall, time.process_time() - processor
            spent[name].append(here)
    for name, times in spent.items():
        wall, processor = np.median(times[1:], axis=0)
        click.echo(f"{name:42s} {1e3 * wall:6.0f} ms  {1e3 * processor:6.0f} ms of processor time")


if __name__ == "__main__":
    measure()
