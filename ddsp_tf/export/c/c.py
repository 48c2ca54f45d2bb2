"""The export of an instrument as C99 source, for boards and hosts without a runtime."""

import os
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.export.c.c_arrays import as_stored, n_constant_bytes
from ddsp_tf.export.c.c_program import describe_compiler, find_c_compiler, run_in_c
from ddsp_tf.export.c.c_source import identifier, n_state_of, write_sources
from ddsp_tf.export.decoder_contents import (
    decoder_arrays,
    describe_decoder,
    require_known_decoder,
)
from ddsp_tf.export.finite_weights import require_finite
from ddsp_tf.export.live_export import IMPULSE_RESPONSE, METADATA, write_impulse_response
from ddsp_tf.export.live_parity import LiveParity, Runner, measure_decoder_parity
from ddsp_tf.export.live_parts import LiveParts, find_live_parts
from ddsp_tf.export.plugin.container import Container
from ddsp_tf.export.plugin.file_decoder import FileDecoder
from ddsp_tf.export.sound_loss import SoundLoss, measure_sound_loss
from ddsp_tf.export.web.web_site import name_instrument
from ddsp_tf.files import FolderSort, atomic_directory, write_json
from ddsp_tf.models import Instrument
from ddsp_tf.types import Progress, no_progress

FORMAT = "C99 source of a ddsp_tf instrument"


@dataclass(frozen=True)
class CReport:
    """What an export in C came to.

    Args:
        source: Name of the file with the decoder.
        parity: How closely it equals Python; of int8, that of float32.
        loss: What int8 costs in sound, or None.
        n_weight_bytes: What the weights take in a program.
    """

    source: str
    parity: LiveParity
    loss: SoundLoss | None
    n_weight_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Gives the figures, ready for JSON."""
        return {
            "source": self.source,
            "parity": self.parity.to_dict(),
            "quantization_loss": None if self.loss is None else self.loss.to_dict(),
            "n_weight_bytes": self.n_weight_bytes,
        }

    def __str__(self) -> str:
        said = f"has {self.source}, which equals Python to {self.parity.error:.1e} in controls"
        if self.loss is not None:
            spectrum = self.loss.values["log_spectral_difference_db"]
            said += f" before int8, which costs {spectrum:.2f} dB in the spectrum"
        return (
            f"{said} ({self.parity.runtime}); its weights take {self.n_weight_bytes / 1e6:.2f} MB."
        )


def export_c(
    instrument: Instrument,
    directory: str | os.PathLike[str],
    *,
    name: str,
    quantize: Literal["int8"] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> CReport:
    """Writes a decoder as C99 source, which needs `math.h` and no memory but its arguments.

    The folder gets `NAME_decoder.h` and `NAME_decoder.c` with the function `NAME_step`, `main.c`,
    which plays pitch and loudness through it as in `docs/contract.md`, the room's impulse response
    as raw little-endian float32, and `metadata.json`. Where there is a C compiler the source is
    compiled and compared with Python; elsewhere its numbers are, by NumPy.

    Args:
        instrument: A causal one without encoder, with a decoder that the plug-in's engine knows.
        directory: The folder to write.
        name: What files and function are called; signs that C doesn't take become `_`.
        quantize: "int8" stores kernels in eight bits, with a scale for each output; None: float32.
        overwrite: Whether an export of the same sort may be replaced.
        progress: Is called with the share that is done, 0 to 1.

    Raises:
        ArgumentError: `quantize` is none of these.
        ExportError: The model is of no such sort, the source doesn't compile or differs from
            Python by more than 1e-4, or int8 changes the sound too much.
        OutputError: The folder exists, is of another sort or holds something else, or can't be
            written.

    Example:
        >>> from ddsp_tf import Instrument
        >>> report = export_c(Instrument.load("violin"), "violin_c", name="violin")
        >>> report.source, report.parity.error < 1e-4
        ('violin_decoder.c', True)
    """
    if quantize not in (None, "int8"):
        raise ArgumentError(f"`quantize` must be 'int8' or None; got {quantize!r}.")
    advance = progress or no_progress
    parts = find_live_parts(instrument.model)
    require_known_decoder(parts, "The code in C")
    require_finite(instrument)
    name = identifier(name_instrument(name))
    sort = FolderSort(
        "an export in C",
        METADATA,
        keys={"format": FORMAT},
        files=("*.c", "*.h", IMPULSE_RESPONSE),
    )
    with atomic_directory(directory, sort=sort, overwrite=overwrite) as folder:
        decoder = _Decoder(instrument, parts, name)
        advance(0.1)
        run, n_state, runtime = decoder.run(int8=False)
        parity = measure_decoder_parity(instrument, parts, run, n_state=n_state, runtime=runtime)
        parity.require("decoder in C")
        advance(0.6)
        loss = None
        if quantize is not None:
            run, n_state, _ = decoder.run(int8=True)
            loss = measure_sound_loss(instrument, parts, run, n_state=n_state)
            loss.require(quantize)
        report = CReport(
            f"{name}_decoder.c", parity, loss, decoder.n_weight_bytes(int8=quantize is not None)
        )
        for file, text in decoder.sources(int8=quantize is not None).items():
            (folder / file).write_text(text, encoding="utf-8")
        write_impulse_response(parts, folder / IMPULSE_RESPONSE)
        write_json(
            folder / METADATA,
            {
                **decoder.facts,
                "format": FORMAT,
                "function": f"{name}_step",
                "weights": quantize or "float32",
                **report.to_dict(),
            },
        )
        advance(1.0)
    return report


class _Decoder:
    """What is written and run, with weights of either sort."""

    def __init__(self, instrument: Instrument, parts: LiveParts, name: str) -> None:
        self.facts = describe_decoder(instrument, parts)
        self._sizes = parts.output_sizes
        self._arrays = decoder_arrays(parts.decoder)
        self._name = name

    def sources(self, *, int8: bool) -> dict[str, str]:
        """The files."""
        return write_sources(self.facts, self._arrays, name=self._name, int8=int8)

    def run(self, *, int8: bool) -> tuple[Runner, int, str]:
        """Gives what decodes a frame, how many numbers its state has, and what it runs in."""
        compiler = find_c_compiler()
        if compiler is None:
            arrays = as_stored(self._arrays, int8=int8)
            found = FileDecoder(Container(self.facts, arrays))
            return found, found.n_state, f"NumPy {np.__version__}"
        run = run_in_c(compiler, self.sources(int8=int8), self._sizes, name=self._name)
        return run, n_state_of(self.facts["network"]), describe_compiler(compiler)

    def n_weight_bytes(self, *, int8: bool) -> int:
        """What constants take in a program."""
        return n_constant_bytes(self._arrays, int8=int8)
