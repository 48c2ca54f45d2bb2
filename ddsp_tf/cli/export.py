"""`ddsp-tf export`: an instrument for other programs."""

from pathlib import Path

import click

from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal


@click.command(name="export", short_help="Write an instrument for other programs.")
@click.argument("model")
@click.option(
    "--target",
    type=click.Choice(["saved_model"]),
    default="saved_model",
    show_default=True,
    help="The format.",
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where it goes.",
)
@overwrite_option
@reporting
def command(terminal: Terminal, model: str, target: str, output: Path, overwrite: bool) -> None:
    """Write MODEL (a run, a model folder, or a shipped instrument) for other programs.

    A SavedModel needs TensorFlow alone, not ddsp_tf. It has the signatures
    `synthesize(f0_hz, loudness_db)` and `transfer(audio)`, for any length and batch. The export
    compares it with Python and writes nothing if they differ.

    \b
    Examples:
      ddsp-tf export runs/violin --target saved_model -o violin_saved_model/
      ddsp-tf export violin -o violin_saved_model/ --overwrite
    """
    from ddsp_tf.export import export_saved_model
    from ddsp_tf.files import check_writable
    from ddsp_tf.models import Instrument

    del target  # there is one so far
    check_writable(output, overwrite=overwrite)
    instrument = Instrument.load(model)
    with terminal.progress("Exporting") as advance:
        report = export_saved_model(instrument, output, overwrite=overwrite, progress=advance)
    terminal.say(f"{output} {report}")
    terminal.result({"output": str(output), "parity": report.to_dict()})
