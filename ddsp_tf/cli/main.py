"""The command `ddsp-tf`. Its help never imports TensorFlow."""

import atexit
import gc
import os
import signal
import sys

import click

from ddsp_tf.cli.exit_codes import INTERRUPTED, ended_by
from ddsp_tf.cli.lazy_group import LazyGroup
from ddsp_tf.cli.native_logs import silence_native_logs
from ddsp_tf.cli.terminal import accept_any_text, echo

COMMANDS = (
    "prepare",
    "train",
    "evaluate",
    "transfer",
    "render",
    "notes",
    "timbre",
    "stream",
    "process",
    "match",
    "separate",
    "export",
    "import",
    "demo",
    "inspect",
    "instruments",
    "configs",
)


def _print_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from importlib.metadata import version

        echo(f"ddsp-tf {version('ddsp-tf')}")
        context.exit()


@click.group(
    cls=LazyGroup,
    package="ddsp_tf.cli",
    names=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Learn the sound of an instrument from recordings, and play any melody with it.

    \b
    Examples:
      ddsp-tf transfer violin melody.wav -o out/      play a melody with a shipped instrument
      ddsp-tf prepare recordings/ dataset/            make a dataset of your own recordings
      ddsp-tf train --gin-file models/room_instrument.gin --data dataset/ --run runs/mine
      ddsp-tf transfer runs/mine melody.wav -o out/   play it with your own instrument

    Every command explains itself: ddsp-tf COMMAND --help
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits: 0 all done, 1 something failed, 2 wrong usage, 130 ended.

    Args:
        arguments: What follows the name of the program. None: what it was started with.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    # Several programs can then share a GPU. Set before TensorFlow is imported, which it is not yet.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if "--debug" not in arguments:
        silence_native_logs()
    accept_any_text()
    _collect_rarely()
    try:
        # A scheduler's SIGTERM is a Ctrl-C: nothing half-written stays.
        with ended_by(signal.SIGTERM):
            code = cli.main(arguments, prog_name="ddsp-tf", standalone_mode=False)
    except click.ClickException as error:
        error.show(sys.stderr)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        echo("Interrupted.", err=True)
        sys.exit(INTERRUPTED)
    sys.exit(code if isinstance(code, int) else 0)


def _collect_rarely() -> None:
    """Spares a command a second or two of looking for garbage.

    TensorFlow's import and tracing make a million objects that stay. Python looks through the young
    ones after each 700, and through all of them again before the process ends.
    """
    gc.set_threshold(10_000)
    atexit.register(gc.freeze)
