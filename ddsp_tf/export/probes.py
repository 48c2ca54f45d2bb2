"""Test signals that an instrument can play."""

import numpy as np

from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array

_F0_HZ_RANGE = (110.0, 880.0)
_LOUDNESS_DB_RANGE = (-60.0, -15.0)


def probe_frames(
    instrument: Instrument, *, batch_size: int, n_frames: int
) -> dict[str, Float32Array]:
    """Makes inputs of `synthesize`: glides through the instrument's range, each row another.

    They leave it by an octave at both ends.

    Returns:
        `f0_hz` and `loudness_db` `[batch_size, n_frames]`, and `z` if the model has an encoder.
    """
    statistics, encoder = instrument.statistics, instrument.model.encoder
    lowest_hz, highest_hz = _F0_HZ_RANGE if statistics is None else statistics.f0_hz_range
    low_hz, high_hz = lowest_hz / 2.0, highest_hz * 2.0
    low_db, high_db = _LOUDNESS_DB_RANGE if statistics is None else statistics.loudness_db_range
    row = np.arange(batch_size)[:, np.newaxis]
    cycles = np.arange(n_frames) / max(n_frames, 100) + 0.23 * row
    height = 0.5 - 0.5 * np.cos(2 * np.pi * cycles)
    frames = {
        "f0_hz": (low_hz * (high_hz / low_hz) ** height).astype(np.float32),
        "loudness_db": (high_db + (low_db - high_db) * height**2).astype(np.float32),
    }
    if encoder is not None:
        shape = (batch_size, n_frames, encoder.n_z)
        frames["z"] = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return frames


def probe_audio(sample_rate: int, *, batch_size: int, n_samples: int) -> Float32Array:
    """Makes an input of `transfer`: tones with vibrato and swelling level, each row another.

    Returns:
        `[batch_size, n_samples]`.
    """
    time_s = np.arange(n_samples) / sample_rate
    rows = []
    for row in range(batch_size):
        cycles = 220.0 * 1.5**row * (time_s - 0.0005 * np.cos(2 * np.pi * 5.0 * time_s))
        tone = sum(np.sin(2 * np.pi * k * cycles) / k for k in range(1, 6))
        rows.append(0.2 * tone * (0.6 - 0.4 * np.cos(2 * np.pi * 0.8 * time_s)))
    return np.stack(rows).astype(np.float32)
