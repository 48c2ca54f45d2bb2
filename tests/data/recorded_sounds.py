"""Sounds and recordings with known content."""

import numpy as np

from ddsp_tf.data.recording import Recording
from ddsp_tf.features import Column, Features, FeatureSettings, columns_of, samples_column

HOP = 64


def default_columns() -> dict[str, Column]:
    """What a dataset of pitch and loudness holds."""
    return {"audio": samples_column("audio"), **columns_of(FeatureSettings())}


def tone(
    seconds: float, *, sample_rate: int = 16000, f0_hz: float = 220.0, amplitude: float = 0.3
) -> np.ndarray:
    """A tone with eight harmonics, whose peak is about `amplitude`."""
    time_s = np.arange(round(seconds * sample_rate)) / sample_rate
    partials = [np.sin(2 * np.pi * k * f0_hz * time_s) / k for k in range(1, 9)]
    summed = np.sum(partials, axis=0)
    return (amplitude * summed / np.max(np.abs(summed))).astype(np.float32)


def numbered_recording(n_frames: int, *, first: int = 0, segments=None) -> Recording:
    """A recording whose every frame tells its own number, in audio and features."""
    numbers = np.arange(first, first + n_frames)
    features = Features(
        f0_hz=(100.0 + numbers).astype(np.float32),
        f0_confidence=np.full(n_frames, 0.9, np.float32),
        loudness_db=(-20.0 - numbers % 20).astype(np.float32),
    )
    measures = {
        "peak_db": -6.0,
        "loud_db": -20.0,
        "silent_share": 0.0,
        "voiced_share": 1.0,
        "polyphonic_share": 0.0,
        "octave_share": 0.0,
        "clipped_share": 0.0,
    }
    source = {"sample_rate": 16000, "n_channels": 1, "seconds": n_frames / 250, "gain_db": 0.0}
    pcm = np.repeat(numbers, HOP).astype(np.int16)
    return Recording(
        n_frames, features, segments or [(0, n_frames)], measures, source, {"audio": pcm}
    )
