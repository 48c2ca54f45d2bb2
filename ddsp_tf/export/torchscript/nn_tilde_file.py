"""The export of an instrument for nn~, an object of Max and Pure Data."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.errors import ExportError
from ddsp_tf.export.torchscript.archive import load, with_description
from ddsp_tf.export.torchscript.contents import Contents, take_contents
from ddsp_tf.export.torchscript.packages import require_nn_tilde, require_torch
from ddsp_tf.export.torchscript.parity import joined, measure_audio, measure_tracker
from ddsp_tf.export.torchscript.report import TorchReport
from ddsp_tf.files import atomic_file
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Progress, no_progress

FORMAT = "TorchScript of a ddsp_tf instrument for nn~"
_BLOCK = 2048


def export_nn_tilde(
    instrument: Instrument,
    path: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> TorchReport:
    """Writes a file that nn~ loads.

    It has two methods: `forward`, whose two inlets take pitch in Hz and loudness in dB, and
    `transfer`, which plays the sound that comes; and four attributes: `octave`, `loudness`, `room`,
    `noise`. Both take any number of samples, and any number of rows (`mc.nn~`).

    Args:
        instrument: A causal one without encoder.
        path: A file that ends in `.ts`.
        overwrite: Whether an existing file may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        How closely the file equals Python: -80 dB at least.

    Raises:
        ExportError: torch or nn-tilde isn't installed, the model can't be played frame by frame, or
            the file differs from Python.
        OutputError: The file exists or can't be written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> from ddsp_tf.errors import ExportError
        >>> try:
        ...     said = str(export_nn_tilde(Instrument.load("violin"), "violin.ts"))
        ... except ExportError as error:
        ...     said = str(error)
        >>> "equals Python to -1" in said or "Install it: pip install" in said
        True
    """
    advance = progress or no_progress
    require_nn_tilde()
    with atomic_file(path, overwrite=overwrite) as temporary:
        contents = take_contents(instrument)
        advance(0.2)
        module = make_nn_tilde(contents)
        advance(0.6)
        loaded = load(module)
        audio = measure_audio(contents, player_of(loaded, contents), reverb=True)
        parity = joined(audio, measure_tracker(contents, loaded.sound.front_end.crepe))
        parity.require("module for nn~")
        advance(0.9)
        metadata = {**contents.describe(FORMAT), "parity": parity.to_dict()}
        content = with_description(module, metadata)
        load(content)
        temporary.write_bytes(content)
        advance(1.0)
    return TorchReport(parity, len(content))


def make_nn_tilde(contents: Contents) -> bytes:
    """Makes the file that nn~ loads, without description.

    Raises:
        ExportError: nn-tilde can't work where it is installed.
    """
    from ddsp_tf.export.torchscript.modules.nn_tilde_module import NnTildeModule

    torch = require_torch()
    with (
        tempfile.TemporaryDirectory() as folder,
        warnings.catch_warnings(action="ignore"),
        torch.no_grad(),
    ):
        path = Path(folder) / "module.ts"
        try:
            NnTildeModule(contents.facts, contents.arrays).export_to_ts(str(path))
        except PermissionError as error:
            raise ExportError(
                "nn-tilde writes files into its own folder while it compiles, and may not: "
                f"`{error.filename}`. Install it into an environment of yours."
            ) from error
        return path.read_bytes()


def player_of(module: Any, contents: Contents) -> Any:
    """Gives what plays frames with a loaded file."""
    torch = require_torch()
    hop = contents.facts["hop_length"]

    def play(f0_hz: Float32Array, loudness_db: Float32Array) -> Float32Array:
        signals = np.stack([f0_hz, loudness_db]).repeat(hop, axis=1).astype(np.float32)
        with torch.no_grad():
            blocks = [
                module(torch.from_numpy(signals[:, start : start + _BLOCK].copy())[None])
                for start in range(0, signals.shape[1], _BLOCK)
            ]
        return torch.cat(blocks, dim=2)[0, 0].numpy()

    return play
