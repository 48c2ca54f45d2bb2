"""What a command says: results on stdout, progress and warnings on stderr."""

import codecs
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import click

_PLAIN_EVERY_S = 10.0

_PLAIN_LETTERS = str.maketrans({"♯": "#", "♭": "b", "─": "-", "━": "-", "…": "..."})

Advance = Callable[..., None]
"""Called as `advance(fraction, text)`: how much is done, 0 to 1, and what to show beside it."""


def accept_any_text() -> None:
    """Has stdout and stderr write what their encoding lacks in plain letters, or as `\\u266f`.

    A name of a file needs no encoding at all, and Windows' default knows neither `♯` nor lines.
    """
    codecs.register_error("ddsp_tf.plain", _plain_letters)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="ddsp_tf.plain")


def _plain_letters(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    found = error.object[error.start : error.end]
    plain = found.translate(_PLAIN_LETTERS).encode(error.encoding, "backslashreplace")
    return plain, error.end


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Writes to stdout or stderr as they are: click on its own replaces those of ASCII."""
    click.echo(text, file=sys.stderr if err else sys.stdout, nl=nl)


class Terminal:
    """Writes for a person, or JSON for a program.

    Args:
        quiet: Whether only errors and asked-for JSON are written.
        as_json: Whether the result is JSON; everything else then stays off stdout.
        debug: Whether errors come with a traceback.

    Attributes:
        when_interrupted: What to say after Ctrl-C. A command sets it when it knows better.
    """

    def __init__(self, *, quiet: bool = False, as_json: bool = False, debug: bool = False) -> None:
        self.quiet = quiet
        self.as_json = as_json
        self.debug = debug
        self.when_interrupted = "Nothing was left half-written."

    def say(self, text: str) -> None:
        """Writes part of the result, for a person."""
        if not (self.quiet or self.as_json):
            echo(text)

    def note(self, text: str) -> None:
        """Writes what is going on."""
        if not self.quiet:
            echo(text, err=True)

    def fail(self, text: str) -> None:
        """Writes an error, whatever else is silenced."""
        echo(text, err=True)

    def result(self, content: Any) -> None:
        """Writes the result as JSON, if that is what was asked for."""
        if self.as_json:
            echo(json.dumps(content, indent=2, default=_plain_value))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Writes a table on stdout, drawn to the width of the terminal."""
        if self.quiet or self.as_json:
            return
        echo(render_table(title, columns, rows), nl=False)

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """Shows a bar with the time left, or a line now and then where there is no terminal."""
        if self.quiet:
            yield lambda fraction, text="": None
        elif sys.stderr.isatty():
            with _bar(what) as advance:
                yield advance
        else:
            yield _PlainProgress(what)


def render_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lays out a table as text. Where stdout is no terminal, no line is cut."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    is_terminal = sys.stdout.isatty()
    text = io.StringIO()
    console = Console(
        file=text, force_terminal=is_terminal, width=None if is_terminal else 200, highlight=False
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for index, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=index == 0)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


@contextmanager
def _bar(what: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[text]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0, text="")

        def advance(fraction: float, text: str = "") -> None:
            progress.update(task, completed=fraction, text=text)

        yield advance


class _PlainProgress:
    """A line every ten seconds, for logs."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = self._last = time.monotonic()

    def __call__(self, fraction: float, text: str = "") -> None:
        now = time.monotonic()
        if now - self._last < _PLAIN_EVERY_S:
            return
        self._last = now
        left = ""
        if 0.0 < fraction < 1.0:
            left = f", {duration((now - self._start) * (1.0 - fraction) / fraction)} left"
        echo(f"{self._what}: {fraction:.0%}{left} {text}".rstrip(), err=True)


def duration(seconds: float) -> str:
    """Writes a time span for a person: `8 s`, `2 min 5 s`, `1 h 12 min`."""
    if seconds < 10.0:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _plain_value(value: Any) -> Any:
    """What `json` can't write itself: NumPy numbers and arrays, paths, mappings."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
