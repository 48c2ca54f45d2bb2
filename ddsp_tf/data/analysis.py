"""The work done once for each file: read, measure, extract features, find where it sounds."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr

from ddsp_tf.audio.audio_files import (
    AudioInfo,
    audio_info,
    check_usable,
    native_blocks,
    read_sound,
)
from ddsp_tf.audio.constant_offset import remove_offset
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.quality import ClippingCounter, measure_recording
from ddsp_tf.data.recording import Recording, to_pcm
from ddsp_tf.data.segments import Segment, frame_levels_db, silent_frames, sounding_segments
from ddsp_tf.errors import AudioFileError
from ddsp_tf.features import extract_features
from ddsp_tf.files import printable


def analyse_file(
    path: Path,
    settings: PrepareSettings,
    *,
    n_channels: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Recording:
    """Turns an audio file into a `Recording`.

    Memory holds the mono audio at the dataset's rate (4 bytes a sample), and the file at its own
    rate and channels only where these are kept.

    Args:
        path: The file.
        settings: Rates, columns, tracker and silence thresholds.
        n_channels: Of the sound that is kept; 1 mixes down, a mono file is in each of several.
        progress: Called with the share of the features done, 0 to 1.

    Raises:
        AudioFileError: The file is unusable; the message says why.
    """
    features_of = settings.features
    clipping = ClippingCounter()
    read = read_sound(path, sample_rate=features_of.sample_rate, watch=clipping.add)
    check_usable(read.audio, n_samples=features_of.hop_length, name=path)
    audio = _whole_frames(read.audio, features_of.hop_length)
    sound = audio if n_channels == 1 else read_channels(path, n_channels, len(audio), settings)
    gain_db = full_scale_gain_db(sound, settings)
    audio, sound = with_gain(audio, gain_db), with_gain(sound, gain_db)
    features = extract_features(audio, features_of, progress=progress)
    segments = find_segments(audio, settings, name=path)
    measures = measure_recording(
        audio,
        features,
        sample_rate=features_of.sample_rate,
        hop_length=features_of.hop_length,
        silence_below_db=settings.silence_below_db,
        silence_floor_db=settings.silence_floor_db,
    )
    measures["clipped_share"] = clipping.flat_share if read.info.is_float else clipping.share
    return Recording(
        n_frames=len(audio) // features_of.hop_length,
        features=features,
        segments=segments,
        measures=measures,
        source={**source_of(read.info, gain_db), "remarks": list(read.remarks)},
        samples={"audio": as_stored(sound, settings)},
    )


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        AudioFileError: It is missing or may not be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError as error:
        raise AudioFileError(f"No permission to read `{printable(path)}`.") from error
    except OSError as error:
        raise AudioFileError(f"`{printable(path)}` cannot be read: {error.strerror}.") from error


def _whole_frames(audio: np.ndarray, hop_length: int) -> np.ndarray:
    return np.pad(audio, (0, -len(audio) % hop_length))


def read_channels(
    path: Path,
    n_channels: int,
    n_samples: int | None,
    settings: PrepareSettings,
    *,
    keep_offset: bool = False,
) -> np.ndarray:
    """Reads a file with its channels at the dataset's rate, `[n_samples, n_channels]`.

    A mono file is in all of them, a constant offset is removed from each unless it is to be kept.
    The length is the file's own, or made to be `n_samples`.
    """
    rate, new_rate = audio_info(path).sample_rate, settings.features.sample_rate
    sound = np.concatenate(list(native_blocks(path)))
    if rate != new_rate:
        sound = soxr.resample(sound, rate, new_rate, quality="HQ")
    if not keep_offset:
        sound = np.stack([remove_offset(channel, new_rate)[0] for channel in sound.T], axis=1)
    sound = np.broadcast_to(sound, [len(sound), n_channels])
    if n_samples is None:
        return sound
    return np.pad(sound, ((0, max(n_samples - len(sound), 0)), (0, 0)))[:n_samples]


def full_scale_gain_db(sound: np.ndarray, settings: PrepareSettings) -> float:
    """What turns sound down to what 16 bits hold, which decoded MP3 often exceeds; at most 0."""
    peak = float(np.max(np.abs(sound)))
    fits = peak <= 1.0 or settings.sample_format == "float32"
    return 0.0 if fits else -20.0 * float(np.log10(peak))


def with_gain(sound: np.ndarray, gain_db: float) -> np.ndarray:
    """Sound times a gain."""
    return sound if gain_db == 0.0 else sound * np.float32(10.0 ** (gain_db / 20.0))


def as_stored(sound: np.ndarray, settings: PrepareSettings) -> np.ndarray:
    """Sound in the format of the settings."""
    return to_pcm(sound) if settings.sample_format == "int16" else sound.astype(np.float32)


def find_segments(
    audio: np.ndarray, settings: PrepareSettings, *, name: str | Path
) -> list[Segment]:
    """Where mono audio sounds, in frames.

    Raises:
        AudioFileError: Nowhere for long enough.
    """
    segments = _segments(audio, settings)
    if not segments:
        raise AudioFileError(
            f"`{printable(name)}` has less than {settings.min_segment_s} s of sound; the rest is "
            "silence. Record longer notes, or lower `PrepareSettings.min_segment_s`."
        )
    return segments


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


def source_of(info: AudioInfo, gain_db: float) -> dict[str, float | int | str]:
    """What is stored about the file that a recording came from."""
    return {
        "sample_rate": info.sample_rate,
        "n_channels": info.n_channels,
        "format": info.format,
        "seconds": info.seconds,
        "gain_db": gain_db,
    }
