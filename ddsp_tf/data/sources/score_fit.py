"""Whether a score is that of a recording, and how much earlier or later it is."""

from dataclasses import dataclass

import numpy as np

from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.mel_db import mel_levels_db
from ddsp_tf.features.extractors.onset_strength import half_width, rises
from ddsp_tf.types import FloatArray

LARGEST_OFFSET_S = 2.0
LEAST_FIT_DB = 4.0
"""Right scores of real and rendered music reach 15 to 40 dB, wrong ones 3 dB."""

LARGEST_DRIFT_S = 0.08

_STEP_S = 0.02
_WINDOW_S = 0.256
_NEAR_S = 0.1
_LOWEST, _HIGHEST = 24, 108
_PERCUSSION = 9
_BLOCK = 512


@dataclass(frozen=True)
class ScoreFit:
    """How a score lies beside its recording.

    Attributes:
        offset_s: How much later than the score the notes are heard.
        fit_db: How much louder the notes' pitches are at their time than at other times.
        drift_s: By how much the offset of the second half is greater than that of the first.
    """

    offset_s: float
    fit_db: float
    drift_s: float


def measure_fit(notes: np.ndarray, audio: np.ndarray, features: FeatureSettings) -> ScoreFit:
    """Compares the notes of a score with the sound.

    The pitches of the score are looked for in the spectrum at each offset up to two seconds; near
    the best one the offset is that at which the rises of the sound are strongest at the onsets.

    Args:
        notes: `[n_notes, 5]`.
        audio: `[n_samples]`, mono.
        features: Its rate, and the frames in which onsets are measured.
    """
    # Amplitudes, since decibels rise before a note is there.
    amplitudes = 10.0 ** (mel_levels_db(audio.astype(np.float32), features) / 20.0)
    strength = rises(amplitudes, half_width(features))
    levels = _pitch_levels_db(audio, features.sample_rate)
    contrasts, offsets = _contrasts(notes, levels)
    best = int(np.argmax(contrasts))
    coarse_s = float(offsets[best])

    def offset_of(some: np.ndarray) -> float:
        return _best_onsets(some, strength, features.frame_rate, around_s=coarse_s)

    half = len(notes) // 2
    drift_s = offset_of(notes[half:]) - offset_of(notes[:half]) if half >= 4 else 0.0
    return ScoreFit(
        offset_s=offset_of(notes),
        fit_db=float(contrasts[best] - np.median(contrasts)),
        drift_s=drift_s,
    )


def _best_onsets(
    notes: np.ndarray, strength: np.ndarray, frame_rate: float, *, around_s: float
) -> float:
    """The offset near another at which the mean strength at the onsets is greatest."""
    onsets = np.unique(np.round(notes[:, 0] * frame_rate)).astype(int)
    near = round(_NEAR_S * frame_rate)
    shifts = round(around_s * frame_rate) + np.arange(-near, near + 1)
    places = onsets[np.newaxis] + shifts[:, np.newaxis]
    inside = (places >= 0) & (places < len(strength))
    found = np.where(inside, strength[np.clip(places, 0, len(strength) - 1)], 0.0)
    return float(shifts[int(np.argmax(found.sum(axis=1)))] / frame_rate)


def _pitch_levels_db(audio: np.ndarray, sample_rate: int) -> FloatArray:
    """Mean level of the first two partials of each pitch from 24 to 108, `[n, 85]`."""
    length, hop = round(_WINDOW_S * sample_rate), round(_STEP_S * sample_rate)
    n_frames = -(-len(audio) // hop)
    padded = np.pad(audio, (length // 2, length))
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop][:n_frames]
    frequencies = np.fft.rfftfreq(2 * length, 1.0 / sample_rate)
    pitches = np.arange(_LOWEST, _HIGHEST + 1)
    edges = 440.0 * 2.0 ** ((np.append(pitches, _HIGHEST + 1) - 69.5) / 12.0)
    parts = []
    for first in range(0, n_frames, _BLOCK):
        spectrum = np.fft.rfft(windows[first : first + _BLOCK] * np.hanning(length), 2 * length)
        power_db = 10.0 * np.log10(np.square(np.abs(spectrum)) + 1e-6)
        parts.append(sum(_highest(power_db, frequencies, k * edges) for k in (1, 2)) / 2.0)
    return np.concatenate(parts)


def _highest(power_db: FloatArray, frequencies: FloatArray, edges: FloatArray) -> FloatArray:
    """The highest level between each two edges; that of the last bin beyond Nyquist."""
    bins = np.minimum(np.searchsorted(frequencies, edges), len(frequencies) - 1)
    return np.maximum.reduceat(power_db, bins[:-1], axis=1)


def _contrasts(notes: np.ndarray, levels_db: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How much louder the notes' pitches are than those around them, at each offset in s."""
    largest = round(LARGEST_OFFSET_S / _STEP_S)
    shifts = np.arange(-largest, largest + 1)
    pitched = notes[(notes[:, 4] != _PERCUSSION)]
    pitched = pitched[(pitched[:, 2] >= _LOWEST) & (pitched[:, 2] <= _HIGHEST)]
    if not len(pitched):
        return np.zeros(len(shifts)), shifts * _STEP_S
    keys = pitched[:, 2].astype(int) - _LOWEST
    around = slice(max(int(keys.min()) - 7, 0), int(keys.max()) + 8)
    contrast = levels_db - levels_db[:, around].mean(axis=1, keepdims=True)
    summed = np.concatenate([np.zeros([1, contrast.shape[1]]), np.cumsum(contrast, axis=0)])
    total, count = np.zeros(len(shifts)), np.zeros(len(shifts))
    for key, (onset_s, offset_s) in zip(keys, pitched[:, :2], strict=True):
        first = np.clip(round(float(onset_s) / _STEP_S) + shifts, 0, len(contrast))
        end = np.clip(round(float(offset_s) / _STEP_S) + shifts, 0, len(contrast))
        total += summed[end, key] - summed[first, key]
        count += end - first
    return total / np.maximum(count, 1), shifts * _STEP_S
