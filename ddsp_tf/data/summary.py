"""The numbers of a dataset's report."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.quality import CONFIDENT
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.split import Split
from ddsp_tf.features import Features

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
        the 5th and 95th of loudness, over voiced frames. What columns that aren't there would
        tell is left out.
    """
    frame_rate = settings.features.frame_rate
    all_of = list(recordings.values())
    measured = _weighted_measures(all_of)
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
        **_ranges(recordings),
    }


def _ranges(recordings: Mapping[str, Recording]) -> dict[str, Any]:
    """Of pitch over the voiced frames, and of loudness over these or else over all that sound."""
    features = next(iter(recordings.values())).features
    f0_hz, loudness_db = voiced_frames(recordings)
    numbers: dict[str, Any] = {}
    if features.has("f0_hz", "f0_confidence"):
        midi = 69.0 + 12.0 * np.log2(np.maximum(f0_hz, 1.0) / 440.0)
        numbers["pitch_low_midi"] = _percentile(midi, 2)
        numbers["pitch_median_midi"] = _percentile(midi, 50)
        numbers["pitch_high_midi"] = _percentile(midi, 98)
        numbers["f0_histogram"] = _histogram(midi)
    if features.has("loudness_db"):
        numbers["loudness_low_db"] = _percentile(loudness_db, 5)
        numbers["loudness_high_db"] = _percentile(loudness_db, 95)
    return numbers


def voiced_frames(recordings: Mapping[str, Recording]) -> tuple[np.ndarray, np.ndarray]:
    """Returns f0 in Hz and loudness in dB of the voiced frames of all segments.

    Without a pitch, loudness is that of all frames; what is not known is empty.
    """
    f0_hz, loudness_db = [np.zeros(0, np.float32)], [np.zeros(0, np.float32)]
    for recording in recordings.values():
        heard = _heard(recording.features)
        for first, end in recording.segments:
            part, chosen = recording.features[first:end], heard[first:end]
            if part.has("f0_hz", "f0_confidence"):
                f0_hz.append(part.f0_hz[chosen])
            if part.has("loudness_db"):
                loudness_db.append(part.loudness_db[chosen])
    return np.concatenate(f0_hz), np.concatenate(loudness_db)


def _heard(features: Features) -> np.ndarray:
    heard = np.ones(features.n_frames, bool)
    if features.has("loudness_db"):
        floor = float(np.percentile(features.loudness_db, 95)) - _HEARD_RANGE_DB
        heard &= features.loudness_db > floor
    if features.has("f0_hz", "f0_confidence"):
        heard &= features.f0_confidence >= CONFIDENT
    return heard


def _weighted_measures(recordings: list[Recording]) -> dict[str, float]:
    frames = np.array([recording.n_frames for recording in recordings], float)

    def of(name: str) -> np.ndarray:
        # Datasets of before 0.2.0 don't know `above_share` and `below_share`.
        return np.array([recording.measures.get(name, 0.0) for recording in recordings])

    whole = {
        "silent_share": _mean(of("silent_share"), frames),
        "clipped_share": _mean(of("clipped_share"), frames),
    }
    if not all("voiced_share" in recording.measures for recording in recordings):
        return whole
    sounding = frames * (1.0 - of("silent_share"))
    voiced = sounding * of("voiced_share")
    return {
        **whole,
        "above_share": _mean(of("above_share"), sounding),
        "below_share": _mean(of("below_share"), sounding),
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
