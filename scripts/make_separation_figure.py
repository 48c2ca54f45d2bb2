"""Takes mixtures apart whose voices are known, prints how well, and draws one.

python scripts/make_separation_figure.py OUTPUT_FOLDER PHRASES_FOLDER

Two synthetic vowels with a vibrato, and two duets mixed of phrases of equal level (4 s, pitches by
CREPE tiny of each phrase alone): improvements of the scale-invariant ratio of signal to distortion
over the mixture, of combs at the same pitches and of the model, and what the same masks would give
if all powers were known. Seed 0. Writes separation.png, of the first duet, and mixture.wav,
voice_1.wav and voice_2.wav.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy import signal

from ddsp_tf import config, dsp
from ddsp_tf.audio import read_audio, write_audio
from ddsp_tf.features import get_tracker
from ddsp_tf.inference import Separation, separate, share_out, si_sdr_db
from ddsp_tf.plotting import save_figure

PAPER, RATE, SECONDS = "papers/schulzeforster2023/separate.gin", 16000, 4.0
DUETS = {
    "voice and cello": ("voice_female_phrase", "cello_phrase"),
    "clarinet and trumpet": ("clarinet_phrase", "trumpet_jazz_phrase"),
}
PARTS = ("mixture", "voice_1", "voice_2")
VOWELS = (
    (131.0, ((730, 80), (1090, 90), (2440, 120), (3400, 150))),
    (196.0, ((270, 60), (2290, 100), (3010, 120), (3700, 150))),
)


def main(folder: Path, phrases: Path) -> None:
    """Prints the table and writes the picture, which it replaces if it is there."""
    print("| mixture | combs, dB | model, dB | powers known, dB | learned in |")
    print("|---|---|---|---|---|")
    cases = {"two vowels": [vowel(*about, seed) for seed, about in enumerate(VOWELS)]}
    cases |= {name: [phrase(phrases / f"{x}.flac") for x in both] for name, both in DUETS.items()}
    for name, voices in cases.items():
        found = measured(name, voices)
        if name == next(iter(DUETS)):
            save_figure(found.figure(title=name), folder / "separation.png", overwrite=True)
            for part, sound in zip(PARTS, (found.mixture, *found.stems), strict=True):
                write_audio(folder / f"{part}.wav", sound, RATE, overwrite=True)


def measured(name: str, voices: Sequence[tuple[Any, Any]]) -> Separation:
    """Takes one mixture apart in all ways."""
    count = min(len(audio) for audio, _ in voices)
    stems = [0.1 * audio[:count] / np.std(audio[:count]) for audio, _ in voices]
    mixture = np.sum(stems, axis=0)
    model: Any = None
    rows: list[str] = []
    for method in ("mask", "model"):
        keras.utils.set_random_seed(0)
        model = config.parse([PAPER]).build_model()
        frames = np.arange(dsp.n_frames(count, model.hop_length)) * model.hop_length
        f0_hz = np.stack([track[np.minimum(frames, len(track) - 1)] for _, track in voices], -1)
        began = time.process_time()
        found = separate(model, mixture, RATE, f0_hz, method=method)
        took = time.process_time() - began
        rows.append(gains(found.stems, stems, mixture))
    sizes = {"fft_length": model.fft_length, "hop_length": model.hop_length}
    powers = [
        dsp.stft_magnitude(tf.constant(x[np.newaxis]), **sizes)[0].numpy() ** 2
        for x in (*stems, np.zeros(count))
    ]
    ideal = share_out(
        mixture, np.stack(powers, axis=1), sample_rate=RATE, powers_rate=RATE, **sizes
    )
    rows.append(gains(ideal, stems, mixture))
    print(f"| {name} | {' | '.join(rows)} | {took:.0f} s of a core |", flush=True)
    return found


def gains(estimates: Iterable[Any], stems: Iterable[Any], mixture: Any) -> str:
    """Improvements of both voices, as text."""
    pairs = zip(estimates, stems, strict=True)
    return ", ".join(f"{si_sdr_db(x, y) - si_sdr_db(mixture, y):+.1f}" for x, y in pairs)


def vowel(f0_hz: float, formants: Sequence[tuple[int, int]], seed: int) -> tuple[Any, Any]:
    """A sum of partials that fall by 6 dB an octave, through two-pole resonators."""
    random = np.random.default_rng(seed)
    seconds = np.arange(int(3 * RATE)) / RATE
    track = f0_hz * (1 + 0.015 * np.sin(2 * np.pi * 5 * seconds + seed))
    turns = np.cumsum(track) / RATE
    count = int(0.95 * RATE / 2 / f0_hz)
    audio = sum(np.sin(2 * np.pi * k * turns) / k for k in range(1, count))
    audio = audio + 0.003 * random.standard_normal(len(seconds))
    for hz, width in formants:
        radius = np.exp(-np.pi * width / RATE)
        poles = [1, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2]
        audio = signal.lfilter([1 - radius], poles, audio)
    return audio, track


def phrase(path: Path) -> tuple[Any, Any]:
    """A phrase and its pitch at every sample, 0 where it is unsure or soft."""
    audio, _ = read_audio(path, sample_rate=RATE)
    audio = audio[: int(SECONDS * RATE)].astype(np.float64)
    tracker = get_tracker("crepe-tiny")
    hz, sure = tracker.track(audio.astype(np.float32), RATE)
    hop = RATE // tracker.frame_rate
    padded = np.pad(audio, 400)
    level = np.array([np.std(padded[i * hop : i * hop + 800]) for i in range(len(hz))])
    hz = np.where((sure > 0.4) & (level > 0.02 * level.max()), hz, 0.0)
    index = np.round(np.arange(len(audio)) / hop).astype(int)
    return audio, hz[np.minimum(index, len(hz) - 1)]


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
