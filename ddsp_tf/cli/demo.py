"""`ddsp-tf demo`: melodies before and after each instrument, and a page that plays them live."""

import signal
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click

from ddsp_tf.cli.demo_site import DEMO_SITE, is_demo_site, make_demo_site
from ddsp_tf.cli.exit_codes import ended_by
from ddsp_tf.cli.options import overwrite_option, reporting
from ddsp_tf.cli.site_server import SiteServer
from ddsp_tf.cli.terminal import Terminal
from ddsp_tf.errors import ArgumentError
from ddsp_tf.presets import MELODY


@click.command(name="demo", short_help="Hear and play instruments in the browser.")
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option(
    "--melody",
    "melodies",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="AUDIO",
    help="Your own recording instead of the shipped melody. Repeatable.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write the page there and end, instead of serving it.",
)
@overwrite_option
@click.option(
    "--site",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Serve a page that --output or `export --target web` wrote.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--browser/--no-browser", default=True, help="Open the page (default: yes).")
@reporting
def command(
    terminal: Terminal,
    models: tuple[str, ...],
    melodies: tuple[Path, ...],
    output: Path | None,
    overwrite: bool,
    site: Path | None,
    port: int,
    browser: bool,
) -> None:
    """Hear a melody before and after each MODEL has played it, and play them yourself.

    MODEL is a run, a model folder, or a shipped instrument; without any it is all that ship. The
    page has sounds, spectrograms, pitch and loudness, and what is known about each instrument. It
    leads to one that plays live: recordings, the microphone and keyboards. Both work without
    network, on this computer alone. Ctrl-C ends it.

    \b
    Examples:
      ddsp-tf demo
      ddsp-tf demo violin runs/cello --melody song.wav
      ddsp-tf demo -o page/
      ddsp-tf demo --site page/ --port 8000 --no-browser
    """
    if site is not None and (models or melodies or output):
        raise ArgumentError(
            "Give either --site or instruments: a page that exists has its own. To write one, "
            "leave --site out."
        )
    chosen = tuple(MELODY if _means_shipped(path) else path for path in melodies) or (MELODY,)
    if output is not None:
        _write(terminal, models, chosen, output, overwrite=overwrite)
        return
    with _page(terminal, models, chosen, site) as folder, SiteServer(folder, port) as server:
        terminal.say(f"{server.url}  (Ctrl-C ends it)")
        terminal.result({"url": server.url})
        if browser:
            # Where there is no browser, the address is enough.
            threading.Thread(target=webbrowser.open, args=(server.url,), daemon=True).start()
        with suppress(KeyboardInterrupt), ended_by(signal.SIGINT, signal.SIGTERM):
            server.serve_forever(poll_interval=0.2)
        terminal.note("Ended.")


def _means_shipped(path: Path) -> bool:
    """As for `ddsp-tf transfer`, `melody` is the shipped one where nothing has that name."""
    return path == Path(MELODY.stem) and not path.exists()


def _write(
    terminal: Terminal,
    models: tuple[str, ...],
    melodies: tuple[Path, ...],
    output: Path,
    *,
    overwrite: bool,
) -> None:
    from ddsp_tf.files import atomic_directory

    with atomic_directory(output, sort=DEMO_SITE, overwrite=overwrite) as folder:
        content = make_demo_site(terminal, models, melodies, folder)
    page = output / "index.html"
    terminal.say(f"{page} opens in a browser; to play live: ddsp-tf demo --site {output}")
    terminal.result({"page": str(page), **content})


@contextmanager
def _page(
    terminal: Terminal, models: tuple[str, ...], melodies: tuple[Path, ...], site: Path | None
) -> Iterator[Path]:
    if site is not None:
        if not (is_demo_site(site) or (site / "site.json").is_file()):
            raise ArgumentError(
                f"`{site}` is no page of ddsp_tf. Write one: "
                f"ddsp-tf export violin --target web -o {site}"
            )
        yield site
        return
    with tempfile.TemporaryDirectory(prefix="ddsp-tf-") as folder:
        make_demo_site(terminal, models, melodies, Path(folder))
        yield Path(folder)
