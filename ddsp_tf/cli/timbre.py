"""`ddsp-tf timbre`: one instrument out of a model that has several."""

from pathlib import Path

import click

from ddsp_tf.cli.chosen_timbre import load_with_timbre
from ddsp_tf.cli.options import overwrite_option, reporting, timbre_options
from ddsp_tf.cli.terminal import Terminal


@click.command(name="timbre", short_help="Make an instrument of a model that has several.")
@click.argument("model")
@timbre_options
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Where the instrument goes.",
)
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    model: str,
    timbre: str | None,
    timbre_from: str | None,
    output: Path,
    overwrite: bool,
) -> None:
    """Make an instrument of MODEL, which has several: one, what lies between, or like a recording.

    The instrument has no encoder any more: it plays live, renders scores and is exported as those
    are that were trained alone.

    \b
    Examples:
      ddsp-tf timbre runs/many --timbre violin:0.5,flute:0.5 -o violute/
      ddsp-tf timbre runs/many --timbre-from oboe.wav -o oboe/
      ddsp-tf render song.mid violute/ -o out/
    """
    if timbre is None and timbre_from is None:
        raise click.UsageError("Say which: --timbre violin:0.5,flute:0.5, or --timbre-from AUDIO.")
    from ddsp_tf.files import check_folder
    from ddsp_tf.models.instrument import INSTRUMENT

    check_folder(output, sort=INSTRUMENT, overwrite=overwrite)
    load_with_timbre(model, timbre, timbre_from).save(output, overwrite=overwrite)
    terminal.say(f"Written to {output}/. Play it: ddsp-tf transfer {output} melody -o out/")
    terminal.result({"instrument": str(output)})
