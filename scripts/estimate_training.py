"""Says how long a training takes and what it costs, from steps that are timed here.

Example:
    python scripts/estimate_training.py papers/iclr2020/nsynth_autoencoder.gin --examples 289205 \\
        --devices 8 --price 2.5
"""

import statistics
import sys
import time
from pathlib import Path

import click
import numpy as np
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
from training_tasks import random_batch, trainer_of

# Keras sums what the trainer has summed once more, so that both may clip.
_N_SUMS = 2


def measure(gin_file: str, batch_size: int, n_steps: int) -> tuple[float, int]:
    """Seconds of a step on the devices here, and the bytes of the gradient."""
    trainer, batch = trainer_of([gin_file]), random_batch(batch_size)
    trainer.build(batch)
    weights = trainer.model.trainable_variables
    times = []
    for _ in range(n_steps + 2):
        start = time.perf_counter()
        float(trainer.step(batch)["loss"])
        np.asarray(min(weights, key=lambda weight: weight.shape[0] if weight.shape else 0))
        times.append(time.perf_counter() - start)
    # The first two trace and compile.
    return statistics.median(times[2:]), 4 * sum(int(np.prod(each.shape)) for each in weights)


@click.command()
@click.argument("gin_file")
@click.option("--batch", default=16, help="Examples a device takes in a step.")
@click.option("--examples", default=289_205, help="Clips in the dataset; NSynth has 289205.")
@click.option("--passes", default=10.0, help="How often each is heard.")
@click.option("--devices", default=1, help="How many like the one here.")
@click.option("--gigabits", default=10.0, help="What the network between machines carries.")
@click.option("--price", default=0.0, help="Of a device and hour, in any currency.")
@click.option("--steps", default=5, help="How many are timed.")
def main(
    gin_file: str,
    batch: int,
    examples: int,
    passes: float,
    devices: int,
    gigabits: float,
    price: float,
    steps: int,
) -> None:
    """Times steps of GIN_FILE on clips of 4 s, and reckons up a whole training."""
    seconds, n_bytes = measure(gin_file, batch, steps)
    n_steps = round(passes * examples / (batch * devices))
    # A ring sends each byte twice, whatever the number of machines; the bound is without overlap.
    network_s = _N_SUMS * 2.0 * n_bytes * 8.0 / (gigabits * 1e9) if devices > 1 else 0.0
    hours = n_steps * (seconds + network_s) / 3600.0
    device = tf.config.list_logical_devices()[-1].device_type
    click.echo(f"step here: {seconds:.3f} s for {batch} clips of 4 s ({device})")
    click.echo(
        f"gradient: {n_bytes / 1e6:.1f} MB, at most {network_s:.3f} s a step between machines"
    )
    click.echo(f"steps: {n_steps} of {batch * devices} clips")
    click.echo(f"hours: {hours:.1f} on {devices} device(s)")
    click.echo(f"cost: {hours * devices * price:.0f}")


if __name__ == "__main__":
    main()
