"""Compares formants of GELP's filters with those that linear prediction of the sound itself finds.

python scripts/measure_gelp_formants.py

Five vowels (Peterson and Barney 1952), of noise and of pulses at five pitches, through resonators.
Prints the worst of the fifteen formants of each source: of the filters that follow from the mel
bands, beside what is known; of a predictor of the same order and pre-emphasis of the sound itself,
beside what is known, which is what that way of measuring can tell; of the filters beside the
predictor of the sound; and of pulses through the filters beside the recording, both by predictors
of the sound.
"""

from typing import Any

import numpy as np
import scipy.signal
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.dsp.mel_all_pole import lpc_at_samples, lpc_from_mel_db
from ddsp_tf.features import FeatureSettings
from ddsp_tf.features.extractors.mel_db import mel_levels_db

RATE, HOP, ORDER, PREEMPHASIS = 16000, 80, 24, 0.97
VOWELS = {
    "a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010), "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}  # fmt: skip
PITCHES_HZ = (0.0, 80.0, 100.0, 120.0, 160.0, 200.0)
LENGTH, FRAME, EDGE = 8000, 800, 1600


def main() -> None:
    """Prints the table."""
    print("| source | filter | predictor | filter, by predictor | sound, by sound |")
    print("|---|---|---|---|---|")
    settings = FeatureSettings(sample_rate=RATE, hop_length=HOP)
    for f0_hz in PITCHES_HZ:
        worst = np.zeros(4)
        for formants in VOWELS.values():
            sound = vowel(formants, f0_hz)
            mel_db = mel_levels_db(sound.astype(np.float32), settings).astype(np.float64)
            filters, gain = lpc_from_mel_db(
                mel_db[np.newaxis], order=ORDER, sample_rate=RATE, preemphasis=PREEMPHASIS
            )
            again = said(source(f0_hz, seed=1), filters, gain.numpy()[0, :, 0])
            by = [filters.numpy()[0, 20:-20:10], predictors(sound), predictors(again)]
            for hz in formants:
                filtered, sounds, agains = (nearest(x, hz) for x in by)
                apart = (filtered / hz, sounds / hz, filtered / sounds, agains / sounds)
                worst = np.maximum(worst, np.abs(np.subtract(apart, 1.0)))
        name = f"{f0_hz:g} Hz" if f0_hz else "noise"
        print(f"| {name} | {' | '.join(f'{x:.1%}' for x in worst)} |", flush=True)


def source(f0_hz: float, *, seed: int) -> Any:
    """Pulses, or noise at 0 Hz."""
    if f0_hz:
        return np.diff(np.floor(np.arange(LENGTH + 1) * f0_hz / RATE))
    return np.random.default_rng(seed).normal(size=LENGTH)


def vowel(formants: tuple[int, ...], f0_hz: float) -> Any:
    """A source that falls as the voice's, through five resonators."""
    sound = scipy.signal.lfilter([1.0], [1.0, -PREEMPHASIS], source(f0_hz, seed=0))
    for hz, width in zip((*formants, 3500, 4500), (60, 90, 120, 150, 200), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        sound = scipy.signal.lfilter([1.0], poles, sound)
    return 0.1 * sound / np.std(sound)


def said(excitation: Any, filters: Any, gain: Any) -> Any:
    """An excitation through the filters, as GELP has them."""
    at_samples = lpc_at_samples(filters, hop_length=HOP)[:, :LENGTH]
    fed = excitation / np.std(excitation) * np.repeat(gain, HOP)[:LENGTH]
    sound = dsp.all_pole(fed[np.newaxis], at_samples)[0].numpy()[0]
    return scipy.signal.lfilter([1.0], [1.0, -PREEMPHASIS], sound)


def predictors(sound: Any) -> Any:
    """Linear prediction of frames of 50 ms, after the pre-emphasis."""
    emphasised = scipy.signal.lfilter([1.0, -PREEMPHASIS], [1.0], sound)
    starts = range(EDGE, LENGTH - EDGE - FRAME, FRAME)
    frames = np.stack([emphasised[x : x + FRAME] * np.hanning(FRAME) for x in starts])
    return dsp.levinson(dsp.autocorrelation(tf.constant(frames), order=ORDER))[0].numpy()


def nearest(filters: Any, hz: float) -> float:
    """The median over frames of the formant that is nearest."""
    found = [dsp.formants_of_lpc(x, sample_rate=RATE, widest_hz=700.0) for x in filters]
    return float(np.median([x[np.argmin(np.abs(x - hz))] for x in found if len(x)]))


if __name__ == "__main__":
    main()
