"""Reads sound files with libsndfile, to their end."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ddsp_tf.audio.joined_files import STREAMED_SIZE, Part, PartFile, find_parts
from ddsp_tf.audio.sound_source import AudioInfo, SoundSource, truncated
from ddsp_tf.errors import AudioFileError
from ddsp_tf.files import printable

_BLOCK_SAMPLES = 1 << 18
_UNKNOWN_LENGTH = 1 << 48
_NO_END = "lacks an end-of-stream bit"


def open_sndfile(path: Path, stack: ExitStack) -> SoundSource:
    """Opens a file that libsndfile knows.

    Args:
        path: The file.
        stack: Closes what is opened here.

    Raises:
        soundfile.LibsndfileError: It is of another kind.
        AudioFileError: It is damaged.
    """
    parts = find_parts(path)
    if not parts:
        file = stack.enter_context(_opened(path, None))
        info = _info(path, file)
        return SoundSource(info, _blocks(info, file))
    infos: list[AudioInfo] = []
    kept = []
    for part in parts:
        try:
            with _opened(path, part) as file:
                is_cut = file.frames == 0 and _NO_END in file.extra_info
                if is_cut and infos:
                    raise truncated(path, sum(info.seconds for info in infos))
                if file.frames or len(parts) == 1:
                    infos.append(_info(path, file))
                    kept.append(part)
        except soundfile.LibsndfileError as error:
            if not infos:
                raise
            raise truncated(path, sum(info.seconds for info in infos)) from error
    if not infos:
        raise AudioFileError(f"`{printable(path)}` holds no samples: its length is zero.")
    parts = kept
    total = sum(round(info.seconds * infos[0].sample_rate) for info in infos)
    info = replace(infos[0], n_samples=total, remarks=_remarks(parts, infos[0].format))
    return SoundSource(info, _blocks_of_parts(path, parts, info))


def sndfile_name(path: Path) -> str | bytes:
    """A path as libsndfile takes it: its bytes, which need not be UTF-8, where names are bytes."""
    return os.fspath(path) if os.name == "nt" else os.fsencode(path)


@contextmanager
def _opened(path: Path, part: Part | None) -> Iterator[soundfile.SoundFile]:
    if part is None:
        with soundfile.SoundFile(sndfile_name(path)) as file:
            yield file
        return
    with (
        path.open("rb") as whole,
        PartFile(whole, part) as content,
        soundfile.SoundFile(content) as file,
    ):
        yield file


def _info(path: Path, file: soundfile.SoundFile) -> AudioInfo:
    if file.frames == 0:
        raise AudioFileError(f"`{printable(path)}` holds no samples: its length is zero.")
    container = f"{file.format} {file.subtype}"
    return AudioInfo(path, int(file.samplerate), int(file.channels), int(file.frames), container)


def _remarks(parts: list[Part], container: str) -> tuple[str, ...]:
    if len(parts) > 1:
        return (f"is {len(parts)} recordings joined end to end; all of them were read.",)
    if "MPEG" in container or "FLAC" in container:
        return ()
    return (
        "is longer than its header says, as if its recorder had been cut off; it was read to "
        "its end.",
    )


def _blocks_of_parts(path: Path, parts: list[Part], info: AudioInfo) -> Iterator[np.ndarray]:
    n_read = 0
    for index, part in enumerate(parts):
        with _opened(path, part) as file:
            own = _info(path, file)
            is_last = index == len(parts) - 1
            blocks = _blocks(own, file, n_before=n_read, may_lack_end=not is_last)
            for block in _converted(blocks, own, info):
                n_read += len(block)
                yield block


def _converted(
    blocks: Iterator[np.ndarray], own: AudioInfo, info: AudioInfo
) -> Iterator[np.ndarray]:
    """Gives a part the rate and the number of channels of the first one."""
    if own.n_channels != info.n_channels:
        shape = (1, info.n_channels)
        blocks = (np.tile(block.mean(1, keepdims=True), shape) for block in blocks)
    if own.sample_rate == info.sample_rate:
        yield from blocks
        return
    resampler = soxr.ResampleStream(
        own.sample_rate, info.sample_rate, info.n_channels, dtype="float32", quality="HQ"
    )
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros([0, info.n_channels], np.float32), last=True)


def _blocks(
    info: AudioInfo, file: soundfile.SoundFile, *, n_before: int = 0, may_lack_end: bool = False
) -> Iterator[np.ndarray]:
    if not may_lack_end:
        _check_complete(info, file, n_before)
    n_read = 0
    # A block is bounded in bytes, whatever the number of channels.
    size = max(1024, _BLOCK_SAMPLES // info.n_channels)
    while n_read < info.n_samples:
        try:
            block = file.read(size, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise truncated(info.path, (n_before + n_read) / info.sample_rate) from error
        if not len(block):
            break
        n_read += len(block)
        yield block
    _check_length(info, n_read, n_before)


def _check_complete(info: AudioInfo, file: soundfile.SoundFile, n_before: int) -> None:
    """Finds what the header promises and the file lacks; the reader itself just stops early."""
    log = file.extra_info
    lacks = _NO_END in log
    for declared, present in re.findall(r"(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", log):
        lacks |= int(present) < int(declared) < STREAMED_SIZE
    if lacks:
        raise truncated(info.path, (n_before + info.n_samples) / info.sample_rate)


def _check_length(info: AudioInfo, n_read: int, n_before: int) -> None:
    missing = info.n_samples - n_read
    if missing <= 0 or info.n_samples > _UNKNOWN_LENGTH:
        return
    if "MPEG" in info.format and not _declares_length(info.path):
        return
    # An encoder's delay and padding explain a few thousand samples.
    if missing > 5000:
        raise truncated(info.path, (n_before + n_read) / info.sample_rate)


def _declares_length(path: Path) -> bool:
    """Whether an MP3 says how long it is; without that its length is only an estimate."""
    with path.open("rb") as file:
        start = file.read(1 << 18)
    return b"Xing" in start or b"Info" in start
