"""Audio files to mono float32, in bounded memory, with one clear error per bad file."""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ddsp_tf.errors import AudioFileError, DatasetError

AUDIO_SUFFIXES = frozenset(
    {
        ".wav",
        ".flac",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".aiff",
        ".aif",
        ".aifc",
        ".au",
        ".caf",
        ".w64",
    }
)
SILENCE_PEAK = 1e-3
"""A file whose peak is below this (-60 dBFS) holds silence, not a quiet recording."""

_BLOCK_SAMPLES = 1 << 18
# Recorders that stream a WAV write a size near 2**31 or 2**32 that they never correct.
_STREAMED_SIZE = 0x7FFFF000


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Attributes:
        path: The file.
        sample_rate: Samples a second of each channel.
        n_channels: How many channels it has.
        n_samples: Length in samples of one channel, as declared.
        format: Container and encoding, e.g. `"FLAC PCM_16"`.
    """

    path: Path
    sample_rate: int
    n_channels: int
    n_samples: int
    format: str

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate


def find_audio_files(path: str | os.PathLike[str]) -> list[Path]:
    """Lists the audio files at `path`: itself, or all below a folder, sorted by name.

    Hidden files and folders and files without an audio suffix are skipped.

    Args:
        path: An audio file or a folder.

    Returns:
        The files, at least one.

    Raises:
        DatasetError: There is nothing at `path`, or the folder holds no audio file.

    Example:
        >>> [path.name for path in find_audio_files("recordings/")]
        ['take_1.wav', 'take_2.wav', 'take_3.wav']
    """
    path = Path(path)
    if path.is_file():
        return [path]
    if not path.exists():
        raise DatasetError(f"`{path}` does not exist. Name an audio file or a folder of them.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise DatasetError(f"No permission to read the folder `{path}`.")
    visible = [found for found in sorted(path.rglob("*")) if not _is_hidden(found, below=path)]
    files = [
        found for found in visible if found.suffix.lower() in AUDIO_SUFFIXES and found.is_file()
    ]
    if files:
        return files
    what = "is empty" if not visible else f"holds no audio file among its {len(visible)} entries"
    kinds = "wav, flac, mp3, ogg or aiff"
    raise DatasetError(f"The folder `{path}` {what}. Put {kinds} recordings into it.")


def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """Reads the header of an audio file.

    Raises:
        AudioFileError: It is missing, not readable, not audio, or has no samples.
    """
    with _open(Path(path)) as file:
        return _info(Path(path), file)


def read_audio(
    path: str | os.PathLike[str], *, sample_rate: int | None = None
) -> tuple[np.ndarray, int]:
    """Reads a whole audio file as mono.

    Channels are averaged; resampling (soxr, high quality) keeps frequency content below the
    lower of both Nyquist frequencies and shifts nothing in time.

    Args:
        path: A wav, flac, mp3, ogg, opus or aiff file of any rate and number of channels.
        sample_rate: The rate wanted; None keeps the file's.

    Returns:
        `(audio, sample_rate)`: float32 `[n_samples]`, full scale 1.0, and its rate.

    Raises:
        AudioFileError: It is missing, not readable, not audio, truncated, empty, or has
            NaN or infinite samples.

    Example:
        >>> audio, sample_rate = read_audio("melody.wav", sample_rate=16000)
        >>> len(audio) / sample_rate
        2.0
    """
    rate = audio_info(path).sample_rate if sample_rate is None else sample_rate
    return np.concatenate(list(iterate_audio(path, sample_rate=rate))), rate


def iterate_audio(
    path: str | os.PathLike[str], *, sample_rate: int | None = None, block_s: float = 10.0
) -> Iterator[np.ndarray]:
    """Reads an audio file as mono blocks; together they are what `read_audio` returns.

    Args:
        path: As in `read_audio`.
        sample_rate: The rate wanted; None keeps the file's.
        block_s: Seconds a block; the last one may be shorter.

    Yields:
        float32 `[n_samples]` blocks.

    Raises:
        AudioFileError: As in `read_audio`; damage late in a file shows when it is reached.
    """
    info = audio_info(path)
    rate = info.sample_rate if sample_rate is None else sample_rate
    mono = mono_blocks(native_blocks(path), info.sample_rate, rate)
    return _regroup(mono, max(1, round(block_s * rate)))


def native_blocks(path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
    """Yields a file's samples as they are: float32 `[n_samples, n_channels]` blocks.

    Raises:
        AudioFileError: As in `read_audio`.
    """
    path = Path(path)
    with _open(path) as file:
        info = _info(path, file)
        _check_complete(info, file)
        n_read = 0
        # A block is bounded in bytes, whatever the number of channels.
        size = max(1024, _BLOCK_SAMPLES // info.n_channels)
        while n_read < info.n_samples:
            block = _read_block(info, file, size, n_read)
            if not len(block):
                break
            _check_finite(info, block, n_read)
            n_read += len(block)
            yield block
        _check_length(info, n_read)


def mono_blocks(
    blocks: Iterable[np.ndarray], sample_rate: int, new_sample_rate: int
) -> Iterator[np.ndarray]:
    """Averages channels and resamples a stream of `[n_samples, n_channels]` blocks."""
    mono = (block.mean(axis=1, dtype=np.float32) for block in blocks)
    if sample_rate == new_sample_rate:
        yield from mono
        return
    resampler = soxr.ResampleStream(sample_rate, new_sample_rate, 1, dtype="float32", quality="HQ")
    for block in mono:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def check_usable(audio: np.ndarray, *, n_samples: int, name: str | os.PathLike[str]) -> None:
    """Checks that there is enough sound to extract features from.

    Args:
        audio: Mono samples.
        n_samples: The length of one frame, the least that is accepted.
        name: What to call it in the error.

    Raises:
        AudioFileError: It is shorter than one frame, or nothing but silence.
    """
    if len(audio) < n_samples:
        raise AudioFileError(
            f"`{name}` is too short: {len(audio)} samples where one frame takes {n_samples}. "
            "Use a longer recording."
        )
    peak = float(np.max(np.abs(audio)))
    if peak < SILENCE_PEAK:
        level = "digital silence" if peak == 0 else f"a peak of {20 * np.log10(peak):.0f} dBFS"
        raise AudioFileError(
            f"`{name}` holds only silence ({level}). Check the microphone and record it again."
        )


def _is_hidden(path: Path, *, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


@contextmanager
def _open(path: Path) -> Iterator[soundfile.SoundFile]:
    if not path.exists():
        raise AudioFileError(f"`{path}` does not exist.")
    if path.is_dir():
        raise AudioFileError(f"`{path}` is a folder; an audio file is needed here.")
    if not os.access(path, os.R_OK):
        raise AudioFileError(f"No permission to read `{path}`.")
    if path.stat().st_size == 0:
        raise AudioFileError(f"`{path}` is an empty file (0 bytes).")
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise AudioFileError(
            f"`{path}` is not audio that can be read, or its start is damaged. "
            "Use wav, flac, mp3, ogg or aiff."
        ) from error
    with file:
        yield file


def _info(path: Path, file: soundfile.SoundFile) -> AudioInfo:
    if file.frames == 0:
        raise AudioFileError(f"`{path}` holds no samples: its length is zero.")
    container = f"{file.format} {file.subtype}"
    return AudioInfo(path, int(file.samplerate), int(file.channels), int(file.frames), container)


def _read_block(info: AudioInfo, file: soundfile.SoundFile, size: int, n_read: int) -> np.ndarray:
    try:
        return file.read(size, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise _truncated(info, n_read) from error


def _check_complete(info: AudioInfo, file: soundfile.SoundFile) -> None:
    """Finds what the header promises and the file lacks; the reader itself just stops early."""
    log = file.extra_info
    for declared, present in re.findall(r"(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", log):
        if int(present) < int(declared) < _STREAMED_SIZE:
            raise _truncated(info, info.n_samples)
    if "lacks an end-of-stream bit" in log:
        raise _truncated(info, info.n_samples)


def _check_length(info: AudioInfo, n_read: int) -> None:
    missing = info.n_samples - n_read
    if missing <= 0:
        return
    if "MPEG" in info.format and not _declares_length(info.path):
        return
    # An encoder's delay and padding explain a few thousand samples.
    if missing > 5000:
        raise _truncated(info, n_read)


def _declares_length(path: Path) -> bool:
    """Whether an MP3 says how long it is; without that its length is only an estimate."""
    with path.open("rb") as file:
        start = file.read(1 << 18)
    return b"Xing" in start or b"Info" in start


def _truncated(info: AudioInfo, n_read: int) -> AudioFileError:
    return AudioFileError(
        f"`{info.path}` is truncated or damaged: only its first {n_read / info.sample_rate:.1f} s "
        "can be read. Copy or export it again."
    )


def _check_finite(info: AudioInfo, block: np.ndarray, n_read: int) -> None:
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        position = (n_read + int(np.argmin(finite))) / info.sample_rate
        raise AudioFileError(
            f"`{info.path}` has NaN or infinite samples (the first at {position:.3f} s). "
            "Export it again."
        )


def _regroup(blocks: Iterable[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Cuts a stream of blocks of any length into blocks of `size` samples."""
    waiting: list[np.ndarray] = []
    n_waiting = 0
    for block in blocks:
        waiting.append(block)
        n_waiting += len(block)
        if n_waiting < size:
            continue
        joined = np.concatenate(waiting)
        n_whole = len(joined) // size * size
        yield from np.split(joined[:n_whole], n_whole // size)
        waiting, n_waiting = [joined[n_whole:]], len(joined) - n_whole
    if n_waiting:
        yield np.concatenate(waiting)
