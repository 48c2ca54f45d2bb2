"""`ddsp-tf export`: an instrument for other programs."""

from pathlib import Path

import click

from ddsp_tf.cli.export_targets import TARGETS, Order
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.terminal import Terminal

_LISTED = "\n".join(f"  {name:<12} {target.summary}" for name, target in TARGETS.items())

_HELP = f"""Write MODEL (a run, a model folder, or a shipped instrument) for other programs.

Every export is compared with Python, and nothing is written if it differs. Its metadata says what
it is, and how closely it equals Python; `ddsp-tf inspect` reads it.

\b
Targets:
{_LISTED}

\b
Examples:
  ddsp-tf export runs/violin -o violin_saved_model/
  ddsp-tf export violin --target onnx -o violin_onnx/
  ddsp-tf export violin --target litert --quantize int8 -o violin_phone/
  ddsp-tf export violin --target c --quantize int8 -o violin_c/
  ddsp-tf export violin --target web -o site/
  ddsp-tf export violin --target plugin -o plugins/ --build
"""


@click.command(name="export", short_help="Write an instrument for other programs.", help=_HELP)
@click.argument("model")
@click.option(
    "--target",
    type=click.Choice(list(TARGETS)),
    default="saved_model",
    show_default=True,
    help="The format.",
)
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where it goes: a folder, or a file where the target is one.",
)
@click.option(
    "--quantize",
    type=click.Choice(["float16", "int8"]),
    help="Store weights in fewer bits. What that costs in sound is measured.",
)
@click.option(
    "--trim",
    "trim_db",
    type=click.FloatRange(0.0, 60.0),
    metavar="DB",
    help="With --target native: play so much softer in juce-ddsp, which is too loud as it is.",
)
@click.option(
    "--build",
    is_flag=True,
    help="With --target plugin: compile VST3, CLAP and LV2 with the folder's instruments inside.",
)
@overwrite_option
@reporting
def command(
    terminal: Terminal,
    model: str,
    target: str,
    output: Path,
    quantize: str | None,
    trim_db: float | None,
    build: bool,
    overwrite: bool,
) -> None:
    """See `_HELP`."""
    from ddsp_tf.files import check_writable

    TARGETS[target].check(target, output, quantize, trim_db=trim_db, build=build)
    if not TARGETS[target].adds:
        check_writable(output, overwrite=overwrite)
    if build:
        from ddsp_tf.export.plugin.build import check_buildable

        check_buildable(output, overwrite=overwrite)
    from ddsp_tf.models import Instrument

    instrument = Instrument.load(model)
    with terminal.progress("Exporting") as advance:
        report = TARGETS[target].write(
            Order(instrument, output, overwrite, quantize, advance, name_of(model), trim_db)
        )
    terminal.say(f"{output} {report}")
    built = {}
    if build:
        from ddsp_tf.export.plugin.build import build_plugins

        with terminal.progress("Compiling") as advance:
            plugins = build_plugins(output, overwrite=overwrite, progress=advance)
        terminal.say(str(plugins))
        built = {"build": plugins.to_dict()}
    terminal.result({"output": str(output), "target": target, "parity": report.to_dict(), **built})


def name_of(model: str) -> str:
    """Gives an instrument's name: a shipped one's own, or that of its run or folder."""
    path = Path(model).resolve()
    return path.parent.name if path.name == "model" else path.name
