"""Trains an instrument in several ways, each with several seeds, and compares them.

A study is a recipe and what changes in it: "parts", the small instrument with and without each part
of its recipe, all for as long; "ways", the shipped violin's and other ways to train it. Every
variant and seed gets one core; as many run side by side as `--jobs` says. What is finished is kept
in the folder and not trained again; a run that was stopped goes on.

Example:
    python scripts/benchmarks/ablation.py violin_dataset/ -o ablation/ --docs docs/quality.md
    python scripts/benchmarks/ablation.py violin_dataset/ -o ways/ --study ways
"""

import json
import queue
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
from report import replace_block

from ddsp_tf.errors import DdspError
from ddsp_tf.files import write_text

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

BEFORE = {
    "Limits.num_steps": "1200",
    "Optimization.decay_rate": "0.98",
    "Optimization.decay_steps": "1000",
    "Optimization.ema_decay": "0.999",
    "SpectralLoss.band_level_weight": "0.0",
    "SpectralLoss.loudness_weight": "0.3",
    "Rooms.impulse_response_length": "16000",
    "Rooms.decay_s": "0.5",
}
"""What the violin's recipe was before it had a falling rate, the levels of bands and long rooms."""

BANDS = {"SpectralLoss.band_level_weight": "0.5"}
LONGER = {"Rooms.impulse_response_length": "32000", "Rooms.decay_s": "1.0"}
FALLING = {
    "Limits.num_steps": "2400",
    "Optimization.decay_rate": "0.4",
    "Optimization.decay_steps": "800",
    "Optimization.ema_decay": "0.998",
}

WAYS = {
    "1,200 steps": BEFORE,
    "... with the levels of bands, by 0.5": {**BEFORE, **BANDS},
    "... 2,400 steps, the rate falling to a sixteenth": {**BEFORE, **FALLING},
    "... rooms of 2 s that fall in 1 s": {**BEFORE, **LONGER},
    "... levels of bands, 2,400 steps": {**BEFORE, **BANDS, **FALLING},
    "... levels of bands, 2,400 steps, rooms of 2 s": {**BEFORE, **BANDS, **FALLING, **LONGER},
    "... and the loudness by 0.4": {"SpectralLoss.band_level_weight": "0.5"},
    "**ships**: this, and bands by 0.7": {},
    "... 129 bands of noise": {**BEFORE, "N_NOISE_BANDS": "129"},
    "... differences from frame to frame, by 1": {**BEFORE, "SpectralLoss.delta_time_weight": "1"},
    "... convolutions and MLPs of 128": {
        **BEFORE,
        "DilatedConvDecoder.conv_channels": "128",
        "DilatedConvDecoder.channels": "128",
    },
    "... of 32": {
        **BEFORE,
        "DilatedConvDecoder.conv_channels": "32",
        "DilatedConvDecoder.channels": "32",
    },
    "... a sixth convolution, over 4 s": {
        **BEFORE,
        "DilatedConvDecoder.dilations": "[1, 3, 9, 27, 81, 243]",
    },
    "... convolutions that look 100 ms ahead": {
        **BEFORE,
        "DilatedConvDecoder.lookahead_frames": "25",
    },
}
"""Ways to train the shipped violin, and the bindings of each."""


class Study(NamedTuple):
    """A recipe, and what is changed in it."""

    config: str
    """The recipe."""
    variants: dict[str, dict[str, str]]
    """Bindings by what they do."""
    columns: tuple[str, ...]
    """Of `COLUMNS`."""
    minutes: float | None
    """Of each training; None: as many steps as it has."""
    title: str
    """What the page's markers call it."""


COLUMNS = {
    "spectral_distance": ("spectral distance", "{:.2f}"),
    "log_mel_l1": ("log-mel L1", "{:.2f}"),
    "mel_cepstral_db": ("MCD, dB", "{:.2f}"),
    "loudness_db": ("loudness, dB", "{:.2f}"),
    "mean_cents": ("f0 mean, cents", "{:.1f}"),
    "median_cents": ("f0 median, cents", "{:.1f}"),
    "raw_pitch_accuracy": ("raw pitch accuracy", "{:.1%}"),
    "octave_error_share": ("octave errors", "{:.2%}"),
    "onset_sharpness": ("onset sharpness", "{:.2f}"),
}
"""Figures of an evaluation, how they are called and written."""


def without_parts() -> dict[str, dict[str, str]]:
    """Gives the bindings of each variant of the parts: nothing, everything, and all but one."""
    without = {f"without {part}": bindings for part, bindings in PARTS.items()}
    none = {name: value for bindings in PARTS.values() for name, value in bindings.items()}
    return {"the recipe": {}, **without, "none of them": none}


STUDIES = {
    "parts": Study(
        "models/small_instrument.gin",
        without_parts(),
        (
            "spectral_distance",
            "log_mel_l1",
            "loudness_db",
            "mean_cents",
            "median_cents",
            "raw_pitch_accuracy",
        ),
        25.0,
        "ablation",
    ),
    "ways": Study("instruments/violin.gin", WAYS, tuple(COLUMNS), None, "ways"),
}


@click.command()
@click.argument("dataset", type=click.Path(exists=True, path_type=Path))
@click.option("--output", "-o", required=True, type=click.Path(path_type=Path), help="Runs.")
@click.option(
    "--study",
    "which",
    default="parts",
    show_default=True,
    type=click.Choice(list(STUDIES)),
    help="What is compared.",
)
@click.option("--minutes", type=float, help="Of each training; else those of the study.")
@click.option("--seeds", default=2, show_default=True, help="Trainings of each variant.")
@click.option("--jobs", default=2, show_default=True, help="Trainings at a time, one core each.")
@click.option("--only", multiple=True, help="Variants, as its table names them.")
@click.option("--docs", type=click.Path(exists=True, path_type=Path), help="Page with the table.")
def measure(
    dataset: Path,
    output: Path,
    which: str,
    minutes: float | None,
    seeds: int,
    jobs: int,
    only: tuple[str, ...],
    docs: Path | None,
) -> None:
    """Measures what each variant is worth on the held-out recordings of DATASET."""
    study = STUDIES[which]
    if minutes is not None:
        study = study._replace(minutes=minutes)
    unknown = [name for name in only if name not in study.variants]
    if unknown:
        raise click.BadParameter(
            f"There is no {', '.join(unknown)} in this study. There are: "
            f"{'; '.join(study.variants)}.",
            param_hint="--only",
        )
    cores: queue.Queue[int] = queue.Queue()
    for core in range(jobs):
        cores.put(core)
    chosen = [name for name in study.variants if name in (only or [name])]
    runs = {(name, seed): _folder(output, name, seed) for seed in range(seeds) for name in chosen}
    output.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        work = [
            pool.submit(_train, dataset, run, study, name, seed, cores)
            for (name, seed), run in runs.items()
        ]
        for job in work:
            job.result()
    results = {key: _measured(run) for key, run in runs.items()}
    table = _table(results, chosen, seeds, study, jobs)
    click.echo(table)
    if docs is not None:
        begin = f"<!-- {study.title}: written by scripts/benchmarks/ablation.py -->"
        end = f"<!-- end of the {study.title} -->"
        page = replace_block(docs.read_text(encoding="utf-8"), table, begin=begin, end=end)
        write_text(docs, page, overwrite=True)


def _folder(output: Path, name: str, seed: int) -> Path:
    words = re.findall(r"[\w.]*\w", name.replace(",", ""))
    return output / f"{'_'.join(words)}-{seed}"


def _train(
    dataset: Path, run: Path, study: Study, name: str, seed: int, cores: "queue.Queue[int]"
) -> None:
    if (run / "held_out.json").exists():
        return
    core = cores.get()
    settings = {**study.variants[name], "Schedule.seed": str(seed)}
    if study.minutes is not None:
        settings["Limits.max_minutes"] = str(study.minutes)
        settings["Limits.num_steps"] = "1000000"
        settings["Schedule.validate_every"] = "200"
    arguments = ["train", "--gin-file", study.config, "--data", str(dataset), "--run", str(run)]
    for key, value in settings.items():
        arguments += ["--gin-param", f"{key}={value}"]
    if (run / "checkpoints").exists():
        arguments.append("--resume")
    click.echo(f"training {run.name} on core {core}")
    evaluation, log = run / "held_out", run.parent / f"{run.name}.log"
    try:
        _command(arguments, core, log)
        click.echo(f"measuring {run.name}")
        arguments = ["evaluate", str(run), "--data", str(dataset), "-o", str(evaluation)]
        _command([*arguments, "--overwrite"], core, log)
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
    study: Study,
    jobs: int,
) -> str:
    one = next(iter(results.values()))
    lasting = "" if study.minutes is None else f"{study.minutes:g} minutes on "
    lines = [
        f"{lasting}one core each, {jobs} side by side; {seeds} seed{'s' * (seeds > 1)}. Means on "
        f"{one['seconds']:.0f} s of held-out recordings, in brackets the least and the largest.",
        "",
        "| | steps | " + " | ".join(COLUMNS[key][0] for key in study.columns) + " |",
        "|---" * (len(study.columns) + 2) + "|",
    ]
    lines[0] = lines[0][0].upper() + lines[0][1:]
    for name in names:
        found = [results[name, seed] for seed in range(seeds)]
        steps = f"{np.mean([figures['steps'] for figures in found]):.0f}"
        cells = [
            _cell([figures[key] for figures in found], COLUMNS[key][1]) for key in study.columns
        ]
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
