"""Says singing again by WORLD's vocoder, prints how near it comes, and draws it.

python scripts/make_world_figure.py OUTPUT_FOLDER PHRASES_FOLDER

For each phrase: the mean difference of log10 mel magnitudes (80 bands, 64 ms) between the recording
and what is said again, by `WorldVocoder` with a tracked pitch and, if pyworld is installed (`pip
install pyworld`), by its harvest, stonemask, cheaptrick, d4c and synthesize; the log spectral
distance of the envelopes; how nearly the sound comes back with `excitation="sound"`; and the time.
Writes world.png, of the last.
"""

import sys
import time
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.dsp.mel import mel_power
from ddsp_tf.features.world.world_analysis import analyze_world
from ddsp_tf.models.world.world_vocoder import WorldVocoder
from ddsp_tf.plotting import save_figure

PHRASES = ("voice_doremi_16k", "voice_vocadito_1", "voice_female_phrase", "voice_vocadito_10")
LONGEST_S = 10.0


def main(folder: Path, phrases: Path) -> None:
    """Prints the table and writes the picture, which it replaces if it is there."""
    print("| phrase | mel L1 | pyworld's | LSD, dB | sound stays, dB | times real time |")
    print("|---|---|---|---|---|---|")
    for name in PHRASES:
        audio, rate = read_audio(phrases / f"{name}.flac")
        audio = audio[: round(LONGEST_S * rate)]
        hop = round(0.005 * rate)
        vocoder = WorldVocoder(sample_rate=rate, hop_length=hop)
        column = audio[:, np.newaxis]
        began = time.perf_counter()
        f0_hz = vocoder.pitch(column)
        said = vocoder.say(column, f0_hz)[:, 0]
        took_s = time.perf_counter() - began
        wanted, found = log_mel(audio, rate), log_mel(said, rate)
        stays = WorldVocoder(sample_rate=rate, hop_length=hop, excitation="sound")
        same = stays.say(column, np.zeros_like(f0_hz))[:, 0]
        identity_db = 10 * np.log10(np.sum(audio**2) / np.sum((same - audio) ** 2))
        print(
            f"| {name} | {np.abs(found - wanted).mean():.4f} | {pyworlds(audio, rate, wanted)} "
            f"| {distance_db(audio, said, f0_hz, rate, hop):.2f} | {identity_db:.0f} "
            f"| {len(audio) / rate / took_s:.1f} |",
            flush=True,
        )
    moved = vocoder.edited(semitones=4.0, formants=-3.0).say(column, f0_hz)[:, 0]
    sounds = {"recording": audio, "said again": said, "pitch +4, formants -3": moved}
    save_figure(figure(sounds, rate), folder / "world.png", overwrite=True)


def log_mel(audio: Any, rate: int) -> np.ndarray:
    """The paper's measure: log10 of mel magnitudes, where full scale is about 0."""
    length = 2 ** round(np.log2(0.064 * rate))
    power = mel_power(
        np.asarray(audio, np.float64),
        sample_rate=rate,
        fft_length=length,
        hop_length=length // 4,
        n_bands=80,
        per_hz=False,
    )
    return np.log10(np.sqrt(power / (0.375 * length)) + 1e-5)


def distance_db(audio: Any, said: Any, f0_hz: np.ndarray, rate: int, hop: int) -> float:
    """The root mean square over frequency of the envelopes' difference, where there is voice."""
    first, second = (
        analyze_world(x, f0_hz, sample_rate=rate, hop_length=hop) for x in (audio, said)
    )
    voiced = first.f0_hz > 0.0
    apart_db = 10 * np.log10(first.envelope[voiced] / second.envelope[voiced])
    return float(np.sqrt(np.mean(apart_db**2, axis=1)).mean())


def pyworlds(audio: Any, rate: int, wanted: np.ndarray) -> str:
    """The same measure of what pyworld says again."""
    try:
        import pyworld
    except ImportError:
        return "not installed"
    sound = np.asarray(audio, np.float64)
    tracked, times_s = pyworld.harvest(sound, rate)
    f0_hz = pyworld.stonemask(sound, tracked, times_s, rate)
    envelope = pyworld.cheaptrick(sound, f0_hz, times_s, rate)
    aperiodicity = pyworld.d4c(sound, f0_hz, times_s, rate)
    said = pyworld.synthesize(f0_hz, envelope, aperiodicity, rate)
    said = np.pad(said, (0, max(0, len(sound) - len(said))))[: len(sound)]
    return f"{np.abs(log_mel(said, rate) - wanted).mean():.4f}"


def figure(sounds: dict[str, np.ndarray], rate: int) -> Any:
    """Spectrograms of a second and a half, one below the other."""
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(8, 7), layout="constrained")
    axes = drawn.subplots(len(sounds), 1, sharex=True)
    for axis, (name, audio) in zip(axes, sounds.items(), strict=True):
        part = audio[round(1.0 * rate) : round(2.5 * rate)]
        axis.specgram(part + 1e-9, NFFT=2048, noverlap=1792, Fs=rate, vmin=-140, vmax=-40)
        axis.set_ylim(0, 5000)
        axis.set_title(name)
        axis.set_ylabel("Hz")
    axes[-1].set_xlabel("seconds")
    return drawn


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
