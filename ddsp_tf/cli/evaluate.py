"""`ddsp-tf evaluate`: how close an instrument comes to held-out recordings."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from ddsp_tf.cli.exit_codes import report_failures
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal
from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import FolderSort

_OWN_NAMES = ("recording", "analysis", "model")
_EVALUATION = FolderSort(
    "an evaluation",
    "evaluation.json",
    keys={"split": None, "recordings": None},
    files=(
        "evaluation.txt",
        "comparison.md",
        "spectrogram-*.png",
        "f0-and-loudness-*.png",
        "audio/*.flac",
    ),
)


@click.command(name="evaluate", short_help="Measure a model on held-out recordings.")
@click.argument("model")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="A dataset made by `ddsp-tf prepare`.",
)
@click.option(
    "--split",
    type=click.Choice(["eval", "train"]),
    default="eval",
    show_default=True,
    help="Which part of it.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Also write the tables, the numbers as JSON, and plots.",
)
@click.option(
    "--baselines",
    is_flag=True,
    help="Compare with the recordings themselves and with the best the synthesiser could do.",
)
@click.option(
    "--compare",
    "compared",
    multiple=True,
    metavar="NAME=FOLDER",
    help="Compare with audio files named as the recordings. Repeatable.",
)
@click.option(
    "--transfer",
    "melodies",
    multiple=True,
    metavar="AUDIO",
    help="Also play these melodies, and measure what is kept of them. Repeatable.",
)
@click.option("--save-audio", is_flag=True, help="Also write every sound that was made.")
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    model: str,
    data: Path,
    split: str,
    output: Path | None,
    baselines: bool,
    compared: tuple[str, ...],
    melodies: tuple[str, ...],
    save_audio: bool,
    overwrite: bool,
) -> None:
    """Measure MODEL (a run, a model folder, or a shipped instrument) on held-out recordings.

    The model plays the pitch and loudness of each recording; its sound is compared with the
    recording: spectral distance, loudness error in dB, pitch error in cents, onsets, timbre.
    Whatever else plays the same recordings can enter the same table with --compare.

    \b
    Examples:
      ddsp-tf evaluate runs/violin --data dataset/
      ddsp-tf evaluate runs/violin --data dataset/ -o evaluation/
      ddsp-tf evaluate violin --data dataset/ --json
      ddsp-tf evaluate violin --data dataset/ --baselines --compare other=sounds/ -o comparison/
      ddsp-tf evaluate violin --data dataset/ --transfer melody --save-audio -o transfers/
    """
    if save_audio and output is None:
        raise ArgumentError("--save-audio needs a folder to write to: add -o FOLDER.")
    from ddsp_tf.cli.comparing import Comparing
    from ddsp_tf.data import Dataset
    from ddsp_tf.evaluation import evaluate
    from ddsp_tf.files import atomic_directory, check_folder, write_json, write_text
    from ddsp_tf.models import Instrument
    from ddsp_tf.plotting import save_figure

    if output is not None:
        check_folder(output, sort=_EVALUATION, overwrite=overwrite)
    folders = _folders(compared)
    instrument = Instrument.load(model)
    dataset = Dataset.open(data)
    comparing = Comparing(
        instrument, dataset, split, folders, melodies, baselines=baselines, terminal=terminal
    )
    context: Any = (
        nullcontext()
        if output is None
        else atomic_directory(output, sort=_EVALUATION, overwrite=overwrite)
    )
    with context as folder:
        keep = _audio_writer(folder / "audio" if save_audio else None, dataset.features.sample_rate)
        with terminal.progress("Evaluating") as advance:
            report = evaluate(
                instrument, dataset, split=split, keep=keep("model"), progress=advance
            )
        comparison = comparing.compare(report, keep) if comparing.asked else None
        results = report.to_dict()
        terminal.say(report.table())
        if comparison is not None:
            terminal.say("\n" + comparison.markdown().rstrip())
            results |= {"comparison": comparison.to_dict(), "failed": comparing.skipped}
        terminal.result(results)
        if output is not None:
            write_text(folder / "evaluation.txt", report.table() + "\n")
            write_json(folder / "evaluation.json", results)
            if comparison is not None:
                write_text(folder / "comparison.md", comparison.markdown())
            for name, figure in report.figures().items():
                save_figure(figure, folder / f"{name}.png")
    if output is not None:
        terminal.say(f"Written to {output}/")
    report_failures(comparing.skipped, n_done=comparing.n_melodies)


def _folders(compared: tuple[str, ...]) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for given in compared:
        name, separator, path = given.partition("=")
        if not (name and separator and path):
            raise ArgumentError(
                f"--compare takes NAME=FOLDER, for example --compare soundfont=sounds/; got "
                f"{given!r}."
            )
        if name in (*_OWN_NAMES, *folders) or "/" in name:
            raise ArgumentError(
                f"--compare can't call a folder {name!r}: the name is taken or has a slash. "
                "Choose another."
            )
        folders[name] = Path(path)
    return folders


def _audio_writer(folder: Path | None, sample_rate: int) -> Callable[[str], Any]:
    """Gives what to do with the sounds of a player, by its name: write them, or nothing."""
    from ddsp_tf.audio import write_audio

    def of_player(player: str) -> Any:
        if folder is None:
            return None

        def write(key: str, audio: Any) -> None:
            path = folder / player / f"{key}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_audio(path, audio, sample_rate, bit_depth=24, clip=True)

        return write

    return of_player
