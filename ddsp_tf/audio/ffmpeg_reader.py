"""Reads what phones and cameras record (m4a, mp4, webm, 3gp, wma and others) with FFmpeg.

PyAV brings FFmpeg along. Only kinds of file that libsndfile does not know come here.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ddsp_tf.audio.joined_files import Part, PartFile
from ddsp_tf.audio.sound_source import AudioInfo, SoundSource, truncated
from ddsp_tf.errors import AudioFileError
from ddsp_tf.files import printable

if TYPE_CHECKING:
    import av
    from av.container import InputContainer

FFMPEG_SUFFIXES = frozenset(
    {
        *(".m4a", ".m4b", ".m4r", ".mp4", ".m4v", ".mov", ".qt", ".3gp", ".3gpp", ".3g2"),
        *(".aac", ".amr", ".awb", ".ac3", ".eac3", ".ape", ".tta", ".wv", ".dsf"),
        *(".webm", ".weba", ".mkv", ".mka", ".wma", ".wmv", ".asf", ".avi", ".flv"),
    }
)
"""What is read with FFmpeg, which PyAV brings."""

# Nothing that names other files, devices or addresses.
_CONTAINERS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "asf", "aac", "amr", "amrnb"),
    *("amrwb", "avi", "caf", "ac3", "eac3", "ape", "tta", "wv", "flv", "mpegts", "mpeg", "dsf"),
)
# These say nothing about their length, so FFmpeg guesses it.
_WITHOUT_LENGTH = frozenset({"aac", "amr", "amrnb", "amrwb", "ac3", "eac3", "mpegts", "mpeg"})
_BLOCK_SAMPLES = 1 << 18
_MANY_PLANES = 8
# What an encoder's delay and padding explain, in frames of an AAC encoder.
_MAY_LACK_SAMPLES = 4096


def open_with_ffmpeg(path: Path, stack: ExitStack) -> SoundSource | None:
    """Opens a file that FFmpeg knows and libsndfile doesn't.

    Args:
        path: The file.
        stack: Closes what is opened here.

    Returns:
        It, or None if it is of no such kind.

    Raises:
        AudioFileError: It has no sound in it, is damaged, or PyAV is missing.
    """
    try:
        import av
    except ImportError as error:
        if path.suffix.lower() not in FFMPEG_SUFFIXES:
            return None
        raise AudioFileError(
            f"Reading `{printable(path)}` needs PyAV: pip install av. Or export it as wav or flac."
        ) from error
    # A file that is already open needs no name that FFmpeg would have to understand.
    file = stack.enter_context(path.open("rb"))
    content = stack.enter_context(PartFile(file, Part(((0, path.stat().st_size),))))
    try:
        container = stack.enter_context(
            av.open(
                content,
                mode="r",
                metadata_errors="ignore",
                options={"format_whitelist": ",".join(_CONTAINERS)},
            )
        )
    except (av.error.FFmpegError, ValueError):
        return None
    stream = _stream(path, container)
    n_declared = _n_declared(container, stream)
    frames = _frames(path, container, stream, n_declared)
    first = next(frames, None)
    if first is None:
        raise AudioFileError(f"`{printable(path)}` holds no samples: its length is zero.")
    rate = first.sample_rate
    # A header may name half the rate and the channels of what HE-AAC unfolds to.
    n_samples = round(n_declared * rate) if n_declared else first.samples
    kind = f"{container.format.name.split(',')[0].upper()} {stream.codec_context.name.upper()}"
    info = AudioInfo(path, rate, _n_channels(first), n_samples, kind, _remarks(container))
    return SoundSource(info, _blocks(info, chain([first], frames), is_exact=_is_exact(container)))


def _stream(path: Path, container: "InputContainer") -> Any:
    streams = container.streams.audio
    if not streams:
        what = "a video without sound" if container.streams.video else "a file without sound"
        raise AudioFileError(
            f"`{printable(path)}` is {what}: it has no audio track. Choose another file."
        )
    stream = container.streams.best("audio") or streams[0]
    if stream.codec_context is None:
        raise AudioFileError(
            f"`{printable(path)}` is encoded in a way that can't be decoded here. Export it as "
            "wav or flac."
        )
    return stream


def _n_declared(container: "InputContainer", stream: Any) -> float | None:
    """Seconds of sound, as the container says."""
    if stream.duration is not None and stream.time_base:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1e6


def _is_exact(container: "InputContainer") -> bool:
    return container.format.name.startswith("mov")


def _remarks(container: "InputContainer") -> tuple[str, ...]:
    n_tracks = len(container.streams.audio)
    return (f"has {n_tracks} audio tracks; one of them was read.",) if n_tracks > 1 else ()


def _frames(
    path: Path, container: "InputContainer", stream: Any, n_declared: float | None
) -> Iterator["av.AudioFrame"]:
    import av

    seconds = 0.0
    try:
        for frame in container.decode(stream):
            if frame.samples:
                seconds += frame.samples / frame.sample_rate
                yield frame
    except av.error.FFmpegError as error:
        raise truncated(path, seconds) from error
    lacking = 0.0 if n_declared is None else n_declared - seconds
    has_length = container.format.name not in _WITHOUT_LENGTH
    if has_length and lacking > _MAY_LACK_SAMPLES / (stream.rate or 16000):
        raise truncated(path, seconds)


def _blocks(
    info: AudioInfo, frames: Iterator["av.AudioFrame"], *, is_exact: bool
) -> Iterator[np.ndarray]:
    """Joins frames to blocks; what an encoder added at the end is cut if the length is known."""
    left = info.n_samples if is_exact else None
    waiting: list[np.ndarray] = []
    size = max(1024, _BLOCK_SAMPLES // info.n_channels)
    for samples in _samples(info, frames):
        kept = samples if left is None else samples[:left]
        left = None if left is None else left - len(kept)
        waiting.append(kept)
        if sum(map(len, waiting)) >= size:
            yield np.concatenate(waiting)
            waiting = []
    if any(map(len, waiting)):
        yield np.concatenate(waiting)


def _samples(info: AudioInfo, frames: Iterator["av.AudioFrame"]) -> Iterator[np.ndarray]:
    """Turns frames into `[n_samples, n_channels]`, all with the rate and channels of the first."""
    import av

    layout: Any = None
    resampler, accepted = None, None
    for frame in frames:
        layout = layout or frame.layout
        is_same = (frame.sample_rate, _n_channels(frame)) == (info.sample_rate, info.n_channels)
        # PyAV counts the planes of more channels wrongly, and reads beyond the last.
        if is_same and not (frame.format.is_planar and info.n_channels >= _MANY_PLANES):
            yield _as_float(frame)
            continue
        kind = (frame.sample_rate, frame.layout.name, frame.format.name)
        if resampler is None or kind != accepted:
            yield from _rest(resampler)
            resampler = av.AudioResampler(format="flt", layout=layout, rate=info.sample_rate)
            accepted = kind
        frame.pts = None
        for converted in resampler.resample(frame):
            yield _as_float(converted)
    yield from _rest(resampler)


def _rest(resampler: "av.AudioResampler | None") -> Iterator[np.ndarray]:
    """What a resampler still holds."""
    for converted in [] if resampler is None else resampler.resample(None):
        yield _as_float(converted)


def _as_float(frame: "av.AudioFrame") -> np.ndarray:
    samples = frame.to_ndarray()
    if frame.format.is_planar:
        samples = samples.T
    else:
        samples = samples.reshape(-1, _n_channels(frame))
    if samples.dtype.kind == "f":
        return np.ascontiguousarray(samples, np.float32)
    half = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = half if samples.dtype.kind == "u" else 0.0
    return ((samples - offset) / half).astype(np.float32)


def _n_channels(frame: "av.AudioFrame") -> int:
    return int(frame.layout.nb_channels)
