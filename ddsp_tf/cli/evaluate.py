"""`ddsp-tf evaluate`: how close an instrument comes to held-out recordings."""

from pathlib import Path

import click

from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal


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
    help="Also write the table, the numbers as JSON, and plots.",
)
@overwrite_option
@reporting
def command(
    terminal: Terminal, model: str, data: Path, split: str, output: Path | None, overwrite: bool
) -> None:
    """Measure MODEL (a run, a model folder, or a shipped instrument) on held-out recordings.

    The model plays the pitch and loudness of each recording; its sound is compared with the
    recording: spectral distance, loudness error in dB, pitch error in cents.

    \b
    Examples:
      ddsp-tf evaluate runs/violin --data dataset/
      ddsp-tf evaluate runs/violin --data dataset/ -o evaluation/
      ddsp-tf evaluate violin --data dataset/ --json
    """
    from ddsp_tf.data import Dataset
    from ddsp_tf.files import atomic_directory, check_writable, write_json, write_text
    from ddsp_tf.models import Instrument
    from ddsp_tf.plotting import save_figure
    from ddsp_tf.training import evaluate

    if output is not None:
        check_writable(output, overwrite=overwrite)
    instrument = Instrument.load(model)
    dataset = Dataset.open(data)
    with terminal.progress("Evaluating") as advance:
        report = evaluate(instrument, dataset, split=split, progress=advance)
    terminal.say(report.table())
    terminal.result(report.to_dict())
    if output is None:
        return
    with atomic_directory(output, overwrite=overwrite) as folder:
        write_text(folder / "evaluation.txt", report.table() + "\n")
        write_json(folder / "evaluation.json", report.to_dict())
        for name, figure in report.figures().items():
            save_figure(figure, folder / f"{name}.png")
    terminal.say(f"Written to {output}/")
