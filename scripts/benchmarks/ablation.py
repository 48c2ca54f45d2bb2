"""Trains the small instrument with and without each part of the recipe, all for as long.

Every variant and seed gets one core for the same minutes; as many run side by side as `--jobs`
says. What is finished is kept in the folder and not trained again; a run that was stopped goes on.

Example:
    python scripts/benchmarks/ablation.py violin_dataset/ -o ablation/ --docs docs/quality.md
"""

import json
import queue
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import numpy as np
from report import replace_block

from ddsp_tf.errors import DdspError
from ddsp_tf.files import write_text

BEGIN = "<!-- ablation: written by scripts/benchmarks/ablation.py -->"
END = "<!-- end of the ablation -->"
CONFIG = "models/small_instrument.gin"
PARTS = {
    "cosines of pitch and loudness": {"RnnFcDecoder.input_cosines": "0"},
    "a decaying room": {"Reverb.decay_s": "None"},
    "small batches at a higher rate": {
        "Schedule.batch_size": "8",
        "Optimization.learning_rate": "1e-3",
        "Optimization.warmup_steps": "0",
    },
    "the loudness in the loss": {"SpectralLoss.loudness_weight": "0.0"},
    "averaged weights": {"Optimization.ema_decay": "None"},
}
"""Parts of the recipe, and the bindings that take each away."""
COLUMNS = (
    ("spectral_distance", "spectral distance", "{:.2f}"),
    ("log_mel_l1", "log-mel L1", "{:.2f}"),
    ("loudness_db", "loudness, dB", "{:.2f}"),
    ("mean_cents", "f0 mean, cents", "{:.1f}"),
    ("median_cents", "f0 median, cents", "{:.1f}"),
    ("raw_pitch_accuracy", "raw pitch accuracy", "{:.1%}"),
)


def variants() -> dict[str, dict[str, str]]:
    """Gives the bindings of each variant: nothing, everything, and all but one part."""
    without = {f"without {part}": bindings for part, bindings in PARTS.items()}
    none = {name: value for bindings in PARTS.values() for name, value in bindings.items()}
    return {"the recipe": {}, **without, "none of them": none}


@click.command()
@click.argument("dataset", type=click.Path(exists=True, path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Runs.")
@click.option("--minutes", default=25.0, show_default=True, help="Of each training.")
@click.option("--seeds", default=2, show_default=True, help="Trainings of each variant.")
@click.option("--jobs", default=2, show_default=True, help="Trainings at a time, one core each.")
@click.option("--only", multiple=True, type=click.Choice(list(variants())), help="Variants.")
@click.option("--docs", type=click.Path(exists=True, path_type=Path), help="Page with the table.")
def measure(
    dataset: Path,
    output: Path,
    minutes: float,
    seeds: int,
    jobs: int,
    only: tuple[str, ...],
    docs: Path | None,
) -> None:
    """Measures what each part of the recipe is worth on the held-out recordings of DATASET."""
    cores: queue.Queue[int] = queue.Queue()
    for core in range(jobs):
        cores.put(core)
    chosen = {name: bindings for name, bindings in variants().items() if name in (only or [name])}
    runs = {(name, seed): _folder(output, name, seed) for seed in range(seeds) for name in chosen}
    output.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        work = [
            pool.submit(_train, dataset, run, chosen[name], seed, minutes, cores)
            for (name, seed), run in runs.items()
        ]
        for job in work:
            job.result()
    results = {key: _measured(run) for key, run in runs.items()}
    table = _table(results, list(chosen), seeds, minutes, jobs)
    click.echo(table)
    if docs is not None:
        page = replace_block(docs.read_text(encoding="utf-8"), table, begin=BEGIN, end=END)
        write_text(docs, page, overwrite=True)


def _folder(output: Path, name: str, seed: int) -> Path:
    return output / f"{name.replace(' ', '_')}-{seed}"


def _train(
    dataset: Path,
    run: Path,
    bindings: dict[str, str],
    seed: int,
    minutes: float,
    cores: "queue.Queue[int]",
) -> None:
    if (run / "held_out.json").exists():
        return
    core = cores.get()
    settings = {
        **bindings,
        "Schedule.seed": str(seed),
        "Limits.max_minutes": str(minutes),
        "Limits.num_steps": "1000000",
        "Schedule.validate_every": "200",
    }
    arguments = ["train", "--gin-file", CONFIG, "--data", str(dataset), "--run", str(run)]
    for name, value in settings.items():
        arguments += ["--gin-param", f"{name}={value}"]
    if (run / "checkpoints").exists():
        arguments.append("--resume")
    click.echo(f"training {run.name} on core {core}")
    evaluation = run / "held_out"
    try:
        _command(arguments, core, run.with_suffix(".log"))
        click.echo(f"measuring {run.name}")
        arguments = ["evaluate", str(run), "--data", str(dataset), "-o", str(evaluation)]
        _command([*arguments, "--overwrite"], core, run.with_suffix(".log"))
        (evaluation / "evaluation.json").replace(run / "held_out.json")
    finally:
        cores.put(core)


def _command(arguments: list[str], core: int, log: Path) -> None:
    with log.open("a", encoding="utf-8") as file:
        subprocess.run(
            ["taskset", "-c", str(core), sys.executable, "-m", "ddsp_tf", *arguments],
            check=True,
            stdout=file,
            stderr=subprocess.STDOUT,
        )


def _measured(run: Path) -> dict[str, Any]:
    """Gives the figures of a run's best model, and how many steps it took."""
    figures: dict[str, Any] = json.loads((run / "held_out.json").read_text("utf-8"))["overall"]
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return {**figures, "steps": max(json.loads(line)["step"] for line in lines)}


def _table(
    results: dict[tuple[str, int], dict[str, Any]],
    names: list[str],
    seeds: int,
    minutes: float,
    jobs: int,
) -> str:
    one = next(iter(results.values()))
    lines = [
        f"{minutes:g} minutes on one core each, {jobs} side by side; {seeds} seeds. Means on "
        f"{one['seconds']:.0f} s of held-out recordings, in brackets the least and the largest.",
        "",
        "| | steps | " + " | ".join(head for _, head, _ in COLUMNS) + " |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name in names:
        found = [results[name, seed] for seed in range(seeds)]
        steps = f"{np.mean([figures['steps'] for figures in found]):.0f}"
        cells = [_cell([figures[key] for figures in found], text) for key, _, text in COLUMNS]
        lines.append(f"| {name} | {steps} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: list[float], text: str) -> str:
    middle = text.format(np.mean(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({text.format(min(values))} to {text.format(max(values))})"


if __name__ == "__main__":
    try:
        measure()
    except DdspError as error:
        sys.exit(f"Error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"Error: a training failed; its log is beside its run. {error}")
