"""Test signals that an instrument can play."""

import numpy as np

from ddsp_tf.models import Instrument
from ddsp_tf.types import Float32Array, Signal

_F0_HZ_RANGE = (110.0, 880.0)
_LOUDNESS_DB_RANGE = (-60.0, -15.0)


def probe_frames(
    instrument: Instrument, *, batch_size: int, n_frames: int
) -> dict[str, Float32Array]:
    """Makes inputs of `synthesize`: glides through the instrument's range, each row another.

    They leave it by an octave at both ends.

    Returns:
        What the model takes: `f0_hz` and `loudness_db` `[batch_size, n_frames]`, others of several
        numbers with an axis for them, audio `[batch_size, n_frames * hop_length]`.
    """
    statistics, model = instrument.statistics, instrument.model
    lowest_hz, highest_hz = _F0_HZ_RANGE if statistics is None else statistics.f0_hz_range
    low_hz, high_hz = lowest_hz / 2.0, highest_hz * 2.0
    low_db, high_db = _LOUDNESS_DB_RANGE if statistics is None else statistics.loudness_db_range
    row = np.arange(batch_size)[:, np.newaxis]
    cycles = np.arange(n_frames) / max(n_frames, 100) + 0.23 * row
    height = 0.5 - 0.5 * np.cos(2 * np.pi * cycles)
    known = {
        "f0_hz": (low_hz * (high_hz / low_hz) ** height).astype(np.float32),
        "loudness_db": (high_db + (low_db - high_db) * height**2).astype(np.float32),
    }
    sizes = (batch_size, n_frames, model.hop_length)
    return {
        key: known[key] if key in known else _probe(signal, *sizes)
        for key, signal in model.encoded_signals.items()
    }


def _probe(signal: Signal, batch_size: int, n_frames: int, hop_length: int) -> Float32Array:
    """Random numbers within the range of a signal, and around 0 where it has none."""
    length = {"value": (), "samples": (n_frames * hop_length,)}.get(signal.kind, (n_frames,))
    width = () if signal.width == 1 else (signal.width or 1,)
    drawn = np.random.default_rng(0).standard_normal((batch_size, *length, *width))
    if signal.kind == "samples":
        return (0.1 * drawn).astype(np.float32)
    low = -np.inf if signal.low is None else signal.low
    high = np.inf if signal.high is None else signal.high
    if np.isfinite(low) and np.isfinite(high):
        drawn = low + (high - low) * (0.5 + 0.5 * np.tanh(drawn))
    return np.clip(drawn, low, high).astype(np.float32)


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
