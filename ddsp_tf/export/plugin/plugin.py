"""The export of an instrument for the plug-in: one `.ddsp` file."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ddsp_tf.errors import ArgumentError, ExportError, OutputError
from ddsp_tf.export.decoder_contents import Arrays
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.live_parity import LiveParity, measure_decoder_parity
from ddsp_tf.export.live_parts import find_live_parts
from ddsp_tf.export.plugin.container import pack_container, unpack_container, write_container
from ddsp_tf.export.plugin.file_decoder import FileDecoder
from ddsp_tf.export.plugin.plugin_contents import describe_for_engine, gather_arrays
from ddsp_tf.export.sound_loss import SoundLoss, measure_sound_loss
from ddsp_tf.export.web.web_site import name_instrument
from ddsp_tf.models import Instrument
from ddsp_tf.models.instrument import shipped_models
from ddsp_tf.types import Progress, no_progress

_KERNEL = "/kernel"

SUFFIX = ".ddsp"
ENGINE = Path(__file__).parent / "engine"
"""The engine's sources, which ship with ddsp_tf: a plug-in is compiled of them."""


@dataclass(frozen=True)
class PluginReport:
    """What an export for the plug-in came to.

    Args:
        path: The file.
        parity: How closely its decoder equals Python; of float16, that of float32.
        loss: What float16 costs in sound, or None.
        n_bytes: Size of the file.
    """

    path: Path
    parity: LiveParity
    loss: SoundLoss | None
    n_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {
            "file": str(self.path),
            "parity": self.parity.to_dict(),
            "quantization_loss": None if self.loss is None else self.loss.to_dict(),
            "n_bytes": self.n_bytes,
        }

    def __str__(self) -> str:
        said = f"has {self.path.name}, which equals Python to {self.parity.error:.1e} in controls"
        if self.loss is not None:
            spectrum = self.loss.values["log_spectral_difference_db"]
            said += f" before float16, which costs {spectrum:.2f} dB in the spectrum"
        return f"{said}; {self.n_bytes / 1e6:.1f} MB."


def export_plugin(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    name: str,
    quantize: Literal["float16"] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> PluginReport:
    """Writes `NAME.ddsp` into a folder, beside those of other instruments.

    The file holds all that the engine of `docs/plugin.md` needs: decoder, room, pitch tracker, and
    what they mean. It is compared with Python before it is written, whole or not at all.

    Args:
        instrument: A causal one without encoder, with a decoder that the engine knows.
        directory: The folder; it is made where there is none.
        name: What the file is called.
        quantize: "float16" halves the networks' weights; None keeps float32.
        overwrite: Whether a file of that name may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ArgumentError: `quantize` is none of these, or `directory` is named like a file.
        ExportError: The engine can't play the model, the file differs from Python by more than
            1e-4, or float16 changes the sound too much.
        OutputError: The file exists, or can't be written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> report = export_plugin(Instrument.load("violin"), "plugins", name="violin")
        >>> report.path.name, report.parity.error < 1e-4
        ('violin.ddsp', True)
    """
    if quantize not in (None, "float16"):
        raise ArgumentError(f"`quantize` must be 'float16' or None; got {quantize!r}.")
    advance = progress or no_progress
    folder = Path(directory)
    if folder.suffix == SUFFIX and not folder.exists():
        raise ArgumentError(
            "The file is called after the instrument, and goes into a folder: give "
            f"`{folder.parent}` instead of `{folder}`."
        )
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"`{folder}` is a file, and the plug-in's instruments lie in a folder.")
    path = folder / f"{name_instrument(name)}{SUFFIX}"
    if path.exists() and not overwrite:
        raise OutputError(
            f"`{path}` exists. Choose another name, or pass --overwrite to replace it."
        )
    require_finite(instrument)
    parts = find_live_parts(instrument.model)
    facts = describe_for_engine(instrument, parts)
    arrays = gather_arrays(instrument, parts)
    advance(0.2)
    decoder = FileDecoder(unpack_container(pack_container(facts, arrays)))
    parity = measure_decoder_parity(
        instrument, parts, decoder, n_state=decoder.n_state, runtime=f"NumPy {np.__version__}"
    )
    parity.require("file for the plug-in")
    advance(0.6)
    loss = None
    if quantize is not None:
        arrays = _in_half_precision(arrays)
        decoder = FileDecoder(unpack_container(pack_container(facts, arrays)))
        loss = measure_sound_loss(instrument, parts, decoder, n_state=decoder.n_state)
        loss.require(quantize)
    facts |= {
        "weights": quantize or "float32",
        "parity": parity.to_dict(),
        "quantization_loss": None if loss is None else loss.to_dict(),
    }
    content = pack_container(facts, arrays)
    write_container(path, content, overwrite=overwrite)
    advance(1.0)
    return PluginReport(path, parity, loss, len(content))


def plays_live(name: str) -> bool:
    """Whether the engine plays an instrument that ships: one of pitch and loudness."""
    try:
        find_live_parts(Instrument.load(shipped_models()[name]).model)
    except ExportError:
        return False
    return True


def pack_shipped(name: str) -> bytes:
    """Gives the file of an instrument that ships, with weights in float16.

    It isn't compared with Python, which the tests of ddsp_tf do for these: it is made quickly.

    Args:
        name: One of `list_presets`.
    """
    instrument = Instrument.load(shipped_models()[name])
    parts = find_live_parts(instrument.model)
    arrays = _in_half_precision(gather_arrays(instrument, parts))
    return pack_container(describe_for_engine(instrument, parts) | {"weights": "float16"}, arrays)


def _in_half_precision(arrays: Arrays) -> dict[str, Any]:
    """Kernels in float16: biases are few, and a room ends far below what float16 tells apart."""
    largest = float(np.finfo(np.float16).max)
    for name, values in arrays.items():
        if name.endswith(_KERNEL) and np.max(np.abs(values)) > largest:
            raise ExportError(
                f"`{name}` holds numbers beyond float16, {largest:g}. Export without --quantize."
            )
    return {
        name: values.astype(np.float16) if name.endswith(_KERNEL) else values
        for name, values in arrays.items()
    }
