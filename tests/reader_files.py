"""Small files under the names that pages and docstrings use."""

from pathlib import Path

import numpy as np
import soundfile
import tensorflow as tf

from ddsp_tf.presets import MELODY

_RATE = 16000


def write_recordings(folder: Path, *, seconds: float = 4.0) -> None:
    """What every reader has: three recordings, melodies, and something that is no audio."""
    (folder / "recordings").mkdir()
    (folder / "more").mkdir()
    takes = ([220.0, 330.0, 440.0], [330.0, 247.0, 294.0], [440.0, 392.0, 262.0])
    for index, notes_hz in enumerate(takes, start=1):
        path = folder / "recordings" / f"take_{index}.wav"
        soundfile.write(path, _play(notes_hz, seconds), _RATE)
    soundfile.write(folder / "more" / "tune.flac", _play([294.0, 349.0], 1.0), _RATE)
    melody, rate = soundfile.read(MELODY)
    soundfile.write(folder / "melody.wav", melody[: 2 * rate], rate)
    (folder / "notes.txt").write_text("not audio")


def write_magenta_records(folder: Path) -> None:
    """What a user of magenta/ddsp has: TFRecords of its layout."""
    (folder / "data").mkdir()
    example = tf.train.Example()
    for key, values in {
        "audio": _play([330.0, 392.0], 4.0),
        "f0_hz": np.repeat([330.0, 392.0], 500),
        "f0_confidence": np.full(1000, 0.9),
        "loudness_db": np.full(1000, -60.0),
    }.items():
        example.features.feature[key].float_list.value.extend(values)
    for name, n_examples in (("violin-train", 2), ("violin-eval", 1)):
        path = folder / "data" / f"{name}.tfrecord-00000-of-00001"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for _ in range(n_examples):
                writer.write(example.SerializeToString())


def _play(notes_hz: list[float], seconds: float) -> np.ndarray:
    """A bright tone that plays some notes."""
    n_samples = round(_RATE * seconds)
    f0_hz = np.repeat(notes_hz, -(-n_samples // len(notes_hz)))[:n_samples]
    phase = 2.0 * np.pi * np.cumsum(f0_hz) / _RATE
    swell = 0.6 + 0.4 * np.sin(np.arange(n_samples) * 2.0 * np.pi * len(notes_hz) / n_samples)
    return 0.2 * swell * sum(np.sin(k * phase) / k for k in range(1, 8))
