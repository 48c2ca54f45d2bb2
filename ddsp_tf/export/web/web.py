"""The export of an instrument as a page that plays it in a browser."""

import hashlib
import os
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from ddsp_tf.errors import ExportError, OutputError
from ddsp_tf.export.description import describe_instrument
from ddsp_tf.export.live_export import describe_synthesis, write_impulse_response
from ddsp_tf.export.live_model import LiveModel, make_decoder, make_tracker
from ddsp_tf.export.live_parity import Runner
from ddsp_tf.export.live_parts import LiveParts, find_live_parts
from ddsp_tf.export.runtimes import LITERT
from ddsp_tf.export.web import web_site
from ddsp_tf.files import atomic_directory, check_folder, write_json
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Progress, no_progress

_RATES = (8000, 96000)
"""Sample rates, in Hz, that every browser offers."""


@dataclass(frozen=True)
class WebReport:
    """What an export for browsers came to.

    Args:
        decoder: The instrument's network.
        tracker: The pitch tracker.
        instruments: Names of all instruments of the page.
        n_bytes: Size of the folder.
    """

    decoder: LiveModel
    tracker: LiveModel
    instruments: tuple[str, ...]
    n_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {
            "decoder": self.decoder.parity.to_dict(),
            "f0_tracker": self.tracker.parity.to_dict(),
            "instruments": list(self.instruments),
            "n_bytes": self.n_bytes,
        }

    def __str__(self) -> str:
        return (
            f"plays {', '.join(self.instruments)}; equals Python to "
            f"{self.decoder.parity.error:.1e} in controls and {self.tracker.parity.error:.1e} in "
            f"salience; {self.n_bytes / 1e6:.1f} MB."
        )


def check_web_output(directory: str | os.PathLike[str], name: str, *, overwrite: bool) -> None:
    """Checks, before any work is done, that an instrument may be written to a site.

    A site of ddsp_tf gets the instrument besides those that it has. With `overwrite`, an instrument
    of that name is replaced.

    Args:
        directory: The site's folder.
        name: Name of the instrument.
        overwrite: Whether something may be replaced.

    Raises:
        OutputError: The folder is or holds something else, has the instrument, or can't be
            written.
        ExportError: The site in the folder is damaged, or of another version.
    """
    site = Path(directory)
    names = web_site.list_instruments(site) if web_site.is_site(site) else []
    check_folder(site, sort=web_site.SITE_SORT, overwrite=overwrite or web_site.is_site(site))
    if name in names and not overwrite:
        raise OutputError(
            f"The page in `{site}` has an instrument `{name}`. Pass --overwrite to replace it."
        )


def export_web(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    name: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> WebReport:
    """Writes a page that plays an instrument in a browser, or adds an instrument to such a page.

    The folder holds all that it needs and works from any web server, without network and without
    special headers: `ddsp-tf demo` is one. The networks run in LiteRT.js, and are compared with
    Python here; the synthesiser runs in an AudioWorklet. The folder is written whole or not at all.

    Args:
        instrument: A causal one without encoder.
        directory: The folder to write. If it is such a page already, its instruments stay.
        name: Of the instrument within the page; by default made of its title.
        overwrite: Whether an instrument of that name may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ExportError: The model can't be played frame by frame, its rate or its loudness is one that
            browsers don't have, or a network differs from Python by more than 1e-4.
        OutputError: The folder exists and is no such page, or it can't be written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> violin = Instrument.load("violin")
        >>> report = export_web(violin, "site")
        >>> report.instruments
        ('violin',)
    """
    advance = progress or no_progress
    title = str(instrument.metadata.get("title") or name or "Instrument")
    name = web_site.name_instrument(name or title)
    parts = find_live_parts(instrument.model)
    _require_playable(instrument)
    check_web_output(directory, name, overwrite=overwrite)
    site = Path(directory)
    is_site = web_site.is_site(site)
    with atomic_directory(site, sort=web_site.SITE_SORT, overwrite=overwrite or is_site) as folder:
        decoder = make_decoder(instrument, _RUNTIME)
        advance(0.6)
        # Larger ones don't keep up with a microphone.
        settings = replace(instrument.features, f0_tracker="crepe-tiny")
        tracker = make_tracker(replace(instrument, features=settings), _RUNTIME)
        advance(0.9)
        entries = web_site.copy_instruments(site, folder, without=name) if is_site else []
        web_site.copy_page(folder)
        _write_networks(folder, name, decoder, tracker)
        own = web_site.instrument_folder(folder, name)
        write_impulse_response(parts, own / web_site.IMPULSE_RESPONSE)
        content = _describe(instrument, title, parts, decoder, tracker)
        content["sha256"] = {path.name: _checksum(path) for path in sorted(own.iterdir())}
        write_json(own / web_site.INSTRUMENT, content)
        entries.append({"name": name, "title": title, "licence": content["licence"]})
        web_site.write_entries(folder, entries)
        n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    advance(1.0)
    return WebReport(decoder, tracker, tuple(entry["name"] for entry in entries), n_bytes)


def _write_networks(folder: Path, name: str, decoder: LiveModel, tracker: LiveModel) -> None:
    own = web_site.instrument_folder(folder, name)
    own.mkdir(parents=True)
    (own / web_site.DECODER).write_bytes(decoder.content)
    path = folder / web_site.TRACKER
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(tracker.content)


def _describe(
    instrument: Instrument,
    title: str,
    parts: LiveParts,
    decoder: LiveModel,
    tracker: LiveModel,
) -> dict[str, Any]:
    """Gives `instrument.json`: what the page needs, and what a reader wants to know."""
    statistics = instrument.statistics
    return {
        "format": "ddsp_tf instrument for browsers",
        **describe_instrument(instrument),
        "title": title,
        "attribution": instrument.metadata.get("attribution"),
        "description": instrument.metadata.get("description"),
        "features": instrument.features.to_dict(),
        "n_state": decoder.description["inputs"]["state"]["shape"][0],
        "synthesis": describe_synthesis(parts),
        "f0_midi_quantiles": None if statistics is None else list(statistics.f0_midi_quantiles),
        "loudness_db_quantiles": (
            None if statistics is None else list(statistics.loudness_db_quantiles)
        ),
        "files": {
            "decoder": web_site.DECODER,
            "impulse_response": None if parts.reverb is None else web_site.IMPULSE_RESPONSE,
            "tracker": f"../../{web_site.TRACKER}",
        },
        "parity": {
            "decoder": decoder.parity.to_dict(),
            "f0_tracker": tracker.parity.to_dict(),
        },
    }


def _require_playable(instrument: Instrument) -> None:
    settings = instrument.features
    lowest, highest = _RATES
    if not lowest <= settings.sample_rate <= highest:
        raise ExportError(
            f"Browsers play {lowest} to {highest} Hz; the instrument has {settings.sample_rate}. "
            "Train it at another rate."
        )


class _TensorFlowRunner:
    """Runs a LiteRT file in TensorFlow's interpreter, for those who don't have another."""

    def __init__(self, content: bytes, function: str) -> None:
        with warnings.catch_warnings():
            # It announces its move to the package that `LITERT` uses.
            warnings.simplefilter("ignore")
            self._interpreter = tf.lite.Interpreter(model_content=content, num_threads=1)
        self._runner = self._interpreter.get_signature_runner(function)

    def __call__(self, inputs: Mapping[str, Float32Array]) -> dict[str, Float32Array]:
        """Runs the function once."""
        outputs: dict[str, Float32Array] = self._runner(**inputs)
        return outputs


def _run(content: bytes, function: str) -> Runner:
    with suppress(ExportError):
        LITERT.require()
        return LITERT.run(content, function)
    return _TensorFlowRunner(content, function)


_RUNTIME = replace(LITERT, run=_run)


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
