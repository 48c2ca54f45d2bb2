"""Finds formants of high voices from partials of many frames together.

python scripts/measure_pooled_formants.py [PHRASES_FOLDER]

Vowels of known formants (Peterson and Barney 1952), pulses of R_d 1 through resonators, 1.9 s each,
sung at three pitches: steadily, with a vibrato of 0.6 semitones, with the vibrato up a scale of
five notes, and down an octave. The levels of all partials of all frames, less the source's and each
frame's own mean, are fitted by one smooth logarithmic envelope: 50 cosines, whose squares count by
the square of their number. Its linear prediction of order 10 has the formants. Prints how many
of ten vowels are within 10% in each formant and in all, and how far the worst one is off.

With a folder also of the sung phrases in it: how far linear prediction of each frame is from what
the frames within a quarter of a second say together, the median over frames.

Reference: Shiga and King 2003, "Estimating the spectral envelope of voiced speech using multi-frame
analysis".
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from make_tract_figure import HOP, PHRASES, RATE, VOWELS, predicted, vowel

from ddsp_tf import dsp
from ddsp_tf.audio import read_audio
from ddsp_tf.features import get_tracker

PITCHES_HZ, N_FRAMES, VIBRATO = (262.0, 392.0, 524.0), 120, 0.6
TOP_HZ, ORDER, N_COSINES, EVEN = 5000.0, 10, 50, 1e-6
WITHIN = 0.1
SECONDS, SURE, NEAR = 4, 0.5, 16


def main(phrases: Path | None) -> None:
    """Prints the tables."""
    print("| pitch | sung | F1 | F2 | F3 | all three | worst |\n|---|---|---|---|---|---|---|")
    for pitch_hz in PITCHES_HZ:
        for how, semitones in melodies().items():
            f0_hz = pitch_hz * 2 ** (semitones / 12)
            off = np.array([most_off(f0_hz, formants) for formants in VOWELS.values()])
            counts = [*np.sum(off < WITHIN, axis=0), np.sum(np.all(off < WITHIN, axis=1))]
            listed = " | ".join(str(x) for x in counts)
            print(f"| {pitch_hz:.0f} Hz | {how} | {listed} | {np.max(off):.0%} |", flush=True)
    if phrases is not None:
        print("\n| phrase | its pitch, median | F1 apart | F2 | F3 |\n|---|---|---|---|---|")
        for name in PHRASES:
            compare(name, phrases)


def compare(name: str, phrases: Path) -> None:
    """Prints how far linear prediction of a phrase is from its pooled formants."""
    audio, _ = read_audio(phrases / f"{name}.flac", sample_rate=RATE)
    audio = audio[: SECONDS * RATE]
    tracker = get_tracker("crepe-tiny")
    tracked, sure = tracker.track(audio, RATE)
    index = np.round(np.arange(len(audio) // HOP) * HOP * tracker.frame_rate / RATE).astype(int)
    f0_hz, voiced = tracked[index], sure[index] > SURE
    found = {4 + i: x for i, x in enumerate(partials(audio, np.where(voiced, f0_hz, TOP_HZ)))}
    apart = []
    for frame in (x for x in found if voiced[x]):
        near = [x for y, x in found.items() if abs(y - frame) <= NEAR and voiced[y]]
        if len(near) > NEAR // 2:
            apart.append(np.abs(predicted(audio, frame) / pooled_formants(near) - 1))
    listed = " | ".join(f"{x:.0%}" for x in np.nanmedian(apart, axis=0))
    print(f"| {name} | {np.median(f0_hz[voiced]):.0f} Hz | {listed} |", flush=True)


def melodies() -> dict[str, Any]:
    """Ways to sing a vowel, in semitones."""
    swaying = VIBRATO * np.sin(2 * np.pi * 5.5 * np.arange(N_FRAMES) * HOP / RATE)
    scale = np.repeat([0, 2, 4, 5, 7], N_FRAMES // 5)
    return {
        "steady": 0 * swaying,
        "vibrato": swaying,
        "a scale": swaying + scale,
        "down an octave": swaying + np.linspace(0, -12, N_FRAMES),
    }


def most_off(f0_hz: Any, formants: Any) -> Any:
    """By which share each formant is off, above 1 where it isn't found."""
    found = pooled_formants(partials(vowel(f0_hz, formants), f0_hz))
    return np.nan_to_num(np.abs(found / np.array(formants) - 1), nan=9.0)


def partials(audio: Any, f0_hz: Any) -> list[tuple[Any, Any]]:
    """Of each frame: where its partials are, in Hz, and their levels in dB, over 50 ms."""
    length = round(0.05 * RATE)
    window, times_s = np.hanning(length), (np.arange(length) - length // 2) / RATE
    padded = np.pad(audio, length // 2)
    found = []
    for frame in range(4, len(f0_hz) - 4):
        hz = f0_hz[frame] * np.arange(1, int(TOP_HZ / f0_hz[frame]) + 1)
        piece = window * padded[frame * HOP : frame * HOP + length]
        level = np.abs(np.exp(-2j * np.pi * np.outer(hz, times_s)) @ piece)
        found.append((hz, 20 * np.log10(level + 1e-9)))
    return found


def pooled_formants(points: list[tuple[Any, Any]]) -> Any:
    """The first three formants of one envelope through all frames' partials, NaN if missing."""
    most = max(len(hz) for hz, _ in points)
    pulse = dsp.lf_harmonics(np.ones(1), n_harmonics=most).numpy()[0]
    source_db = 20 * np.log10(np.abs(pulse))
    number = np.arange(1, N_COSINES + 1)
    rows, levels = [], []
    for hz, level_db in points:
        cosines = np.cos(np.pi * np.outer(hz / TOP_HZ, number))
        tract_db = level_db - source_db[: len(hz)]
        rows.append(cosines - cosines.mean(axis=0))
        levels.append(tract_db - tract_db.mean())
    row, level = np.concatenate(rows), np.concatenate(levels)
    even = len(level) * EVEN * np.diag(number**2)
    cepstrum = np.linalg.solve(row.T @ row + even, row.T @ level)
    envelope_db = np.cos(np.pi * np.outer(np.linspace(0, 1, 513), number)) @ cepstrum
    power = 10 ** ((envelope_db - envelope_db.max()) / 10)
    predictor = dsp.levinson(np.fft.irfft(power)[: ORDER + 1])[0].numpy()
    found = dsp.formants_of_lpc(predictor, sample_rate=2 * TOP_HZ, widest_hz=700.0)[:3]
    return np.pad(found, [0, 3 - len(found)], constant_values=np.nan)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]) if len(sys.argv) == 2 else None)
