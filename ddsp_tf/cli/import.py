"""`ddsp-tf import`: instruments of magenta/ddsp's checkpoints."""

from pathlib import Path

import click

from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal


@click.command(name="import", short_help="Make an instrument of magenta/ddsp's checkpoint.")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FOLDER",
    help="The instrument's folder.",
)
@click.option(
    "--gin-file",
    "--gin_file",
    "gin_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The operative gin file. Default: the newest beside the checkpoint.",
)
@overwrite_option
@reporting
def command(
    terminal: Terminal, checkpoint: Path, output: Path, gin_file: Path | None, overwrite: bool
) -> None:
    """Make an instrument of CHECKPOINT, which magenta's ddsp wrote.

    CHECKPOINT is the folder of its run, or one `ckpt-N.index`. Models of pitch and loudness or
    power are read: solo, tiny, and those for DDSP-VST. ddsp needs not be installed.

    \b
    Examples:
      ddsp-tf import old_run/ -o flute/
      ddsp-tf import old_run/ckpt-30000.index --gin-file operative_config-0.gin -o flute/
      ddsp-tf transfer flute/ melody.wav -o out/
    """
    from ddsp_tf.config import read_magenta_gin
    from ddsp_tf.files import check_writable
    from ddsp_tf.models.magenta.checkpoint import MagentaCheckpoint
    from ddsp_tf.models.magenta.imported_instrument import imported_instrument

    check_writable(output, overwrite=overwrite)
    found = MagentaCheckpoint(checkpoint)
    settings = read_magenta_gin(gin_file or found.gin_file)
    instrument = imported_instrument(settings, found)
    instrument.save(output, overwrite=overwrite)
    n_weights = instrument.model.count_params()
    terminal.say(f"{output}: {n_weights:,} weights of {found.prefix}. Otherwise than there:")
    changes = instrument.metadata["changes"]
    for change in changes:
        terminal.say(f"  {change}")
    terminal.result({"output": str(output), "weights": n_weights, "changes": changes})
