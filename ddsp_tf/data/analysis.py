"""The work done once for each file: read, measure, extract features, find where it sounds."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from ddsp_tf.audio.audio_files import (
    AudioInfo,
    audio_info,
    check_usable,
    mono_blocks,
    native_blocks,
)
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.quality import ClippingCounter, measure_recording
from ddsp_tf.data.recording import Recording, to_pcm
from ddsp_tf.data.segments import Segment, frame_levels_db, silent_frames, sounding_segments
from ddsp_tf.errors import AudioFileError
from ddsp_tf.features import extract_features


def analyse_file(
    path: Path,
    settings: PrepareSettings,
    *,
    progress: Callable[[float], None] | None = None,
) -> Recording:
    """Turns an audio file into a `Recording`.

    Memory holds the mono audio at the dataset's rate (4 bytes a sample), never the file at its
    own rate and channels.

    Args:
        path: The file.
        settings: Rates, tracker and silence thresholds.
        progress: Called with the share of the features done, 0 to 1.

    Raises:
        AudioFileError: The file is unusable; the message says why.
    """
    info = audio_info(path)
    features_of = settings.features
    clipping = ClippingCounter()
    blocks = _watched(native_blocks(path), clipping)
    mono = list(mono_blocks(blocks, info.sample_rate, features_of.sample_rate))
    audio = np.concatenate(mono)
    check_usable(audio, n_samples=features_of.hop_length, name=path)
    audio, gain_db = _within_full_scale(_whole_frames(audio, features_of.hop_length))
    features = extract_features(audio, features_of, progress=progress)
    segments = _segments(audio, settings)
    if not segments:
        raise AudioFileError(
            f"`{path}` has less than {settings.min_segment_s} s of sound; the rest is silence. "
            "Record longer notes."
        )
    measures = measure_recording(
        audio,
        features,
        sample_rate=features_of.sample_rate,
        hop_length=features_of.hop_length,
        silence_below_db=settings.silence_below_db,
        silence_floor_db=settings.silence_floor_db,
    )
    measures["clipped_share"] = clipping.share
    return Recording(to_pcm(audio), features, segments, measures, _source(info, gain_db))


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        AudioFileError: It is missing or may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise AudioFileError(f"No permission to read `{path}`.") from error
    except OSError as error:
        raise AudioFileError(f"`{path}` cannot be read: {error.strerror}.") from error


def _watched(blocks: Iterable[np.ndarray], clipping: ClippingCounter) -> Iterator[np.ndarray]:
    for block in blocks:
        clipping.add(block)
        yield block


def _whole_frames(audio: np.ndarray, hop_length: int) -> np.ndarray:
    return np.pad(audio, (0, -len(audio) % hop_length))


def _within_full_scale(audio: np.ndarray) -> tuple[np.ndarray, float]:
    """Turns a recording down when it exceeds what 16 bits hold, as decoded MP3 often does."""
    peak = float(np.max(np.abs(audio)))
    if peak <= 1.0:
        return audio, 0.0
    return audio / np.float32(peak), -20.0 * float(np.log10(peak))


def _segments(audio: np.ndarray, settings: PrepareSettings) -> list[Segment]:
    levels = frame_levels_db(audio, hop_length=settings.features.hop_length)
    silent = silent_frames(
        levels, below_db=settings.silence_below_db, floor_db=settings.silence_floor_db
    )
    rate = settings.features.frame_rate
    return sounding_segments(
        silent,
        min_silence=round(settings.min_silence_s * rate),
        keep_silence=round(settings.keep_silence_s * rate),
        min_segment=round(settings.min_segment_s * rate),
    )


def _source(info: AudioInfo, gain_db: float) -> dict[str, float | int | str]:
    return {
        "sample_rate": info.sample_rate,
        "n_channels": info.n_channels,
        "format": info.format,
        "seconds": info.seconds,
        "gain_db": gain_db,
    }
