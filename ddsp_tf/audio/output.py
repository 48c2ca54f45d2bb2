"""Writing blocks of sound to a file, in bounded memory and without clipping."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np
import soundfile

from ddsp_tf.audio.audio_files import mono_blocks
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.audio.sndfile_reader import sndfile_name
from ddsp_tf.errors import ArgumentError, OutputError
from ddsp_tf.files import atomic_file, check_writable
from ddsp_tf.types import FloatArray

_SUBTYPES = {16: "PCM_16", 24: "PCM_24"}
_SUFFIXES = (".wav", ".flac")
_SCRATCH_BYTES = 1 << 22
_LOWEST_RATE, _HIGHEST_RATE = 1000, 384_000


def check_output(
    path: str | os.PathLike[str], *, sample_rate: int, bit_depth: int, overwrite: bool
) -> Path:
    """Checks, before any work is done, that sound can be written to `path` as asked.

    Raises:
        OutputError: The suffix is unknown, the file exists, or its folder can't be written.
        ArgumentError: The rate or the depth is not possible.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise OutputError(f"Cannot write `{path}`: its name must end in .wav or .flac.")
    if bit_depth not in _SUBTYPES:
        raise ArgumentError(f"`bit_depth` must be 16 or 24; got {bit_depth!r}.")
    if not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
        raise ArgumentError(
            f"`sample_rate` must be from {_LOWEST_RATE} to {_HIGHEST_RATE} Hz; got {sample_rate!r}."
        )
    return check_writable(path, overwrite=overwrite)


def write_blocks(
    path: Path,
    blocks: Iterable[FloatArray],
    *,
    block_rate: int,
    sample_rate: int,
    bit_depth: int,
    n_samples: int,
    normalize_peak: bool,
    overwrite: bool,
    limiter: PeakLimiter | None = None,
) -> float:
    """Resamples blocks of sound and writes them, whole or not at all.

    The blocks go to a scratch file first, for only at the end is it known how loud the loudest
    sample is.

    Args:
        path: As checked by `check_output`.
        blocks: Mono audio, one block after the other.
        block_rate: Their rate in Hz.
        sample_rate: Rate of the file in Hz.
        bit_depth: 16 or 24.
        n_samples: Length of the file; what the resampler gives beyond it is cut.
        normalize_peak: Whether sound that would clip is turned down as a whole. If not, it clips.
        overwrite: Whether an existing file may be replaced.
        limiter: Turns down peaks at the file's rate, if any.

    Returns:
        Gain in dB, 0 if nothing was turned down.

    Raises:
        OutputError: The file can't be written, or the disk is full.
    """
    with (
        atomic_file(path, overwrite=overwrite) as temporary,
        tempfile.TemporaryFile(dir=path.parent) as scratch,
    ):
        columns = (block[:, np.newaxis] for block in blocks)
        resampled = mono_blocks(columns, block_rate, sample_rate)
        limited = resampled if limiter is None else limiter.limit(resampled)
        peak = _write_scratch(scratch, limited, n_samples)
        gain = 1.0 / peak if normalize_peak and peak > 1.0 else 1.0
        try:
            _encode(scratch, temporary, sample_rate, _SUBTYPES[bit_depth], gain)
        except soundfile.LibsndfileError as error:
            raise OutputError(
                f"Cannot write `{path}`: {error}. Is the disk full? Nothing was left half-written."
            ) from error
    return 20.0 * float(np.log10(gain))


def _write_scratch(scratch: IO[bytes], blocks: Iterable[FloatArray], n_samples: int) -> float:
    peak, missing = 0.0, n_samples
    for block in blocks:
        kept = np.ascontiguousarray(block[:missing], np.float32)
        missing -= len(kept)
        peak = max(peak, float(np.max(np.abs(kept), initial=0.0)))
        scratch.write(kept.tobytes())
    scratch.write(bytes(4 * missing))
    scratch.seek(0)
    return peak


def _encode(scratch: IO[bytes], path: Path, sample_rate: int, subtype: str, gain: float) -> None:
    with soundfile.SoundFile(
        sndfile_name(path), "w", sample_rate, channels=1, subtype=subtype
    ) as file:
        while data := scratch.read(_SCRATCH_BYTES):
            samples = np.frombuffer(data, np.float32)
            file.write(np.clip(samples * np.float32(gain), -1.0, 1.0))
