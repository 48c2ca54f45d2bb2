"""`ddsp-tf inspect`: what a file or folder holds."""

from pathlib import Path

import click

from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal


@click.command(name="inspect", short_help="Say and plot what a file or folder holds.")
@click.argument("path")
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="PNG", help="Also draw it into this file."
)
@overwrite_option
@reporting
def command(terminal: Terminal, path: str, plot: Path | None, overwrite: bool) -> None:
    """Say what PATH holds: an audio file, a dataset, a run, a model, or a shipped instrument.

    \b
    Examples:
      ddsp-tf inspect melody.wav --plot melody.png
      ddsp-tf inspect dataset/
      ddsp-tf inspect runs/violin --plot curves.png
      ddsp-tf inspect violin
    """
    raise NotImplementedError
