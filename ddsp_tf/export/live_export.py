"""The export of an instrument's networks for LiteRT and ONNX hosts."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ddsp_tf.export.description import describe_instrument
from ddsp_tf.export.live_model import LiveModel, make_decoder, make_tracker, require_unchanged
from ddsp_tf.export.live_parts import LiveParts, find_live_parts
from ddsp_tf.export.quantization import Quantization
from ddsp_tf.export.runtimes import RUNTIMES
from ddsp_tf.files import FolderSort, atomic_directory, write_json
from ddsp_tf.models import Instrument
from ddsp_tf.types import Progress, no_progress

METADATA = "metadata.json"
IMPULSE_RESPONSE = "impulse_response.f32"


@dataclass(frozen=True)
class LiveReport:
    """What an export for live hosts came to.

    Args:
        decoder: The instrument.
        tracker: The pitch tracker.
        n_bytes: Size of both files.
    """

    decoder: LiveModel
    tracker: LiveModel
    n_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        models = {"decoder": self.decoder, "f0_tracker": self.tracker}
        return {
            **{
                name: {
                    "parity": model.parity.to_dict(),
                    "quantization_loss": None if model.loss is None else model.loss.to_dict(),
                }
                for name, model in models.items()
            },
            "n_bytes": self.n_bytes,
        }

    def __str__(self) -> str:
        said = (
            f"equals Python to {self.decoder.parity.error:.1e} in controls and "
            f"{self.tracker.parity.error:.1e} in salience"
        )
        if self.decoder.loss is not None and self.tracker.loss is not None:
            sound, pitch = self.decoder.loss.values, self.tracker.loss.values
            said += (
                f" before quantisation, which costs {sound['log_spectral_difference_db']:.2f} dB "
                f"in the spectrum and {pitch['median_cents']:.1f} cents in pitch"
            )
        return f"{said}; {self.n_bytes / 1e6:.1f} MB."


def export_live(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    runtime: Literal["litert", "onnx"],
    quantize: Quantization | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> LiveReport:
    """Writes what a live host needs besides the synthesiser of `docs/contract.md`.

    The folder gets the decoder, one frame at a time with explicit state, the pitch tracker, for
    the last 1024 samples at 16 kHz, the room's impulse response as raw little-endian float32, and
    `metadata.json`, which each network's file holds too. It is written whole or not at all.

    Args:
        instrument: A causal one without encoder.
        directory: The folder to write.
        runtime: "litert" for `.tflite` files of built-in operations, "onnx" for `.onnx` files.
        quantize: How weights are stored: "float16", "int8", or None for float32.
        overwrite: Whether an export of the same sort may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ExportError: A package is missing, the model can't be played frame by frame, a file differs
            from Python by more than 1e-4, or quantisation changes the sound too much.
        OutputError: The folder exists, is of another sort or holds something else, or can't be
            written.
        ModelError: The weights of the pitch tracker aren't installed.

    Example:
        >>> from ddsp_tf import Instrument
        >>> violin = Instrument.load("violin")
        >>> report = export_live(violin, "out", runtime="onnx")
        >>> report.decoder.parity.error < 1e-4
        True
    """
    advance = progress or no_progress
    format_ = RUNTIMES[runtime]
    format_.require()
    parts = find_live_parts(instrument.model)
    described_as = f"{format_.title} networks of a ddsp_tf instrument"
    sort = FolderSort(
        f"an export for {format_.title}",
        METADATA,
        keys={"format": described_as},
        files=(f"*{format_.suffix}", IMPULSE_RESPONSE),
    )
    with atomic_directory(directory, sort=sort, overwrite=overwrite) as folder:
        decoder = make_decoder(instrument, format_, quantize=quantize)
        advance(0.6)
        tracker = make_tracker(instrument, format_, quantize=quantize)
        advance(0.9)
        metadata = {
            "format": described_as,
            **describe_instrument(instrument),
            "features": instrument.features.to_dict(),
            "synthesis": describe_synthesis(parts),
            "instrument": dict(instrument.metadata),
        }
        models = {"decoder": decoder, "f0_tracker": tracker}
        n_bytes = 0
        for name, model in models.items():
            own = {**metadata, "model": name, **model.description}
            content = format_.attach(model.content, own)
            require_unchanged(content, model, format_)
            (folder / f"{name}{format_.suffix}").write_bytes(content)
            n_bytes += len(content)
        write_impulse_response(parts, folder / IMPULSE_RESPONSE)
        described = {f"{name}{format_.suffix}": model.description for name, model in models.items()}
        write_json(folder / METADATA, {**metadata, "files": described})
        advance(1.0)
    return LiveReport(decoder, tracker, n_bytes)


def describe_synthesis(parts: LiveParts) -> dict[str, Any]:
    """Gives what a host needs to know to play controls, besides rates."""
    noise, reverb = parts.filtered_noise, parts.reverb
    return {
        "n_harmonics": parts.output_sizes["harmonic_distribution"],
        "amplitude_crossfade": parts.harmonic.amplitude_method,
        "noise": noise
        and {
            "n_bands": noise.n_bands,
            "window_length": noise.window_length or 2 * (noise.n_bands - 1),
            "seed": noise.seed,
        },
        "reverb": reverb
        and {
            "impulse_response": IMPULSE_RESPONSE,
            "n_taps": reverb.impulse_response_length,
            "add_dry": reverb.add_dry,
        },
    }


def write_impulse_response(parts: LiveParts, path: Path) -> None:
    """Writes the room's impulse response, if there is a room, as raw little-endian float32."""
    if parts.reverb is not None:
        response = parts.reverb.controls({"audio": None})["impulse_response"]
        path.write_bytes(np.asarray(response, "<f4").tobytes())
