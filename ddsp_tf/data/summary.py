"""The numbers of a dataset's report."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.quality import CONFIDENT
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.split import Split

# Further below the loudest notes a tracker's f0 says little of what is played.
_HEARD_RANGE_DB = 30.0


def summarise(
    recordings: Mapping[str, Recording], split: Split, settings: PrepareSettings
) -> dict[str, Any]:
    """Sums up a dataset.

    Args:
        recordings: Its files by name.
        split: Where their segments went.
        settings: How it was prepared.

    Returns:
        JSON-compatible numbers. Shares are 0 to 1 and weighted by duration, levels are in dBFS,
        pitches in MIDI; the low and high ends are the 2nd and 98th percentile of pitch, and
        the 5th and 95th of loudness, over voiced frames.
    """
    frame_rate = settings.features.frame_rate
    all_of = list(recordings.values())
    measured = _weighted_measures(all_of)
    f0_hz, loudness_db = voiced_frames(recordings)
    midi = 69.0 + 12.0 * np.log2(np.maximum(f0_hz, 1.0) / 440.0)
    total_frames = sum(recording.n_frames for recording in all_of)
    train, held_out = _n_frames(split.train), _n_frames(split.eval)
    levels = [recording.measures["loud_db"] for recording in all_of]
    return {
        "n_files": len(recordings),
        "source_seconds": sum(float(recording.source["seconds"]) for recording in all_of),
        "train_seconds": train / frame_rate,
        "eval_seconds": held_out / frame_rate,
        "cut_seconds": (total_frames - train - held_out) / frame_rate,
        "sample_rate": settings.features.sample_rate,
        "lowest_sample_rate": min(int(recording.source["sample_rate"]) for recording in all_of),
        "peak_db": max(recording.measures["peak_db"] for recording in all_of),
        "loud_db": float(np.median(levels)),
        "loud_spread_db": max(levels) - min(levels),
        **measured,
        "pitch_low_midi": _percentile(midi, 2),
        "pitch_median_midi": _percentile(midi, 50),
        "pitch_high_midi": _percentile(midi, 98),
        "loudness_low_db": _percentile(loudness_db, 5),
        "loudness_high_db": _percentile(loudness_db, 95),
        "f0_histogram": _histogram(midi),
    }


def voiced_frames(recordings: Mapping[str, Recording]) -> tuple[np.ndarray, np.ndarray]:
    """Returns f0 in Hz and loudness in dB of the voiced frames of all segments."""
    f0_hz, loudness_db = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for recording in recordings.values():
        floor = float(np.percentile(recording.features.loudness_db, 95)) - _HEARD_RANGE_DB
        for first, end in recording.segments:
            part = recording.features[first:end]
            voiced = (part.f0_confidence >= CONFIDENT) & (part.loudness_db > floor)
            f0_hz.append(part.f0_hz[voiced])
            loudness_db.append(part.loudness_db[voiced])
    return np.concatenate(f0_hz), np.concatenate(loudness_db)


def _weighted_measures(recordings: list[Recording]) -> dict[str, float]:
    frames = np.array([recording.n_frames for recording in recordings], float)

    def of(name: str) -> np.ndarray:
        return np.array([recording.measures[name] for recording in recordings])

    sounding = frames * (1.0 - of("silent_share"))
    voiced = sounding * of("voiced_share")
    return {
        "silent_share": _mean(of("silent_share"), frames),
        "clipped_share": _mean(of("clipped_share"), frames),
        "voiced_share": _mean(of("voiced_share"), sounding),
        "polyphonic_share": _mean(of("polyphonic_share"), voiced),
        "octave_share": _mean(of("octave_share"), voiced),
    }


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.sum(values * weights) / max(float(np.sum(weights)), 1e-9))


def _percentile(values: np.ndarray, share: float) -> float | None:
    return float(np.percentile(values, share)) if len(values) else None


def _histogram(midi: np.ndarray) -> dict[str, float]:
    """Share of the voiced frames at each semitone."""
    notes, counts = np.unique(np.round(midi).astype(int), return_counts=True)
    return {
        str(note): round(float(count / len(midi)), 5)
        for note, count in zip(notes, counts, strict=True)
    }


def _n_frames(side: Mapping[str, list[tuple[int, int]]]) -> int:
    return sum(end - first for segments in side.values() for first, end in segments)
