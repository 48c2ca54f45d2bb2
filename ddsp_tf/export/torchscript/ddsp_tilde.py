"""The export of an instrument for ddsp~, an object of Pure Data and Max."""

import io
import math
import os
from typing import Any

import numpy as np
import soundfile

from ddsp_tf.export.torchscript.archive import load, script, with_description
from ddsp_tf.export.torchscript.contents import ROOM, Contents, take_contents
from ddsp_tf.export.torchscript.packages import require_torch
from ddsp_tf.export.torchscript.parity import measure_audio
from ddsp_tf.export.torchscript.report import TorchReport
from ddsp_tf.export.web.web_site import name_instrument
from ddsp_tf.files import FolderSort, atomic_directory, write_json, write_text
from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Progress, no_progress

BLOCK = 1024
"""Samples that ddsp~ asks for at once."""

_ENVELOPE_OF_FULL_SCALE = 100.0
"""What `sigmund~` says of a sound whose mean square is 1."""
_A_WEIGHTED_DB = 3.0
"""By how much A-weighting makes notes softer: by 0 to 6 dB in six recordings."""

FORMAT = "TorchScript of a ddsp_tf instrument for ddsp~"
METADATA = "metadata.json"


def export_ddsp_tilde(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    name: str,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> TorchReport:
    """Writes a folder with what a patch with ddsp~ needs, under the names that its users know.

    `ddsp_NAME_pretrained.ts` is what `load` takes: `forward(pitch, loudness)`, pitch in Hz and the
    envelope of `sigmund~` (0 to 100) as signals of 1,024 samples. `ddsp_NAME_impulse.wav` is the
    room, dry sound included, for `partconv~`; `ddsp_NAME_config.yaml` states sizes and rates.

    Args:
        instrument: A causal one without encoder.
        directory: The folder to write.
        name: NAME.
        overwrite: Whether an export of the same sort may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Returns:
        How closely the file equals Python, room excluded: -80 dB at least.

    Raises:
        ExportError: torch isn't installed, the model can't be played frame by frame, or the file
            differs from Python.
        OutputError: The folder exists, is of another sort or holds something else, or can't be
            written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> from ddsp_tf.errors import ExportError
        >>> try:
        ...     said = str(export_ddsp_tilde(Instrument.load("violin"), "out", name="violin"))
        ... except ExportError as error:
        ...     said = str(error)
        >>> "equals Python to -1" in said or "Install it: pip install" in said
        True
    """
    advance = progress or no_progress
    require_torch()
    sort = FolderSort("an export for ddsp~", METADATA, keys={"format": FORMAT}, files=("ddsp_*",))
    stem = f"ddsp_{name_instrument(name)}"
    with atomic_directory(directory, sort=sort, overwrite=overwrite) as folder:
        contents = take_contents(instrument)
        advance(0.2)
        module = make_ddsp_tilde(contents)
        advance(0.5)
        parity = measure_audio(contents, player_of(module, contents), reverb=False)
        parity.require("module for ddsp~")
        advance(0.9)
        metadata = {**contents.describe(FORMAT), "parity": parity.to_dict()}
        content = with_description(module, metadata)
        load(content)
        (folder / f"{stem}_pretrained.ts").write_bytes(content)
        response = impulse_response(contents)
        rate = contents.facts["sample_rate"]
        soundfile.write(folder / f"{stem}_impulse.wav", response, rate, subtype="FLOAT")
        write_text(folder / f"{stem}_config.yaml", describe_in_yaml(contents))
        write_json(folder / METADATA, metadata)
        n_bytes = sum(path.stat().st_size for path in folder.iterdir())
        advance(1.0)
    return TorchReport(parity, n_bytes)


def make_ddsp_tilde(contents: Contents) -> bytes:
    """Makes the file that ddsp~ loads, without description."""
    torch = require_torch()
    from ddsp_tf.export.torchscript.modules.ddsp_tilde_module import DdspTildeModule
    from ddsp_tf.export.torchscript.modules.players import ControlPlayer
    from ddsp_tf.export.torchscript.modules.streamed_instrument import StreamedInstrument

    instrument = StreamedInstrument(contents.facts, contents.dry)
    player = ControlPlayer(instrument, contents.facts["usual_f0_hz"])
    buffer = io.BytesIO()
    torch.jit.save(script(DdspTildeModule(player, envelope_at_0_db(contents))), buffer)
    return buffer.getvalue()


def player_of(content: bytes, contents: Contents) -> Any:
    """Gives what plays frames with a file, block by block as ddsp~ does."""
    torch = require_torch()
    module, hop = load(content), contents.facts["hop_length"]
    envelope = envelope_at_0_db(contents)

    def play(f0_hz: Float32Array, loudness_db: Float32Array) -> Float32Array:
        n_samples = len(f0_hz) * hop
        signals = np.stack([f0_hz, loudness_db + envelope]).repeat(hop, axis=1)
        padded = np.pad(signals, [(0, 0), (0, -n_samples % BLOCK)], mode="edge")
        given = torch.from_numpy(padded.astype(np.float32))[:, None, :, None]
        with torch.no_grad():
            blocks = [
                module(*given[:, :, start : start + BLOCK])
                for start in range(0, given.shape[2], BLOCK)
            ]
        return torch.cat(blocks, dim=1)[0, :n_samples, 0].numpy()

    return play


def envelope_at_0_db(contents: Contents) -> float:
    """What `sigmund~` says, about, of a sound that has 0 dB for the instrument."""
    features = contents.facts["features"]
    if features["loudness"] == "rms":
        return _ENVELOPE_OF_FULL_SCALE
    envelope = _ENVELOPE_OF_FULL_SCALE + _A_WEIGHTED_DB
    if features["loudness"] == "magenta":
        # It isn't normalised by its window, a Hann window.
        envelope -= 10.0 * math.log10(0.375 * features["loudness_fft_length"])
    return envelope


def impulse_response(contents: Contents) -> Float32Array:
    """The room as `partconv~` needs it: what a click in it sounds like, the click included."""
    taps = contents.arrays.get(ROOM)
    if taps is None:
        return np.ones(1, np.float32)
    response = taps.copy()
    reverb = contents.facts["synthesis"]["reverb"]
    response[0] = 1.0 if reverb["add_dry"] else 0.0
    return response


def describe_in_yaml(contents: Contents) -> str:
    """Rates and sizes, by the names that ddsp~'s users know."""
    facts = contents.facts
    network, synthesis = facts["network"], facts["synthesis"]
    noise = synthesis["noise"]
    return (
        "# What the patch needs to know. The loudness is sigmund~'s envelope, 0 to 100.\n"
        "model:\n"
        f"  hidden_size: {network['units']}\n"
        f"  n_harmonic: {synthesis['n_harmonics']}\n"
        f"  n_bands: {noise['n_bands'] if noise else 0}\n"
        f"  sampling_rate: {facts['sample_rate']}\n"
        f"  block_size: {facts['hop_length']}\n"
        "preprocess:\n"
        f"  sampling_rate: {facts['sample_rate']}\n"
        f"  block_size: {facts['hop_length']}\n"
    )
