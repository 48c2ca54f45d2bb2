"""`ddsp-tf evaluate`: how close an instrument comes to held-out recordings."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ddsp_tf.cli.chosen_timbre import load_with_timbre
from ddsp_tf.cli.exit_codes import report_failures
from ddsp_tf.cli.given_data import GivenData
from ddsp_tf.cli.options import overwrite_option, reporting, timbre_options
from ddsp_tf.cli.terminal import Terminal
from ddsp_tf.errors import ArgumentError
from ddsp_tf.files import FolderSort

if TYPE_CHECKING:
    from ddsp_tf.models import Instrument

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
    multiple=True,
    metavar="[NAME=]FOLDER",
    help="A dataset made by `ddsp-tf prepare`. Several, each with the name of its instrument: a "
    "line for each.",
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
@timbre_options
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    model: str,
    data: tuple[str, ...],
    split: str,
    output: Path | None,
    baselines: bool,
    compared: tuple[str, ...],
    melodies: tuple[str, ...],
    save_audio: bool,
    timbre: str | None,
    timbre_from: str | None,
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
      ddsp-tf evaluate runs/two --data violin=violin_data/ --data flute=flute_data/
      ddsp-tf evaluate runs/two --timbre flute --data flute_data/
    """
    if save_audio and output is None:
        raise ArgumentError("--save-audio needs a folder to write to: add -o FOLDER.")
    from ddsp_tf.cli.comparing import Comparing
    from ddsp_tf.data import Dataset
    from ddsp_tf.evaluation import evaluate
    from ddsp_tf.files import check_folder, write_json, write_text
    from ddsp_tf.plotting import save_figure

    if output is not None:
        check_folder(output, sort=_EVALUATION, overwrite=overwrite)
    folders = _folders(compared)
    given = GivenData.parse(data)
    instrument = load_with_timbre(model, timbre, timbre_from)
    if given.folder is None:
        if baselines or folders or melodies or timbre or timbre_from:
            raise click.UsageError(
                "--baselines, --compare, --transfer and --timbre are for one dataset without a "
                "name: --data FOLDER."
            )
        _evaluate_several(terminal, instrument, given, split, output, save_audio, overwrite)
        return
    dataset = Dataset.open(given.folder)
    comparing = Comparing(
        instrument, dataset, split, folders, melodies, baselines=baselines, terminal=terminal
    )
    with _written_into(output, overwrite=overwrite) as folder:
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


def _written_into(output: Path | None, *, overwrite: bool) -> Any:
    """The folder that an evaluation is written into, whole or not at all; nothing without one."""
    from ddsp_tf.files import atomic_directory

    if output is None:
        return nullcontext()
    return atomic_directory(output, sort=_EVALUATION, overwrite=overwrite)


def _evaluate_several(
    terminal: Terminal,
    instrument: "Instrument",
    given: GivenData,
    split: str,
    output: Path | None,
    save_audio: bool,
    overwrite: bool,
) -> None:
    """Measures each instrument of a model, or one model, on each of several datasets."""
    from ddsp_tf.data import Dataset
    from ddsp_tf.evaluation import evaluate_instruments
    from ddsp_tf.files import write_json, write_text
    from ddsp_tf.inference.timbres import choose_timbre, timbre_names
    from ddsp_tf.plotting import save_figure

    datasets = {name: Dataset.open(folder) for name, folder in given.named.items()}
    several = bool(timbre_names(instrument))
    instruments = {
        name: choose_timbre(instrument, {name: 1.0}) if several else instrument for name in datasets
    }
    with _written_into(output, overwrite=overwrite) as folder:
        keep = _audio_writer(folder / "audio" if save_audio else None, instrument.model.sample_rate)
        with terminal.progress("Evaluating") as advance:
            reports = evaluate_instruments(
                instruments, datasets, split=split, keep=keep, progress=advance
            )
        terminal.say(reports.table())
        terminal.result(reports.to_dict())
        if output is not None:
            write_text(folder / "evaluation.txt", reports.table() + "\n")
            write_json(folder / "evaluation.json", reports.to_dict())
            for number, report in enumerate(reports.reports.values()):
                figure = report.figures()["spectrogram-0"]
                save_figure(figure, folder / f"spectrogram-{number}.png")
    if output is not None:
        terminal.say(f"Written to {output}/")


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
