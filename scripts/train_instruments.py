"""Makes the instruments that ship with the package, from recordings to `ddsp_tf/presets/`.

RECORDINGS is a folder with the recordings that the model cards name, in `instruments/NAME/` and
`assembled/`. What is prepared and trained is not done again, and a training that was stopped goes
on where it was: the same command resumes.

Example:
    python scripts/train_instruments.py recordings/ --work instruments/
    python scripts/train_instruments.py recordings/ --work instruments/ --only flute
"""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import click
from publish_instrument import write_run

from ddsp_tf.errors import ArgumentError, DdspError

PRESETS = Path(__file__).parents[1] / "ddsp_tf" / "presets"
BY_TIME = ("--gin-param", 'PrepareSettings.split_by="time"')
BY_FILE = ("--gin-param", 'PrepareSettings.split_by="file"', "--eval-fraction", "0.17")
HIGH_RATE = ("--gin-file", "data/high_rate.gin")
FIRST = ("models/small_instrument.gin", "Limits.num_steps=1600")


class Recipe(NamedTuple):
    """What an instrument is made of."""

    recordings: tuple[str, ...]
    """Patterns below the folder that holds all recordings."""
    prepare: tuple[str, ...] = BY_TIME
    """What `ddsp-tf prepare` is told."""
    first: tuple[str, ...] = ()
    """The configuration, and overrides, of a first training that its own begins with."""


RECIPES = {
    "violin": Recipe(("instruments/violin/*.flac",), BY_FILE),
    "violin_48k": Recipe(("instruments/violin/*bwv*.flac",), HIGH_RATE + BY_FILE),
    "flute": Recipe(("instruments/flute/*.flac", "assembled/flute_assembled.flac"), first=FIRST),
    "trumpet": Recipe(
        ("instruments/trumpet/*.flac", "assembled/trumpet_assembled.flac"), first=FIRST
    ),
    "saxophone": Recipe(
        (
            "instruments/saxophone_alto/notes/*.flac",
            "assembled/saxophone_alto_assembled.flac",
        )
    ),
    "saxophone_tenor": Recipe(
        ("instruments/saxophone_tenor/*.flac", "instruments/saxophone_tenor/notes/*.flac"), BY_FILE
    ),
    "cello": Recipe(
        ("instruments/cello/notes/*.flac", "assembled/cello_assembled.flac"), first=FIRST
    ),
    # What was recorded at 44.1 kHz or more.
    "flute_48k": Recipe(
        ("instruments/flute/medley*.flac", "instruments/flute/notes/*.flac"), HIGH_RATE + BY_FILE
    ),
    "trumpet_48k": Recipe(
        ("instruments/trumpet/medley*.flac", "instruments/trumpet/notes/*.flac"),
        HIGH_RATE + BY_FILE + ("--eval-fraction", "0.25"),
    ),
    "saxophone_48k": Recipe(("instruments/saxophone_alto/notes/*.flac",), HIGH_RATE + BY_FILE),
    "saxophone_tenor_48k": Recipe(
        ("instruments/saxophone_tenor/*.flac", "instruments/saxophone_tenor/notes/*.flac"),
        HIGH_RATE + BY_FILE,
    ),
    "cello_48k": Recipe(("instruments/cello/notes/*.flac",), HIGH_RATE + BY_FILE),
}


@click.command()
@click.argument("recordings", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Datasets and runs.")
@click.option("--only", multiple=True, type=click.Choice(sorted(RECIPES)), help="Instruments.")
@click.option("--output", default=PRESETS, type=click.Path(path_type=Path), help="Where they go.")
@click.option("--gin_param", "gin_params", multiple=True, help="Overrides of the training.")
def train_instruments(
    recordings: Path, work: Path, only: tuple[str, ...], output: Path, gin_params: tuple[str, ...]
) -> None:
    """Prepares, trains and publishes each instrument in turn."""
    for name in only or RECIPES:
        dataset = work / "datasets" / name
        run = work / "runs" / name
        if not (dataset / "dataset.json").exists():
            files = _files(recordings, RECIPES[name].recordings)
            _command("prepare", *map(str, files), str(dataset), *RECIPES[name].prepare)
        recipe, overrides = f"instruments/{name}.gin", gin_params
        if RECIPES[name].first:
            first = work / "runs" / f"{name}_first"
            _train(RECIPES[name].first[0], dataset, first, RECIPES[name].first[1:])
            overrides = (f'train.start_from="{first}"', *gin_params)
        _train(recipe, dataset, run, overrides)
        write_run(run, str(dataset), recipe, output / name, overwrite=True)
        click.echo(f"{name}: published in {output / name}")


def _train(recipe: str, dataset: Path, run: Path, overrides: tuple[str, ...]) -> None:
    """Trains, or goes on with a run that was begun."""
    resume = ["--resume"] if run.exists() else []
    params = [part for value in overrides for part in ("--gin-param", value)]
    _command(
        *("train", "--gin-file", recipe, *params, "--data", str(dataset)),
        *(*resume, "--run", str(run)),
    )


def _files(recordings: Path, patterns: tuple[str, ...]) -> list[Path]:
    files = []
    for pattern in patterns:
        found = sorted(recordings.glob(pattern))
        if not found:
            raise ArgumentError(
                f"No recording in {recordings} matches {pattern}. The sources are in the model "
                "card; `RECIPES` in this script says which folder each belongs in."
            )
        files += found
    return files


def _command(*arguments: str) -> None:
    """Runs `ddsp-tf`; stops when it fails or is interrupted."""
    click.echo("ddsp-tf " + arguments[0] + f" ({arguments[-1]})")
    status = subprocess.run([sys.executable, "-m", "ddsp_tf", *arguments], check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    try:
        train_instruments()
    except DdspError as error:
        sys.exit(f"Error: {error}")
