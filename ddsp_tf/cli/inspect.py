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
    """Say what PATH holds: an audio file, a MIDI file, a dataset, a run, a model, a shipped
    instrument, or what was exported.

    \b
    Examples:
      ddsp-tf inspect melody.wav --plot melody.png
      ddsp-tf inspect quartet.mid
      ddsp-tf inspect dataset/
      ddsp-tf inspect runs/violin --plot curves.png
      ddsp-tf inspect violin
      ddsp-tf inspect violin.tflite
    """
    from ddsp_tf.cli.inspections import inspect_path
    from ddsp_tf.errors import ArgumentError
    from ddsp_tf.files import check_writable

    if plot is not None:
        if plot.suffix.lower() not in (".png", ".svg", ".pdf"):
            raise ArgumentError(f"`--plot {plot}` should end in .png, .svg or .pdf.")
        check_writable(plot, overwrite=overwrite)
    with terminal.progress(f"Inspecting {path}") as advance:
        found = inspect_path(path, advance)
    terminal.say(f"{path}: {found.kind}")
    width = max(len(name) for name in found.facts)
    for name, value in found.facts.items():
        terminal.say(f"  {name:<{width}}  {value}")
    for warning in found.warnings:
        terminal.note(f"warning: {warning}")
    if plot is not None:
        from ddsp_tf.plotting import save_figure

        save_figure(found.draw(), plot, overwrite=overwrite)
        terminal.say(f"Drawn into {plot}")
    terminal.result({"path": path, "kind": found.kind, **found.values, "warnings": found.warnings})
