"""The folder of `ddsp-tf demo`: before and after, and below it the page that plays live."""

import shutil
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddsp_tf.cli.before_after import SOUNDS, part_of, render_melodies
from ddsp_tf.cli.before_after_html import LIVE_PAGE, write_html
from ddsp_tf.cli.demo_plots import PLOTS
from ddsp_tf.cli.export import name_of
from ddsp_tf.cli.terminal import Terminal
from ddsp_tf.errors import ArgumentError, ExportError
from ddsp_tf.files import FolderSort

if TYPE_CHECKING:
    from ddsp_tf.models import Instrument
    from ddsp_tf.types import Progress

_PARTS = Path(__file__).with_name("demo_page")
_ABOUT = "demo.json"
_FORMAT = "ddsp_tf demo page"

DEMO_SITE = FolderSort(
    "a demo page",
    _ABOUT,
    keys={"format": _FORMAT},
    files=(
        "index.html",
        *(f"*{suffix}" for suffix in (".css", ".js", ".svg")),
        f"{SOUNDS}/*.wav",
        # PNG: up to ddsp_tf 0.1.0.
        *(f"{PLOTS}/*{suffix}" for suffix in (".webp", ".png")),
        f"{Path(LIVE_PAGE).parent.as_posix()}/*",
    ),
)
_HEARD_SHARE = 0.5
"""Share of the work that sounds and plots take, measured with one instrument."""


def is_demo_site(folder: Path) -> bool:
    """Whether `make_demo_site` has written a folder."""
    return (folder / _ABOUT).is_file()


def make_demo_site(
    terminal: Terminal, models: Sequence[str], melodies: Sequence[Path], folder: Path
) -> dict[str, Any]:
    """Writes the page into a folder.

    Args:
        terminal: Shows how far it is, and says which instruments can't be played live.
        models: Instruments; none: all that ship.
        melodies: Audio files.
        folder: An empty folder.

    Returns:
        What the page has, JSON values.

    Raises:
        ModelError: There is no such instrument.
        ArgumentError: Two instruments have the same name.
        AudioFileError: A melody can't be used.
        OutputError: The disk is full or can't be written.
    """
    from ddsp_tf.export.web.web_site import copy_theme
    from ddsp_tf.files import write_json, write_text

    instruments = _load(models)
    with terminal.progress("Making the page") as advance:
        heard = render_melodies(
            folder, instruments, melodies, progress=lambda share: advance(_HEARD_SHARE * share)
        )
        live = _write_live(
            terminal,
            instruments,
            folder / Path(LIVE_PAGE).parent,
            lambda share: advance(_HEARD_SHARE + (1.0 - _HEARD_SHARE) * share),
        )
    facts = {name: _facts(instrument) for name, instrument in instruments.items()}
    for part in _PARTS.iterdir():
        shutil.copy(part, folder)
    copy_theme(folder)
    write_text(folder / "index.html", write_html(heard, facts, live))
    content = {
        "melodies": [melody.title for melody in heard],
        "instruments": list(instruments),
        "live": live,
    }
    about = {"format": _FORMAT, "format_version": 1, **content}
    write_json(folder / _ABOUT, {**about, "ddsp_tf_version": version("ddsp-tf")})
    return content


def _load(models: Sequence[str]) -> "dict[str, Instrument]":
    from ddsp_tf.export.web.web_site import name_instrument
    from ddsp_tf.inference.score_inputs import is_played_by_notes
    from ddsp_tf.models import Instrument, list_presets

    instruments: dict[str, Instrument] = {}
    for model in models or list_presets():
        name = name_instrument(name_of(model))
        if name in instruments:
            raise ArgumentError(
                f"Two instruments are called `{name}`, the second is `{model}`. Rename its folder."
            )
        instrument = Instrument.load(model)
        if not is_played_by_notes(instrument.model):
            instruments[name] = instrument
        elif models:
            raise ArgumentError(
                f"`{model}` is played by notes, and the page follows sung melodies: "
                f"ddsp-tf render song.mid {model}"
            )
    return instruments


def _write_live(
    terminal: Terminal, instruments: "dict[str, Instrument]", folder: Path, progress: "Progress"
) -> list[str]:
    """Writes the live page with the instruments that can be played so, and gives their names."""
    from ddsp_tf.export import export_web

    live = []
    for index, (name, instrument) in enumerate(instruments.items()):
        advance = part_of(progress, index, len(instruments))
        try:
            export_web(instrument, folder, name=name, progress=advance)
        except ExportError as error:
            terminal.note(f"`{name}` can't be played live: {error}")
        else:
            live.append(name)
    return live


def _facts(instrument: "Instrument") -> dict[str, Any]:
    statistics = instrument.statistics
    return {
        **instrument.metadata,
        "statistics": None if statistics is None else statistics.to_dict(),
    }
