"""Traces vocal tracts of known and of recorded vowels, prints how well, and draws a singer's.

python scripts/make_tract_figure.py OUTPUT_FOLDER PHRASES_FOLDER

Synthetic vowels: glottal pulses through resonators of known formants (Peterson and Barney 1952),
at 110 Hz, and at other pitches beside linear prediction, which has to be told the truth, too.
Spoken vowels: of the program espeak-ng, which makes them by formants (synthetic, too); what they
are is measured by linear prediction. Singing: a phrase of PHRASES_FOLDER, against linear
prediction of the same frames. Prints medians of the tube's formants and how far they are off.
Writes tract.png, of the phrase.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import tensorflow as tf
from scipy import signal

from ddsp_tf import config, dsp
from ddsp_tf.audio import read_audio
from ddsp_tf.inference import TracedTract, trace_tract
from ddsp_tf.plotting import save_figure
from ddsp_tf.processors import GlottalSource

PAPER, RATE, HOP = "papers/sudholt2023/tract.gin", 16000, 256
VOWELS = {
    "a": (730, 1090, 2440), "e": (530, 1840, 2480), "i": (270, 2290, 3010), "o": (570, 840, 2410),
    "u": (300, 870, 2240),
    "I": (390, 1990, 2550), "ae": (660, 1720, 2410), "U": (440, 1020, 2240), "V": (640, 1190, 2390),
    "er": (490, 1350, 1690),
}  # fmt: skip
PITCHES_HZ = (90.0, 160.0, 262.0, 392.0, 523.0)
SPOKEN = ("A:", "E", "i:", "O:", "u:")
PHRASES = (
    "voice_doremi_16k", "voice_female_phrase", "voice_vocadito_1", "voice_vocadito_10",
    "voice_soprano_dcs_larynx_mic",
)  # fmt: skip


def main(folder: Path, phrases: Path) -> None:
    """Prints the tables and writes the picture, which it replaces if it is there."""
    print("| sound | F1, Hz | F2, Hz | F3, Hz | most off |\n|---|---|---|---|---|")
    for name, formants, found, _ in synthetic(110.0):
        row(f"synthetic {name}", found, formants)
    spoken()
    print("\n| pitch, Hz | vowel | tube, most off | linear prediction |\n|---|---|---|---|")
    for pitch_hz in PITCHES_HZ:
        for name, formants, found, known in synthetic(pitch_hz):
            off = " | ".join(f"{most_off(x, formants):+.1%}" for x in (found, known))
            print(f"| {pitch_hz:.0f} | {name} | {off} |", flush=True)
    print(
        "\n| phrase | its pitch, median | F1 off | F2 off | F3 off | partials off, dB | took |"
        "\n|---|---|---|---|---|---|---|"
    )
    for index, name in enumerate(PHRASES):
        found = sung(name, phrases)
        if index == 0:
            save_figure(found.figure(title=name), folder / "tract.png", overwrite=True)


def traced(audio: Any, f0_hz: Any = None) -> tuple[TracedTract, float]:
    """Traces a sound and says how long it took."""
    began = time.process_time()
    found = trace_tract(config.parse([PAPER]).build_model(), audio, f0_hz=f0_hz)
    return found, time.process_time() - began


def synthetic(pitch_hz: float) -> list[tuple[str, Any, Any, Any]]:
    """Of each vowel: its name and formants, those of the tube, and those of linear prediction."""
    count, pause = 24, 4
    pieces, pitches = [], []
    for formants in VOWELS.values():
        audio = vowel(np.full(count, pitch_hz), formants)
        pieces += [audio, np.zeros(pause * HOP)]
        pitches += [np.full(count, pitch_hz), np.zeros(pause)]
    for pitch in pitches[::2]:
        pitch[[0, 1, -2, -1]] = 0.0
    whole = np.concatenate(pieces)
    found, _ = traced(whole, np.concatenate(pitches))
    rows = []
    for index, (name, formants) in enumerate(VOWELS.items()):
        frames = index * (count + pause) + np.arange(count)
        known = [predicted(whole, frame) for frame in frames[pause:-pause]]
        tube, predictor = (np.nanmedian(x, axis=0) for x in (found.formants_hz[frames], known))
        rows.append((name, formants, tube, predictor))
    return rows


def vowel(f0_hz: Any, formants: Any) -> Any:
    """Pulses of R_d 1 and a pitch for each frame, through five resonators."""
    one = np.ones([1, len(f0_hz), 1], np.float32)
    source = GlottalSource(scale=False, sample_rate=RATE, hop_length=HOP)
    inputs = {"amplitudes": 0.1 * one, "r_d": one, "f0_hz": np.float32(f0_hz[None, :, None])}
    audio = source(inputs).numpy()[0]
    for hz, width in zip((*formants, 3500, 4500), (60, 90, 120, 150, 200), strict=True):
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = signal.lfilter([np.sum(poles)], poles, audio)
    return audio


def spoken() -> None:
    """Vowels of espeak-ng, against linear prediction."""
    pieces = []
    with tempfile.TemporaryDirectory() as folder:
        for vowel in SPOKEN:
            path = Path(folder) / "vowel.wav"
            text = f"[[{vowel}{vowel}]]"
            subprocess.run(["espeak-ng", "-v", "en", "-s", "80", "-w", path, text], check=True)
            audio, rate = soundfile.read(path)
            audio = signal.resample_poly(audio, RATE, rate)
            audio = audio[: len(audio) // HOP * HOP]
            pieces.append(np.concatenate([audio, np.zeros(8 * HOP)]))
    whole = np.concatenate(pieces)
    found, took = traced(whole)
    start = 0
    for vowel, piece in zip(SPOKEN, pieces, strict=True):
        frames = np.arange(start // HOP, (start + len(piece)) // HOP)
        start += len(piece)
        frames = frames[found.f0_hz[frames] > 0]
        frames = frames[len(frames) // 4 : -(len(frames) // 4)]  # Where it is steady.
        known = np.nanmedian([predicted(whole, frame) for frame in frames], axis=0)
        row(f"espeak-ng {vowel}", np.nanmedian(found.formants_hz[frames], axis=0), known)
    print(f"<!-- spoken: {took:.0f} s of a core, partials {found.loss} dB -->")


def sung(name: str, phrases: Path) -> TracedTract:
    """A phrase, against linear prediction of the same frames."""
    audio, _ = read_audio(phrases / f"{name}.flac", sample_rate=RATE)
    audio = audio[: 4 * RATE]
    found, took = traced(audio)
    frames = np.flatnonzero(found.f0_hz)
    known = np.array([predicted(audio, frame) for frame in frames])
    off = np.nanmedian(np.abs(found.formants_hz[frames] / known - 1), axis=0)
    listed = " | ".join(f"{x:.1%}" for x in off)
    pitch = f"{np.median(found.f0_hz[frames]):.0f} Hz"
    change = f"{found.loss[0]:.1f} to {found.loss[1]:.1f}"
    print(f"| {name} | {pitch} | {listed} | {change} | {took:.0f} s |", flush=True)
    return found


def predicted(audio: Any, frame: Any) -> Any:
    """The first three formants of a frame by linear prediction of order 18."""
    length = int(0.05 * RATE)
    piece = np.pad(audio, length)[frame * HOP + length // 2 :][:length]
    piece = np.append(piece[0], piece[1:] - 0.97 * piece[:-1]) * np.hamming(length)
    lpc = dsp.levinson(dsp.autocorrelation(tf.constant(piece), order=18))[0].numpy()
    found = dsp.formants_of_lpc(lpc, sample_rate=RATE)[:3]
    return np.pad(found, [0, 3 - len(found)], constant_values=np.nan)


def most_off(found: Any, known: Any) -> float:
    """By which share the formant is off that is off by most."""
    return float(max((x / y - 1 for x, y in zip(found, known, strict=True)), key=abs))


def row(name: str, found: Any, known: Any) -> None:
    """One line of the table."""
    listed = " | ".join(f"{x:.0f} ({y:.0f})" for x, y in zip(found, known, strict=True))
    print(f"| {name} | {listed} | {most_off(found, known):+.1%} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
