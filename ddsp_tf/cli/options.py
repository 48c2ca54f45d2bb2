"""The options that several commands share."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from ddsp_tf.cli.exit_codes import reported_errors
from ddsp_tf.cli.terminal import Terminal

Function = TypeVar("Function", bound=Callable[..., Any])


def reporting(function: Function) -> Function:
    """Adds --quiet, --json and --debug, and passes the `Terminal` they describe.

    An error inside `function` becomes a message and an exit code.
    """
    json_option = click.option(
        "--json", "as_json", is_flag=True, help="Write the result as JSON on stdout."
    )
    return json_option(reporting_errors(function))


def reporting_errors(function: Function) -> Function:
    """Does what `reporting` does, without --json: for a command whose stdout is its result."""

    @click.option("--quiet", "-q", is_flag=True, help="Write nothing but errors.")
    @click.option("--debug", is_flag=True, help="Show a traceback with an error.")
    @functools.wraps(function)
    def wrapped(*args: Any, quiet: bool, debug: bool, as_json: bool = False, **kwargs: Any) -> Any:
        terminal = Terminal(quiet=quiet, as_json=as_json, debug=debug)
        with reported_errors(debug=debug, on_interrupt=lambda: terminal.when_interrupted):
            return function(terminal, *args, **kwargs)

    return wrapped  # type: ignore[return-value]


def gin_options(function: Function) -> Function:
    """Adds --gin-file and --gin-param, each as often as needed."""
    files = click.option(
        "--gin-file",
        "--gin_file",
        "gin_files",
        multiple=True,
        metavar="FILE",
        help="A gin file: your own, or a packaged one (`ddsp-tf configs list`). Repeatable.",
    )
    bindings = click.option(
        "--gin-param",
        "--gin_param",
        "gin_params",
        multiple=True,
        metavar="NAME=VALUE",
        help="One setting, which wins over the files, e.g. 'Limits.num_steps=30000'. Repeatable.",
    )
    return files(bindings(function))


def timbre_options(function: Function) -> Function:
    """Adds --timbre and --timbre-from, of models of several instruments."""
    chosen = click.option(
        "--timbre",
        metavar="SHARES",
        help="Of a model of several instruments: one, or what lies between, e.g. "
        "violin:0.5,flute:0.5.",
    )
    heard = click.option(
        "--timbre-from",
        metavar="AUDIO",
        help="Of such a model: sound as this recording does.",
    )
    return chosen(heard(function))


overwrite_option = click.option(
    "--overwrite", is_flag=True, help="Replace what is there. Without it, nothing is replaced."
)

semitones_option = click.option(
    "--semitones", type=float, default=0.0, metavar="N", help="Transpose, after the octave."
)

loudness_option = click.option(
    "--loudness-db", type=float, default=0.0, metavar="DB", help="Play louder or softer."
)

gate_option = click.option(
    "--gate/--no-gate",
    "gate_unvoiced",
    default=True,
    help="Fade out what is no note (default: yes).",
)

limiter_option = click.option(
    "--limiter", is_flag=True, help="Turn down peaks that would clip, and only them."
)

room_option = click.option(
    "--room",
    metavar="NAME",
    help="Another room that it knows, by the recording made there (`ddsp-tf inspect` lists them).",
)

no_reverb_option = click.option(
    "--no-reverb", is_flag=True, help="Leave out the room of the recordings."
)
