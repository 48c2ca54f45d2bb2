"""`ddsp-tf instruments`: what ships with the package."""

from typing import Any

import click

from ddsp_tf.cli.options import reporting
from ddsp_tf.cli.terminal import Terminal


@click.command(name="instruments", short_help="List the shipped instruments.")
@reporting
def command(terminal: Terminal) -> None:
    """List the shipped instruments: range, training data, licence and measured quality.

    \b
    Examples:
      ddsp-tf instruments
      ddsp-tf instruments --json
    """
    raise NotImplementedError
