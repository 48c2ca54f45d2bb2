"""Audio to measure with: given recordings, or some made of the melody that ships."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from ddsp_tf.presets import MELODY

_SEMITONES = (0, -3, 4, -7, 2, -1, 5, -5, 3, 1, -2, -4)
_LONG_FILE_S = 30.0


def _read(path: Path) -> tuple[np.ndarray, int]:
    audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return audio.mean(axis=1), rate


def write_looped(source: Path | None, target: Path, seconds: float) -> Path:
    """Writes a file of some length that repeats a recording, or is its start.

    Args:
        source: The recording; None: the melody that ships.
        target: File to write, a .wav.
        seconds: Its length.

    Returns:
        `target`.
    """
    audio, rate = _read(source or MELODY)
    n_samples = round(seconds * rate)
    soundfile.write(target, np.resize(audio, n_samples), rate, subtype="PCM_16")
    return target


def write_recordings(folder: Path, seconds: float) -> Path:
    """Writes a folder of takes that are all different: the melody at other pitches and speeds.

    Args:
        folder: To write; new.
        seconds: Of all takes together.

    Returns:
        `folder`.
    """
    folder.mkdir(parents=True)
    melody, rate = _read(MELODY)
    left, take = round(seconds * rate), 0
    while left > 0:
        parts: list[np.ndarray] = []
        while sum(map(len, parts)) < min(left, _LONG_FILE_S * rate):
            # Played at another speed; never twice at the same, so that no take repeats another.
            speed = 2.0 ** ((_SEMITONES[take % len(_SEMITONES)] + 0.03 * take) / 12.0)
            parts.append(soxr.resample(melody, rate * speed, rate))
            take += 1
        audio = np.concatenate(parts)[:left]
        soundfile.write(folder / f"take_{take:03d}.wav", audio, rate, subtype="PCM_16")
        left -= len(audio)
    return folder


def total_seconds(folder: Path) -> float:
    """The length of all recordings in a folder and below it."""
    suffixes = {f".{name.lower()}" for name in soundfile.available_formats()} | {".aif", ".mp3"}
    found = [path for path in folder.rglob("*") if path.suffix.lower() in suffixes]
    return sum(float(soundfile.info(path).duration) for path in found)
