"""The folder of a page: what is in it, and which instruments."""

import re
import shutil
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ddsp_tf.errors import ExportError
from ddsp_tf.files import FolderSort, read_json, write_json

FORMAT_VERSION = 1
SITE = "site.json"
INSTRUMENT = "instrument.json"
DECODER = "decoder.tflite"
IMPULSE_RESPONSE = "impulse_response.f32"
TRACKER = "networks/crepe-tiny.tflite"

_INSTRUMENTS = "instruments"
_PAGE = Path(__file__).with_name("web_page")
_THEME = ("theme.css", "icon.svg")
_MELODY = Path(__file__).parents[2] / "presets" / "melody.flac"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_FORMAT = "ddsp_tf web page"

SITE_SORT = FolderSort(
    "a page",
    SITE,
    keys={"format": _FORMAT},
    # A page of another version may have other scripts.
    files=(
        *(f"*{suffix}" for suffix in (".html", ".css", ".js", ".svg", ".wasm")),
        "runtime/*",
        "networks/*.tflite",
        f"{_INSTRUMENTS}/*/{INSTRUMENT}",
        f"{_INSTRUMENTS}/*/{DECODER}",
        f"{_INSTRUMENTS}/*/{IMPULSE_RESPONSE}",
        _MELODY.name,
    ),
)


def instrument_folder(site: Path, name: str) -> Path:
    """Gives the folder of one of a site's instruments."""
    return site / _INSTRUMENTS / name


def name_instrument(text: str) -> str:
    """Makes a name of a title or of a path's last part: small letters, digits, `-` and `_`.

    Example:
        >>> name_instrument("Alto Saxophone (2024)")
        'alto-saxophone-2024'
    """
    name = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:64]
    return name or "instrument"


def copy_page(site: Path) -> None:
    """Copies all that doesn't depend on instruments: page, scripts, runtime, melody."""
    shutil.copytree(_PAGE, site, dirs_exist_ok=True)
    shutil.copy(_MELODY, site)


def copy_theme(folder: Path) -> None:
    """Copies what a page beside the site needs to look like it: colours, type and icon."""
    for name in _THEME:
        shutil.copy(_PAGE / name, folder)


def theme_colours() -> dict[str, dict[str, str]]:
    """Reads the colours of the pages.

    Returns:
        For `"light"` and `"dark"`: colours such as `"#f7f1e8"` by the names of their variables,
        such as `"paper"`.

    Example:
        >>> theme_colours()["dark"]["card"]
        '#221b17'
    """
    text = (_PAGE / _THEME[0]).read_text(encoding="utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)")
    return {
        name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part))
        for name, part in (("light", light), ("dark", dark))
    }


def is_site(folder: Path) -> bool:
    """Whether a folder is a page that ddsp_tf wrote."""
    return (folder / SITE).is_file()


def list_instruments(site: Path) -> list[str]:
    """Lists the names of a site's instruments.

    Raises:
        ExportError: The site's list is damaged, foreign, or of a newer ddsp_tf.
    """
    return [entry["name"] for entry in _read_entries(site)]


def copy_instruments(source: Path, target: Path, *, without: str) -> list[dict[str, Any]]:
    """Copies a site's instruments to another site, file by known file.

    Args:
        source: The site to copy from.
        target: The folder of the site to be.
        without: Name of the one to leave out.

    Returns:
        Their entries in the list.

    Raises:
        ExportError: A file is missing or lies elsewhere, or the list is damaged.
    """
    kept = [entry for entry in _read_entries(source) if entry["name"] != without]
    for entry in kept:
        old, new = (instrument_folder(site, entry["name"]) for site in (source, target))
        new.mkdir(parents=True)
        for file in (INSTRUMENT, DECODER, IMPULSE_RESPONSE):
            if not (old / file).resolve().is_relative_to(source.resolve()):
                # A copy would publish whatever a stranger's site points at on this machine.
                raise ExportError(
                    f"`{old / file}` is a link out of the site. Export to another folder."
                )
            if (old / file).is_file():
                shutil.copy(old / file, new)
            elif file != IMPULSE_RESPONSE:
                raise ExportError(
                    f"`{old / file}` is missing, so the site is damaged. Export to another folder."
                )
    return kept


def write_entries(site: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Writes the list of a site's instruments."""
    content = {
        "format": _FORMAT,
        "format_version": FORMAT_VERSION,
        "ddsp_tf_version": version("ddsp-tf"),
        "instruments": list(entries),
    }
    write_json(site / SITE, content, overwrite=True)


def _read_entries(site: Path) -> list[dict[str, Any]]:
    content = read_json(site / SITE, error=ExportError)
    entries = content.get("instruments") if isinstance(content, dict) else None
    if not isinstance(entries, list) or content.get("format") != _FORMAT:
        raise ExportError(f"`{site / SITE}` is damaged, or not of a page that ddsp_tf wrote.")
    if content.get("format_version") != FORMAT_VERSION:
        raise ExportError(
            f"`{site}` has format version {content.get('format_version')!r}; this ddsp_tf knows "
            f"{FORMAT_VERSION}. Export to another folder."
        )
    for entry in entries:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ExportError(f"`{site / SITE}` names an instrument {name!r}; it is damaged.")
    return entries
