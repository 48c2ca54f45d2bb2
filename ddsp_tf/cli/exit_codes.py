"""Turns what went wrong into one clear line and an honest exit code."""

import signal
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from ddsp_tf.cli.terminal import echo
from ddsp_tf.errors import ArgumentError, ConfigError, DdspError

FAILED = 1
USAGE = 2
INTERRUPTED = 130


@contextmanager
def ended_by(*signals: signal.Signals) -> Iterator[None]:
    """Makes signals raise KeyboardInterrupt, so that what is half-written is removed.

    Also where a shell has Ctrl-C ignored. For the main thread.
    """
    before = [signal.signal(number, signal.default_int_handler) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler or signal.SIG_DFL)


@contextmanager
def reported_errors(
    *, debug: bool = False, on_interrupt: Callable[[], str] | None = None
) -> Iterator[None]:
    """Ends the process with a message and an exit code when the block fails.

    Args:
        debug: Whether to show the traceback too.
        on_interrupt: Returns what to say after Ctrl-C.

    Raises:
        SystemExit: With 1 (failed), 2 (wrong usage) or 130 (Ctrl-C).
    """
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, SystemExit):
        raise
    except (KeyboardInterrupt, click.Abort) as error:
        _say(f"Interrupted. {on_interrupt() if on_interrupt else ''}".rstrip(), error, debug)
        raise SystemExit(INTERRUPTED) from error
    except (ConfigError, ArgumentError) as error:
        _say(f"Error: {error}", error, debug)
        raise SystemExit(USAGE) from error
    except Exception as error:
        _say(f"Error: {describe(error)}", error, debug)
        raise SystemExit(FAILED) from error


def report_failures(failures: Mapping[str, str], *, n_done: int) -> None:
    """Ends a command of many parts, some of which failed; returns if none did.

    Args:
        failures: Why they failed, by what they are.
        n_done: How many did not.

    Raises:
        SystemExit: With 1, if there are failures.
    """
    if not failures:
        return
    if len(failures) == 1 and not n_done:
        echo(f"Error: {next(iter(failures.values()))}", err=True)
    else:
        echo(f"{len(failures)} of {len(failures) + n_done} failed:", err=True)
        for reason in failures.values():
            echo(f"  {reason}", err=True)
    raise SystemExit(FAILED)


def describe(error: BaseException) -> str:
    """Says in one line what failed, for errors of ours and of others."""
    if isinstance(error, DdspError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    if isinstance(error, OSError) and error.strerror:
        where = f" `{error.filename}`" if error.filename else ""
        return f"{error.strerror}{where}."
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return (
        f"{first_line} ({type(error).__name__}). This should not happen: "
        f"--debug shows where it did."
    )


def _say(message: str, error: BaseException, debug: bool) -> None:
    if debug:
        echo("".join(traceback.format_exception(error)), err=True)
    echo(message, err=True)
