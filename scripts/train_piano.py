"""Makes the piano that ships: measures its strings, trains in two parts, and publishes.

RECORDINGS is a folder with `notes/`, recordings of single notes such as `060_MF.flac`, and
recordings of music, each with its score, a MIDI file of its name, beside it. What was trained is
not trained again, and a training that was stopped goes on where it was: the same command resumes.

Example:
    python scripts/train_piano.py recordings/piano --measure
    python scripts/train_piano.py recordings/piano --work piano/
"""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from ddsp_tf.errors import ArgumentError, DdspError

PRESET = Path(__file__).parents[1] / "ddsp_tf" / "presets" / "piano"
RECIPES = {"notes": "papers/renault2022/piano.gin", "scores": "papers/renault2022/piano_scores.gin"}
PLAYED = ("N_VOICES=16", "VELOCITY_EXPONENT=2.0")
"""What a piano that is played has, and one that is trained hasn't: see `velocity_exponent`."""


@click.command()
@click.argument("recordings", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--measure", is_flag=True, help="Print `MEASURED` for the recipe, and end.")
@click.option("--work", type=click.Path(path_type=Path), help="Where the runs go.")
@click.option("--output", default=PRESET, type=click.Path(path_type=Path), help="Where it goes.")
@click.option("--gin_param", "gin_params", multiple=True, help="Overrides of both trainings.")
def train_piano(
    recordings: Path, measure: bool, work: Path | None, output: Path, gin_params: tuple[str, ...]
) -> None:
    """Trains with RECORDINGS, and publishes the best model."""
    notes = recordings / "notes"
    if measure:
        print_measured(notes)
        return
    if work is None:
        raise ArgumentError("`--work` should name a folder for the runs.")
    music = sorted(path for path in recordings.glob("*.flac") if path.with_suffix(".mid").is_file())
    named = {
        "notes": [f"NOTES={str(notes)!r}"],
        "scores": [
            f"NOTES={str(notes)!r}",
            f"RECORDINGS={list(map(str, music))!r}",
            f"train.start_from={str(work / 'notes')!r}",
        ],
    }
    for part, recipe in RECIPES.items():
        _train(recipe, work / part, [*named[part], "train.xla=False", *gin_params])
    from publish_piano import publish

    publish(work / "scores", notes, music, output)
    click.echo(f"piano: published in {output}")


def print_measured(notes: Path) -> None:
    """Prints B and the pitch of each key, the median over its notes that are trained on."""
    from ddsp_tf.data.note_recordings import NoteRecordings
    from ddsp_tf.evaluation.inharmonicity import measure_inharmonicity

    recorded = NoteRecordings(notes, leave_out_every=4)
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for key, dynamic in recorded.taken:
        tempered_hz = 440.0 * 2.0 ** ((key - 69) / 12)
        part = recorded.sound(key, dynamic, 16000)[1600:33600]
        fit = measure_inharmonicity(part, sample_rate=16000, expected_hz=tempered_hz)
        cents = 1200.0 * float(np.log2(fit.f0_hz / tempered_hz))
        found[key].append((fit.inharmonicity, cents))
    click.echo("MEASURED = (")
    for key, fits in sorted(found.items()):
        b, cents = np.median(fits, axis=0)
        click.echo(f"    ({key}, {b:.3e}, {cents:.2f}),")
    click.echo(")")


def _train(recipe: str, run: Path, gin_params: list[str]) -> None:
    overrides = [part for value in gin_params for part in ("--gin-param", value)]
    resume = ["--resume"] if run.exists() else []
    arguments: list[Any] = ["train", "--gin-file", recipe, "--run", run, *resume, *overrides]
    click.echo(f"ddsp-tf train --gin-file {recipe} --run {run}")
    command = [sys.executable, "-m", "ddsp_tf", *map(str, arguments)]
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(status)


if __name__ == "__main__":
    try:
        train_piano()
    except DdspError as error:
        sys.exit(f"Error: {error}")
