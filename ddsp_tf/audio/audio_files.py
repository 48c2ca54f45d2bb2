"""Audio files to mono float32, in bounded memory, with one clear error per bad file."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ddsp_tf.audio.constant_offset import remove_offset
from ddsp_tf.audio.downmix import ChannelPowers, average
from ddsp_tf.audio.ffmpeg_reader import open_with_ffmpeg
from ddsp_tf.audio.found_files import AUDIO_SUFFIXES, find_audio_files, search_audio_files
from ddsp_tf.audio.sndfile_reader import open_sndfile
from ddsp_tf.audio.sound_source import AudioInfo, SoundSource
from ddsp_tf.errors import AudioFileError
from ddsp_tf.files import printable
from ddsp_tf.types import FloatArray

__all__ = [
    "AUDIO_SUFFIXES",
    "SILENCE_PEAK",
    "AudioInfo",
    "Sound",
    "audio_info",
    "check_usable",
    "find_audio_files",
    "iterate_audio",
    "mono_blocks",
    "native_blocks",
    "read_audio",
    "read_sound",
    "search_audio_files",
]

SILENCE_PEAK = 1e-3
"""A file whose peak is below this (-60 dBFS) holds silence, not a quiet recording."""

_LOWEST_RATE, _HIGHEST_RATE = 1000, 1_000_000


@dataclass(frozen=True)
class Sound:
    """A recording, read and made ready for whatever listens to it.

    Attributes:
        audio: float32 `[n_samples]`, mono, full scale 1.0, without constant offset.
        sample_rate: Samples a second.
        info: What the file says of itself; its length is that which was read.
        remarks: What was unusual and was dealt with; sentences that lack their subject, e.g.
            `"had a constant offset of -34 dBFS, which was removed."`
    """

    audio: FloatArray
    sample_rate: int
    info: AudioInfo
    remarks: tuple[str, ...]


def audio_info(path: str | os.PathLike[str]) -> AudioInfo:
    """Reads the header of an audio file.

    Raises:
        AudioFileError: It is missing, not readable, not audio, or has no samples.
    """
    with _open(Path(path)) as source:
        return source.info


def read_audio(
    path: str | os.PathLike[str], *, sample_rate: int | None = None
) -> tuple[np.ndarray, int]:
    """Reads a whole audio file as mono.

    Channels are averaged, unless they cancel each other (opposite polarity): then the strongest
    is taken. Resampling (soxr, high quality) keeps frequency content below the lower of both
    Nyquist frequencies and shifts nothing in time. Everything in the file is read, whatever its
    header says: recordings joined end to end, too.

    Args:
        path: A wav, flac, mp3, ogg, opus, aiff, m4a or other audio file, or a video with sound,
            of any rate and number of channels.
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
    sound = _read_mono(Path(path), sample_rate, None)
    return sound.audio, sound.sample_rate


def read_sound(
    path: str | os.PathLike[str],
    *,
    sample_rate: int | None = None,
    watch: Callable[[FloatArray], None] | None = None,
) -> Sound:
    """Reads a recording as `read_audio` does, removes a constant offset, and says what it met.

    Args:
        path: As in `read_audio`.
        sample_rate: The rate wanted; None keeps the file's.
        watch: Is given the file's samples as they are, blocks `[n_samples, n_channels]`.

    Returns:
        The recording.

    Raises:
        AudioFileError: As in `read_audio`.

    Example:
        >>> read_sound("melody.wav").remarks
        ()
    """
    sound = _read_mono(Path(path), sample_rate, watch)
    audio, offset = remove_offset(sound.audio, sound.sample_rate)
    if not offset:
        return sound
    level_db = 20.0 * np.log10(abs(offset))
    remark = f"had a constant offset (DC) of {level_db:.0f} dBFS, which was removed."
    return replace(sound, audio=audio, remarks=(*sound.remarks, remark))


def iterate_audio(
    path: str | os.PathLike[str], *, sample_rate: int | None = None, block_s: float = 10.0
) -> Iterator[np.ndarray]:
    """Reads an audio file as mono blocks; together they are what `read_audio` returns.

    A file of several channels is decoded once before, to learn whether they cancel.

    Args:
        path: As in `read_audio`.
        sample_rate: The rate wanted; None keeps the file's.
        block_s: Seconds a block; the last one may be shorter.

    Yields:
        float32 `[n_samples]` blocks.

    Raises:
        AudioFileError: As in `read_audio`; damage late in a file of one channel shows when it is
            reached.
    """
    info = audio_info(path)
    rate = info.sample_rate if sample_rate is None else sample_rate
    channel = None if info.n_channels == 1 else _better_channel(path, info)
    mono = mono_blocks(native_blocks(path), info.sample_rate, rate, channel=channel)
    return _regroup(mono, max(1, round(block_s * rate)))


def native_blocks(path: str | os.PathLike[str]) -> Iterator[np.ndarray]:
    """Yields a file's samples as they are: float32 `[n_samples, n_channels]` blocks.

    Raises:
        AudioFileError: As in `read_audio`.
    """
    with _open(Path(path)) as source:
        yield from source.blocks


def mono_blocks(
    blocks: Iterable[np.ndarray],
    sample_rate: int,
    new_sample_rate: int,
    *,
    channel: int | None = None,
) -> Iterator[np.ndarray]:
    """Makes a stream of `[n_samples, n_channels]` blocks mono and resamples it.

    Args:
        blocks: The stream.
        sample_rate: Its rate.
        new_sample_rate: The rate wanted.
        channel: The channel to take; None averages all.

    Yields:
        float32 `[n_samples]` blocks.
    """
    mono = (average(block) if channel is None else block[:, channel] for block in blocks)
    columns = (block[:, np.newaxis] for block in mono)
    for block in resampled_blocks(columns, sample_rate, new_sample_rate):
        yield block[:, 0]


def resampled_blocks(
    blocks: Iterable[np.ndarray], sample_rate: int, new_sample_rate: int
) -> Iterator[np.ndarray]:
    """Resamples a stream of `[n_samples, n_channels]` blocks.

    Args:
        blocks: The stream, all of the same number of channels.
        sample_rate: Its rate.
        new_sample_rate: The rate wanted.

    Yields:
        float32 `[n_samples, n_channels]` blocks.
    """
    if sample_rate == new_sample_rate:
        yield from blocks
        return
    resampler = None
    for block in blocks:
        if resampler is None:
            n_channels = block.shape[1]
            resampler = soxr.ResampleStream(
                sample_rate, new_sample_rate, n_channels, dtype="float32", quality="HQ"
            )
        yield resampler.resample_chunk(np.ascontiguousarray(block, np.float32))
    if resampler is not None:
        yield resampler.resample_chunk(np.zeros((0, n_channels), np.float32), last=True)


def check_usable(audio: np.ndarray, *, n_samples: int, name: str | os.PathLike[str]) -> None:
    """Checks that there is enough sound to extract features from.

    Args:
        audio: Mono samples.
        n_samples: The length of one frame, the least that is accepted.
        name: What to call it in the error.

    Raises:
        AudioFileError: It is shorter than one frame, or nothing but silence; a constant offset
            is silence, too.
    """
    if len(audio) < n_samples:
        raise AudioFileError(
            f"`{printable(name)}` is too short: {len(audio)} samples where one frame takes "
            f"{n_samples}. Use a longer recording."
        )
    lowest, highest = float(np.min(audio)), float(np.max(audio))
    peak = max(-lowest, highest)
    mean = float(np.mean(audio, dtype=np.float64))
    if peak >= SILENCE_PEAK and max(highest - mean, mean - lowest) >= SILENCE_PEAK:
        return
    if peak == 0:
        level = "digital silence"
    elif peak < SILENCE_PEAK:
        level = f"a peak of {20 * np.log10(peak):.0f} dBFS"
    else:
        level = f"nothing but a constant offset of {20 * np.log10(peak):.0f} dBFS"
    raise AudioFileError(
        f"`{printable(name)}` holds only silence ({level}). Check the microphone and record it "
        "again."
    )


def _read_mono(
    path: Path, sample_rate: int | None, watch: Callable[[FloatArray], None] | None
) -> Sound:
    with _open(path) as source:
        info = source.info
        rate = info.sample_rate if sample_rate is None else sample_rate
        powers = ChannelPowers(info.n_channels)
        blocks = _measured(source.blocks, powers, watch)
        audio = _joined(mono_blocks(blocks, info.sample_rate, rate))
    info = replace(info, n_samples=powers.n_samples)
    channel = powers.better_channel
    if channel is None:
        return Sound(audio, rate, info, info.remarks)
    audio = _joined(mono_blocks(native_blocks(path), info.sample_rate, rate, channel=channel))
    remark = (
        "has channels of opposite polarity, which cancel each other when they are added; only "
        f"channel {channel + 1} of {info.n_channels} was used."
    )
    return Sound(audio, rate, info, (*info.remarks, remark))


def _measured(
    blocks: Iterable[FloatArray],
    powers: ChannelPowers,
    watch: Callable[[FloatArray], None] | None,
) -> Iterator[FloatArray]:
    for block in blocks:
        powers.add(block)
        if watch is not None:
            watch(block)
        yield block


def _joined(blocks: Iterable[FloatArray]) -> FloatArray:
    return np.concatenate([np.zeros(0, np.float32), *blocks])


def _better_channel(path: str | os.PathLike[str], info: AudioInfo) -> int | None:
    powers = ChannelPowers(info.n_channels)
    for block in native_blocks(path):
        powers.add(block)
    return powers.better_channel


@contextmanager
def _open(path: Path) -> Iterator[SoundSource]:
    with ExitStack() as stack:
        try:
            _check_file(path)
            source = _recognised(path, stack)
        except (AudioFileError, MemoryError):
            raise
        except OSError as error:
            raise AudioFileError(
                f"`{printable(path)}` cannot be read: {error.strerror or error}."
            ) from error
        except Exception as error:
            raise _unforeseen(path, error) from error
        rate = source.info.sample_rate
        if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
            raise AudioFileError(
                f"`{printable(path)}` claims to have {rate} samples a second, where recordings "
                f"have {_LOWEST_RATE} to {_HIGHEST_RATE}. Export it again."
            )
        yield SoundSource(source.info, _checked(source))


def _check_file(path: Path) -> None:
    name = printable(path)
    if not path.exists():
        raise AudioFileError(f"`{name}` does not exist.")
    if path.is_dir():
        raise AudioFileError(f"`{name}` is a folder; an audio file is needed here.")
    if not path.is_file():
        raise AudioFileError(f"`{name}` is a device or a pipe; an audio file is needed here.")
    if not os.access(path, os.R_OK):
        raise AudioFileError(f"No permission to read `{name}`.")
    if path.stat().st_size == 0:
        raise AudioFileError(f"`{name}` is an empty file (0 bytes).")


def _recognised(path: Path, stack: ExitStack) -> SoundSource:
    unknown: Exception | None = None
    if not _is_adts(path):
        try:
            return open_sndfile(path, stack)
        except (soundfile.LibsndfileError, TypeError) as error:
            unknown = error
    source = open_with_ffmpeg(path, stack)
    if source is None:
        raise AudioFileError(
            f"`{printable(path)}` is not audio that can be read, or its start is damaged. "
            "Use wav, flac, mp3, ogg, aiff or m4a."
        ) from unknown
    return source


def _is_adts(path: Path) -> bool:
    """Whether a file is bare AAC, which libsndfile takes for MP3."""
    with path.open("rb") as file:
        start = file.read(2)
    return len(start) == 2 and start[0] == 0xFF and start[1] & 0xF6 == 0xF0


def _checked(source: SoundSource) -> Iterator[FloatArray]:
    info, n_read = source.info, 0
    try:
        for block in source.blocks:
            _check_finite(info, block, n_read)
            n_read += len(block)
            yield block
    except (AudioFileError, MemoryError):
        raise
    except Exception as error:
        raise _unforeseen(info.path, error) from error
    if not n_read:
        raise AudioFileError(f"`{printable(info.path)}` holds no samples: its length is zero.")


def _unforeseen(path: Path, error: Exception) -> AudioFileError:
    reason = (str(error).strip() or "no message").splitlines()[0]
    return AudioFileError(
        f"`{printable(path)}` cannot be read: {reason} ({type(error).__name__}). Copy or export "
        "it again."
    )


def _check_finite(info: AudioInfo, block: FloatArray, n_read: int) -> None:
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        position = (n_read + int(np.argmin(finite))) / info.sample_rate
        raise AudioFileError(
            f"`{printable(info.path)}` has NaN or infinite samples (the first at "
            f"{position:.3f} s). Export it again."
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
