"""`ddsp-tf demo`: plays instruments in the browser."""

import signal
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import click

from ddsp_tf.cli.export import name_of
from ddsp_tf.cli.options import reporting
from ddsp_tf.cli.site_server import SiteServer
from ddsp_tf.cli.terminal import Advance, Terminal
from ddsp_tf.errors import ArgumentError


@click.command(name="demo", short_help="Play instruments in the browser.")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option(
    "--site",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Serve a page that `export --target web` wrote, instead of making one.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--browser/--no-browser", default=True, help="Open the page (default: yes).")
@reporting
def command(
    terminal: Terminal, models: tuple[str, ...], site: Path | None, port: int, browser: bool
) -> None:
    """Serve a page on this computer that plays MODELs: runs, model folders, shipped instruments.

    Without MODEL it has all shipped instruments. The page plays recordings, the microphone and
    keyboards, and works without network. Ctrl-C ends it.

    \b
    Examples:
      ddsp-tf demo
      ddsp-tf demo violin runs/cello
      ddsp-tf demo --site site/ --port 8000 --no-browser
    """
    if site is not None and models:
        raise ArgumentError("Give either --site or instruments: a page that exists has its own.")
    with _page(terminal, models, site) as folder, SiteServer(folder, port) as server:
        terminal.say(f"{server.url}  (Ctrl-C ends it)")
        terminal.result({"url": server.url})
        if browser:
            # Where there is no browser, the address is enough.
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        with suppress(KeyboardInterrupt), _ended_by_signals():
            server.serve_forever(poll_interval=0.2)
        terminal.note("Ended.")


@contextmanager
def _page(terminal: Terminal, models: tuple[str, ...], site: Path | None) -> Iterator[Path]:
    if site is not None:
        if not (site / "site.json").is_file():
            raise ArgumentError(
                f"`{site}` is no page of ddsp_tf. Write one: "
                f"ddsp-tf export violin --target web -o {site}"
            )
        yield site
        return
    with tempfile.TemporaryDirectory(prefix="ddsp-tf-") as parent:
        yield _make_page(terminal, models, Path(parent) / "site")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Makes Ctrl-C and `kill` raise KeyboardInterrupt, also where a shell has Ctrl-C ignored."""
    chosen = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in chosen]
    try:
        yield
    finally:
        for number, handler in zip(chosen, before, strict=True):
            signal.signal(number, handler)


def _make_page(terminal: Terminal, models: tuple[str, ...], folder: Path) -> Path:
    from ddsp_tf.export import export_web
    from ddsp_tf.models import Instrument, list_presets

    chosen = models or tuple(list_presets())
    with terminal.progress("Making the page") as advance:
        for index, model in enumerate(chosen):
            export_web(
                Instrument.load(model),
                folder,
                name=name_of(model),
                progress=partial(_advance_one, advance, index, len(chosen)),
            )
    return folder


def _advance_one(advance: Advance, index: int, count: int, share: float) -> None:
    advance((index + share) / count)
