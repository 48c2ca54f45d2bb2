"""What is measured of a sound that may have failed: numbers that a listener would agree with."""

import numpy as np
from failure_inputs import RATE, Audio

from ddsp_tf.features import FeatureSettings, extract_loudness_db

LEAST_DB = -160.0


def decibels(amplitude: float) -> float:
    """An amplitude in dBFS, -160 at least."""
    return max(LEAST_DB, 20 * float(np.log10(max(amplitude, 1e-30))))


def peak_db(audio: Audio) -> float:
    """The highest sample in dBFS."""
    return decibels(float(np.max(np.abs(audio), initial=0.0)))


def edge_db(audio: Audio) -> float:
    """The step at the start or the end of a sound, the higher of both, in dBFS."""
    return peak_db(audio[[0, -1]])


def levels_db(audio: Audio, window_s: float) -> Audio:
    """The level around every sample, RMS over a window, in dBFS."""
    length = round(window_s * RATE)
    power = np.convolve(np.square(audio, dtype=np.float64), np.ones(length) / length, "same")
    return 10 * np.log10(np.maximum(power, 10 ** (LEAST_DB / 10)))


def loudness_db(audio: Audio) -> float:
    """The A-weighted loudness in the middle of a sound, in dB."""
    loudness = extract_loudness_db(audio.astype(np.float32), FeatureSettings())
    return float(np.mean(loudness[len(loudness) // 4 : -len(loudness) // 4]))


def largest_rise_db(audio: Audio) -> float:
    """By how much a sound that should only fade becomes louder again, above -70 dBFS."""
    level = np.maximum(levels_db(audio, 0.05)[round(0.1 * RATE) :], -70.0)
    return float(np.max(level - np.minimum.accumulate(level)))


def onset_rises_db(audio: Audio, note_s: float, n_notes: int) -> Audio:
    """How far the level rises at each note but the first, from the least before to the most after.

    The level is that of 4 ms; 30 ms before the note and 30 ms after its start are looked at.
    """
    level, near = levels_db(audio, 0.004), round(0.03 * RATE)
    starts = [round(index * note_s * RATE) for index in range(1, n_notes)]
    return np.array(
        [
            level[start : start + near].max() - level[start - near : start + near // 6].min()
            for start in starts
        ]
    )


def pitch_errors_cents(audio: Audio, f0_hz: Audio) -> Audio:
    """How far the fundamental that is heard is off the one asked for, at every sample.

    The sound is turned back by the phase that the fundamental should have; what turns on, within
    about 40 Hz, is the error. The first and the last 150 ms, where notes begin and end, are left
    out.
    """
    n_samples = min(len(audio), len(f0_hz))
    turned = audio[:n_samples] * np.exp(-2j * np.pi * np.cumsum(f0_hz[:n_samples]) / RATE)
    window = np.hanning(401)
    slow = np.convolve(turned, window / window.sum(), "same")
    off_hz = np.diff(np.unwrap(np.angle(slow))) * RATE / (2 * np.pi)
    asked_hz = f0_hz[1:n_samples]
    cents = 1200 * np.log2(np.maximum(asked_hz + off_hz, 1.0) / asked_hz)
    ends = round(0.15 * RATE)
    return cents[ends:-ends]


def swing(values: Audio, hz: float) -> float:
    """The amplitude of a track at one frequency, over as many whole periods as it has."""
    n_periods = int(len(values) * hz / RATE)
    whole = np.asarray(values[: round(n_periods * RATE / hz)], np.float64)
    turned = (whole - whole.mean()) * np.exp(-2j * np.pi * hz * np.arange(len(whole)) / RATE)
    return 2 * float(np.abs(turned.mean()))


def largest_dip_db(audio: Audio, note_s: float, n_notes: int) -> float:
    """How far the level falls at the changes between notes, below that amid the notes; the most.

    The level is that of 20 ms; 60 ms on either side of a change are looked at.
    """
    level, near = levels_db(audio, 0.02), round(0.06 * RATE)
    amid = [level[round((index + 0.5) * note_s * RATE)] for index in range(n_notes)]
    changes = [round(index * note_s * RATE) for index in range(1, n_notes)]
    return max(
        min(amid[index], amid[index + 1]) - float(level[start - near : start + near].min())
        for index, start in enumerate(changes)
    )


def steepest_fall_db(audio: Audio, seconds: float) -> float:
    """The most by which the level of 20 ms falls in 10 ms, while it is within 50 dB of the highest.

    The first of those seconds that a sound lasts are left out.
    """
    level, step = levels_db(audio, 0.02), round(0.01 * RATE)
    heard = level[: len(level) - step] > level.max() - 50.0
    heard[: round(seconds * RATE)] = False
    return float(np.max((level[:-step] - level[step:])[heard], initial=0.0))


def audible_jumps(audio: Audio, f0_hz: Audio, hop_length: int) -> int:
    """How often the pitch moves by over 80 cents in a frame that is within 40 dB of the loudest.

    A singer's fastest glide takes 25 of them in 4 ms; a chirp takes hundreds.
    """
    level = levels_db(audio, 0.008)[::hop_length][: len(f0_hz)]
    heard = level > level.max() - 40.0
    moved = np.abs(np.diff(1200 * np.log2(f0_hz[: len(level)]))) > 80.0
    return int(np.sum(moved & heard[1:] & heard[:-1]))


def correlation(one: Audio, other: Audio) -> float:
    """Pearson's correlation of two tracks over their common length."""
    n_frames = min(len(one), len(other))
    return float(np.corrcoef(one[:n_frames], other[:n_frames])[0, 1])


def distortion_db(audio: Audio, hz: float) -> float:
    """Power of all but one frequency, relative to that frequency, in dB."""
    phase = 2 * np.pi * hz * np.arange(len(audio)) / RATE
    tone = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    rest = audio - tone @ np.linalg.lstsq(tone, audio, rcond=None)[0]
    return 10 * float(np.log10(np.mean(rest**2) / np.mean(audio**2)))
