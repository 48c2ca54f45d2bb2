"""Trains one instrument with each of four synthesisers for the same processor time, and compares.

The networks, noise, room, loss and batches are those of `models/small_instrument.gin`; what differs
is what takes the place of the harmonics. First the processor time of a training step is measured,
all four in one process and in turns. Then each is trained for the steps that fit into the same
processor time, and measured on what was held out (`ddsp-tf evaluate`). Last, the share of one core
that each takes when it plays in blocks of one frame.

A training that was stopped goes on where it was, and a longer one goes on from a shorter one.

Example:
    ddsp-tf prepare recordings/violin/*.flac violin_data/ --eval-fraction 0.17 \
        --gin-param 'PrepareSettings.split_by="file"'
    python scripts/compare_synthesizers.py violin_data/ --work synthesizers/ --cpu-minutes 7
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from ddsp_tf import config, training
from ddsp_tf.data import Dataset
from ddsp_tf.files import write_json
from ddsp_tf.inference.streaming import Streamer
from ddsp_tf.models import Instrument

SYNTHESIZERS = {
    "harmonics": "models/small_instrument.gin",
    "wavetables": "papers/shan2022/violin.gin",
    "fm": "papers/caspe2022/violin.gin",
    "waveshaping": "papers/hayes2021/violin.gin",
}
N_TIMED = 7
N_BLOCKS, BLOCK_FRAMES = 300, 5


@click.command()
@click.argument("dataset", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Runs and results.")
@click.option("--cpu-minutes", default=7.0, show_default=True, help="Of training steps, each.")
@click.option("--only", multiple=True, type=click.Choice(list(SYNTHESIZERS)), help="To be trained.")
@click.option("--seed", default=0, show_default=True, help="Another seed, another WORK.")
def compare(
    dataset: Path, work: Path, cpu_minutes: float, only: tuple[str, ...], seed: int
) -> None:
    """Measures, trains and evaluates, and writes WORK/results.json."""
    work.mkdir(parents=True, exist_ok=True)
    costs_file = work / "step_costs.json"
    if not costs_file.exists():
        write_json(costs_file, measure_steps(dataset))
    costs = json.loads(costs_file.read_text(encoding="utf-8"))
    results: dict[str, Any] = {}
    for name in only or SYNTHESIZERS:
        n_steps = int(60.0 * cpu_minutes / costs[name])
        run = work / name
        resume = ["--resume"] if run.exists() else ["--gin-file", SYNTHESIZERS[name]]
        _command(
            *("train", "--data", str(dataset), "--run", str(run), *resume),
            *("--gin-param", f"Limits.num_steps={n_steps}"),
            *("--gin-param", "train.transfer=None", "--gin-param", f"Schedule.seed={seed}"),
        )
        report = work / f"{name}_evaluation"
        _command("evaluate", str(run), "--data", str(dataset), "-o", str(report), "--overwrite")
        results[name] = {
            "step_cpu_s": costs[name],
            "n_steps": n_steps,
            "streaming_share": streaming_share(Instrument.load(run).model),
        }
        click.echo(f"{name}: {results[name]}")
    write_json(work / "results.json", results, overwrite=True)


def measure_steps(dataset: Path) -> dict[str, float]:
    """Gives the median processor time of a step in seconds, the models taking turns."""
    batch = next(iter(Dataset.open(dataset).batches("train", batch_size=4, clip_s=4.0, seed=0)))
    trainers = {}
    for name, gin_file in SYNTHESIZERS.items():
        parsed = config.parse([gin_file])
        model = parsed.build_model()
        trainer = training.Trainer(
            model, parsed.build_objective(), parsed.call(training.Optimization)
        )
        trainer.build(batch)
        for _ in range(2):  # The first is traced and compiled.
            float(trainer.step(batch)["loss"])
        trainers[name] = trainer
    times: dict[str, list[float]] = {name: [] for name in trainers}
    for _ in range(N_TIMED):
        for name, trainer in trainers.items():
            begun = time.process_time()
            float(trainer.step(batch)["loss"])
            times[name].append(time.process_time() - begun)
    return {name: float(np.median(x)) for name, x in times.items()}


def streaming_share(model: Any) -> float:
    """Gives the processor time of blocks of sound, decoder included, in parts of their length."""
    streamer = Streamer(model, block_frames=BLOCK_FRAMES)
    f0_hz, loudness_db = np.full([1, BLOCK_FRAMES], 300.0), np.full([1, BLOCK_FRAMES], -20.0)
    times = []
    for _ in range(N_BLOCKS):
        begun = time.process_time()
        streamer.process(f0_hz, loudness_db)
        times.append(time.process_time() - begun)
    return float(np.median(times)) * model.sample_rate / (BLOCK_FRAMES * model.hop_length)


def _command(*arguments: str) -> None:
    """Runs `ddsp-tf`; stops when it fails or is interrupted."""
    click.echo(f"ddsp-tf {' '.join(arguments)}")
    done = subprocess.run([sys.executable, "-m", "ddsp_tf", *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    compare()
