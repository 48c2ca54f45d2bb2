"""`ddsp-tf configs`: the gin files that ship with the package."""

import re

import click

from ddsp_tf.cli.options import reporting
from ddsp_tf.cli.terminal import Terminal


@click.group(name="configs", short_help="List the packaged gin files, or show one.")
def command() -> None:
    """List the packaged gin files, or show what one comes to.

    \b
    Examples:
      ddsp-tf configs list
      ddsp-tf configs show models/solo_instrument.gin
      ddsp-tf configs show models/solo_instrument.gin --merged --gin-param 'Schedule.batch_size=8'
    """


@command.command(name="list")
@reporting
def list_configs(terminal: Terminal) -> None:
    """List the packaged gin files and what each is for.

    \b
    Examples:
      ddsp-tf configs list
      ddsp-tf configs list --json
    """
    from ddsp_tf.config import find_gin_file, packaged_configs

    purposes = {
        name: _purpose(find_gin_file(name).read_text(encoding="utf-8"))
        for name in packaged_configs()
    }
    terminal.table("", ["file", "what it is for"], [list(item) for item in purposes.items()])
    terminal.result(purposes)


@command.command(name="show")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--gin-param",
    "--gin_param",
    "gin_params",
    multiple=True,
    metavar="NAME=VALUE",
    help="A setting that wins over the files. Repeatable; implies --merged.",
)
@click.option("--merged", is_flag=True, help="Show all that is bound, with includes resolved.")
@reporting
def show_config(
    terminal: Terminal, files: tuple[str, ...], gin_params: tuple[str, ...], merged: bool
) -> None:
    """Show gin files as they are, or what they come to together.

    \b
    Examples:
      ddsp-tf configs show models/small_instrument.gin
      ddsp-tf configs show my.gin --merged
      ddsp-tf configs show my.gin --gin-param 'Schedule.batch_size=8'
    """
    from ddsp_tf import config

    if merged or gin_params:
        text = config.parse(files, gin_params).text
    else:
        text = "\n".join(config.find_gin_file(name).read_text(encoding="utf-8") for name in files)
    terminal.say(text.rstrip())
    terminal.result({"files": list(files), "text": text})


def _purpose(text: str) -> str:
    """The first sentence of a file's header comment."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("#") or not line.strip("# "):
            break
        lines.append(line.strip("# "))
    return re.split(r"(?<!et al)\. ", " ".join(lines))[0].rstrip(".")
