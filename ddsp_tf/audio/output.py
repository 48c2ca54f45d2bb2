"""Writing finished sound: which files, at which depth, how loud, in bounded memory."""

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np
import soundfile

from ddsp_tf.audio.audio_files import resampled_blocks
from ddsp_tf.audio.peak_limiter import PeakLimiter
from ddsp_tf.audio.sndfile_reader import sndfile_name
from ddsp_tf.errors import ArgumentError, AudioFileError, OutputError
from ddsp_tf.files import atomic_file, check_writable, unwritable
from ddsp_tf.types import FloatArray

OUTPUT_SUFFIXES = (".wav", ".flac")

_SUBTYPES = {16: "PCM_16", 24: "PCM_24"}
_SCRATCH_BYTES = 1 << 22
_LOWEST_RATE, _HIGHEST_RATE = 1000, 384_000
_SOFTWARE = "ddsp_tf"
"""Stands in every file that is written, so that it is known again."""


def check_output(
    path: str | os.PathLike[str], *, sample_rate: int, bit_depth: int, overwrite: bool
) -> Path:
    """Checks, before any work is done, that sound can be written to `path` as asked.

    Raises:
        OutputError: The suffix is unknown, the file exists, or its folder can't be written.
        ArgumentError: The rate or the depth is not possible.
    """
    path = Path(path)
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise OutputError(f"Cannot write `{path}`: its name must end in .wav or .flac.")
    if bit_depth not in _SUBTYPES:
        raise ArgumentError(f"`bit_depth` must be 16 or 24; got {bit_depth!r}.")
    if not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
        raise ArgumentError(
            f"`sample_rate` must be from {_LOWEST_RATE} to {_HIGHEST_RATE} Hz; got {sample_rate!r}."
        )
    return check_writable(path, overwrite=overwrite)


def peak_gain(peak: float) -> float:
    """Gives the gain at which a sound of this peak just doesn't clip, 1 where it doesn't anyway.

    Example:
        >>> peak_gain(2.0), peak_gain(0.5)
        (0.5, 1.0)
    """
    return 1.0 / peak if peak > 1.0 else 1.0


def level_lines(gain_db: float, limited_db: float) -> list[str]:
    """Says what was done to a sound's level so that it does not clip; nothing, if nothing was."""
    lines = []
    if gain_db:
        lines.append(f"level: {gain_db:+.1f} dB, so that nothing clips")
    if limited_db:
        lines.append(f"limiter: peaks turned down by up to {limited_db:.1f} dB")
    return lines


def gain_to_db(gain: float) -> float:
    """Writes a gain above 0 in dB."""
    return 20.0 * float(np.log10(gain))


def is_own_output(path: str | os.PathLike[str]) -> bool:
    """Whether `write_audio` or `write_blocks` wrote a file; False for what can't be read.

    Files of ddsp_tf 0.1.0 can't be told from others.
    """
    try:
        with soundfile.SoundFile(sndfile_name(Path(path))) as file:
            return str(file.software).split(" ")[0] == _SOFTWARE
    except (soundfile.LibsndfileError, TypeError):
        return False


def write_audio(
    path: str | os.PathLike[str],
    audio: FloatArray,
    sample_rate: int,
    *,
    overwrite: bool = False,
    bit_depth: int = 24,
    clip: bool = False,
) -> float:
    """Writes audio as WAV or FLAC, whole or not at all.

    Args:
        path: The file; its suffix `.wav` or `.flac` chooses the format.
        audio: `[n_samples]` or `[n_samples, n_channels]`, full scale 1.0.
        sample_rate: Samples a second, 1,000 to 384,000.
        overwrite: Whether an existing file may be replaced.
        bit_depth: 16 or 24.
        clip: What happens to audio beyond full scale: false turns all of it down until its
            peak fits; true clips the peaks and keeps the level.

    Returns:
        The gain applied in dB: 0, or below when the audio was turned down.

    Raises:
        OutputError: The file exists, can't be written, the suffix is another, or the disk is full.
        ArgumentError: The rate or the depth is not possible.
        AudioFileError: The audio is empty or not finite.

    Example:
        >>> write_audio("tone.wav", 0.1 * np.sin(np.arange(16000) * 0.2), 16000)
        0.0
    """
    path = check_output(path, sample_rate=sample_rate, bit_depth=bit_depth, overwrite=overwrite)
    samples = np.asarray(audio, np.float32)
    if samples.ndim not in (1, 2) or not samples.size or not np.isfinite(samples).all():
        raise AudioFileError(
            f"Cannot write `{path}`: expected finite samples, [n_samples] or "
            f"[n_samples, n_channels], got shape {samples.shape}."
        )
    gain = 1.0 if clip else peak_gain(float(np.max(np.abs(samples))))
    columns = samples.reshape(len(samples), -1)
    with atomic_file(path, overwrite=overwrite) as temporary:
        _encode([columns], temporary, path, sample_rate, _SUBTYPES[bit_depth], gain)
    return gain_to_db(gain)


def write_blocks(
    path: Path,
    blocks: Iterable[FloatArray],
    *,
    block_rate: int,
    sample_rate: int,
    bit_depth: int,
    n_samples: int | None,
    normalize_peak: bool,
    overwrite: bool,
    limiter: PeakLimiter | None = None,
) -> float:
    """Resamples blocks of sound and writes them, whole or not at all.

    The blocks go to a scratch file first, for only at the end is it known how loud the loudest
    sample is.

    Args:
        path: As checked by `check_output`.
        blocks: Audio, one block after the other, `[n_samples]` or `[n_samples, n_channels]`.
        block_rate: Their rate in Hz.
        sample_rate: Rate of the file in Hz.
        bit_depth: 16 or 24.
        n_samples: Length of the file; what the resampler gives beyond it is cut. None: all that
            comes.
        normalize_peak: Whether sound that would clip is turned down as a whole. If not, it clips.
        overwrite: Whether an existing file may be replaced.
        limiter: Turns down peaks of mono audio at the file's rate, if any.

    Returns:
        Gain in dB, 0 if nothing was turned down.

    Raises:
        OutputError: The file can't be written, or the disk is full.
    """
    with (
        atomic_file(path, overwrite=overwrite) as temporary,
        tempfile.TemporaryFile(dir=path.parent) as scratch,
    ):
        columns = (block[:, np.newaxis] if block.ndim == 1 else block for block in blocks)
        resampled = resampled_blocks(columns, block_rate, sample_rate)
        if limiter is not None:
            mono = limiter.limit(block[:, 0] for block in resampled)
            resampled = (block[:, np.newaxis] for block in mono)
        peak, n_channels = _write_scratch(scratch, resampled, n_samples)
        gain = peak_gain(peak) if normalize_peak else 1.0
        stored = _read_scratch(scratch, n_channels)
        _encode(stored, temporary, path, sample_rate, _SUBTYPES[bit_depth], gain)
    return gain_to_db(gain)


def _write_scratch(
    scratch: IO[bytes], blocks: Iterable[FloatArray], n_samples: int | None
) -> tuple[float, int]:
    """Writes `[n_samples, n_channels]` blocks; gives their peak and the number of channels."""
    peak, n_written, n_channels = 0.0, 0, 1
    for block in blocks:
        n_kept = len(block) if n_samples is None else max(n_samples - n_written, 0)
        kept = np.ascontiguousarray(block[:n_kept], np.float32)
        n_written, n_channels = n_written + len(kept), block.shape[1]
        peak = max(peak, float(np.max(np.abs(kept), initial=0.0)))
        scratch.write(kept.tobytes())
    if n_samples is not None:
        scratch.write(bytes(4 * n_channels * max(n_samples - n_written, 0)))
    scratch.seek(0)
    return peak, n_channels


def _read_scratch(scratch: IO[bytes], n_channels: int) -> Iterator[FloatArray]:
    size = 4 * n_channels * (_SCRATCH_BYTES // (4 * n_channels))
    while data := scratch.read(size):
        yield np.frombuffer(data, np.float32).reshape(-1, n_channels)


def _encode(
    blocks: Iterable[FloatArray],
    temporary: Path,
    path: Path,
    sample_rate: int,
    subtype: str,
    gain: float,
) -> None:
    """Writes `[n_samples, n_channels]` blocks to `temporary`, which becomes `path`."""
    blocks = iter(blocks)
    first = next(blocks, np.zeros((0, 1), np.float32))
    try:
        with soundfile.SoundFile(
            sndfile_name(temporary), "w", sample_rate, channels=first.shape[1], subtype=subtype
        ) as file:
            file.software = _SOFTWARE
            for block in itertools.chain([first], blocks):
                file.write(np.clip(block * np.float32(gain), -1.0, 1.0))
    except soundfile.LibsndfileError as error:
        raise unwritable(path, error) from error
