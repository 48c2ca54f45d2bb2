"""Measures style transfer on recordings that no training heard, and draws one of them.

python scripts/make_style_figure.py MODEL OUTPUT_FOLDER RECORDING...

First with settings that are known: a passage of a recording, treated by random settings, is the
reference, once of the passage itself and once of another passage of the same recording. Of each
recording the first 12 s are taken. Then with
pairs of recordings: how far the spectrum and the loudness range of each are from its reference,
before and after. Prints tables, and writes style.png.
"""

import itertools
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from matplotlib.figure import Figure

from ddsp_tf import Instrument
from ddsp_tf.audio import read_audio
from ddsp_tf.inference import Style
from ddsp_tf.plotting import make_figure, save_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, OUTPUT

STEPS = 150
N_DRAWS = 1
LONGEST_S = 12
N_PAIRS = 20
RANGES = {"ratio": (1.5, 8.0), "threshold_db": (-40.0, -15.0), "gain_db": (-3.0, 6.0)}


def main(model: str, folder: Path, paths: list[Path]) -> None:
    """Prints the tables and writes the picture, which is replaced if it is there."""
    instrument = Instrument.load(model)
    rate = int(instrument.model.sample_rate)
    sounds = {
        path.stem: read_audio(path, sample_rate=rate)[0][: LONGEST_S * rate] for path in paths
    }
    with tempfile.TemporaryDirectory() as scratch:
        known_settings(instrument, sounds, Path(scratch))
        pairs(instrument, sounds, folder, Path(scratch))


def known_settings(instrument: Instrument, sounds: dict[str, np.ndarray], scratch: Path) -> None:
    """Prints how far settings are off that were drawn."""
    print("| reference | steps | gain of a band, dB | threshold, dB | ratio, % | level, dB |")
    print("|---|---|---|---|---|---|")
    random = np.random.default_rng(0)
    cases = [
        (name, draw(random, list(instrument.model.parameters)))
        for name in sounds
        for _ in range(N_DRAWS)
    ]
    for own, n_steps in itertools.product((True, False), (0, STEPS)):
        errors = [
            error_of(instrument, sounds[name], wanted, scratch, own=own, n_steps=n_steps)
            for name, wanted in cases
        ]
        what = "the passage itself" if own else "another passage"
        cells = [
            f"{middle:.2f} ({worst:.2f})" for middle, worst in zip(*spread(errors), strict=True)
        ]
        print(f"| {what} | {n_steps} | {' | '.join(cells)} |", flush=True)


def draw(random: np.random.Generator, names: list[str]) -> dict[str, float]:
    """Settings within the middle of their ranges."""
    return {name: float(random.uniform(*RANGES.get(name, (-9.0, 9.0)))) for name in names}


def error_of(
    instrument: Instrument,
    sound: np.ndarray,
    wanted: dict[str, float],
    scratch: Path,
    *,
    own: bool,
    n_steps: int,
) -> list[float]:
    """Of bands (a mean), threshold, ratio and the level of what comes out."""
    half = len(sound) // 2
    first, second = sound[:half], sound[half:]
    effect = instrument.model.with_settings({**instrument.model.fixed, **wanted})
    target = effect({"dry": first[np.newaxis]})["audio"].numpy()[0]
    styled = target if own else effect({"dry": second[np.newaxis]})["audio"].numpy()[0]
    path = scratch / "reference.wav"
    soundfile.write(path, styled, int(instrument.model.sample_rate), subtype="FLOAT")
    found = Style(instrument, path, n_steps=n_steps).settings_for(first)
    bands = [abs(found[key] - x) for key, x in wanted.items() if key.startswith("band")]
    played = instrument.model.with_settings(found)({"dry": first[np.newaxis]})["audio"].numpy()[0]
    level = 10 * np.log10(np.mean(played**2) / np.mean(target**2))
    return [
        float(np.mean(bands)),
        abs(found["threshold_db"] - wanted["threshold_db"]),
        100 * abs(found["ratio"] / wanted["ratio"] - 1),
        abs(float(level)),
    ]


def spread(errors: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Median and 90th percentile of each column."""
    table = np.array(errors)
    return np.median(table, axis=0), np.percentile(table, 90, axis=0)


def pairs(
    instrument: Instrument, sounds: dict[str, np.ndarray], folder: Path, scratch: Path
) -> None:
    """Prints how near each of 20 pairs comes."""
    rate = int(instrument.model.sample_rate)
    every = list(itertools.permutations(sounds, 2))
    chosen = np.random.default_rng(1).permutation(len(every))[:N_PAIRS]
    print("\n| sound | reference | spectrum, dB off | after | loudness range, dB off | after |")
    print("|---|---|---|---|---|---|")
    nearer = 0
    for index in chosen:
        name, like = every[index]
        path = scratch / "like.wav"
        soundfile.write(path, sounds[like], rate, subtype="FLOAT")
        found = Style(instrument, path, n_steps=STEPS).settings_for(sounds[name])
        effect = instrument.model.with_settings(found)
        after = effect({"dry": sounds[name][np.newaxis]})["audio"].numpy()[0]
        tone = [spectrum_off(x, sounds[like], rate) for x in (sounds[name], after)]
        even = [
            abs(loudness_range(x, rate) - loudness_range(sounds[like], rate))
            for x in (sounds[name], after)
        ]
        nearer += tone[1] < tone[0] and even[1] < even[0]
        cells = f"{tone[0]:.1f} | {tone[1]:.1f} | {even[0]:.1f} | {even[1]:.1f}"
        print(f"| {name} | {like} | {cells} |", flush=True)
        if index == chosen[0]:
            drawn = (sounds[name], after, sounds[like])
    print(f"nearer in both: {nearer} of {len(chosen)}")
    save_figure(picture(*drawn, rate), folder / "style.png", overwrite=True)


def bands_db(sound: np.ndarray, rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Level in third octaves from 60 Hz, at least -100 dB."""
    power = np.abs(np.fft.rfft(sound)) ** 2 / len(sound) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / rate)
    centres = 62.5 * 2.0 ** (np.arange(23) / 3)
    edges = 2.0 ** (1 / 6)
    levels = [np.sum(power[(hz >= c / edges) & (hz < c * edges)]) for c in centres]
    return centres, 10 * np.log10(2 * np.array(levels) + 1e-10)


def spectrum_off(sound: np.ndarray, like: np.ndarray, rate: int) -> float:
    """Mean difference of both spectra's levels in third octaves."""
    ours, theirs = (bands_db(x, rate)[1] for x in (sound, like))
    return float(np.mean(np.abs(ours - theirs)))


def loudness_range(sound: np.ndarray, rate: int) -> float:
    """Between the 10th and 95th percentile of the levels of 400 ms, as EBU Tech 3342 does.

    Without its weighting of frequencies; what is 20 dB softer than the mean does not count.
    """
    levels = levels_db(sound, rate)
    heard = levels[levels > 10 * np.log10(np.mean(10 ** (levels / 10))) - 20]
    low, high = np.percentile(heard, [10, 95])
    return float(high - low)


def levels_db(sound: np.ndarray, rate: int) -> np.ndarray:
    """Of 400 ms, every 100 ms."""
    hop = rate // 10
    power = np.cumsum(np.concatenate([[0.0], sound.astype(np.float64) ** 2]))
    starts = np.arange(0, max(1, len(sound) - 4 * hop), hop)
    ends = np.minimum(starts + 4 * hop, len(sound))
    return 10 * np.log10((power[ends] - power[starts]) / (ends - starts) + 1e-10)


def picture(before: np.ndarray, after: np.ndarray, like: np.ndarray, rate: int) -> Figure:
    """Spectra and sorted levels of a sound before and after, and of its reference."""
    figure, (tone, even) = make_figure(2, row_height=2.4, share_time=False)
    for sound, color, label in (
        (before, INPUT, "before"),
        (after, OUTPUT, "after"),
        (like, ACCENT, "reference"),
    ):
        hz, levels = bands_db(sound, rate)
        tone.plot(hz, levels, color=color, lw=1.6, label=label)
        loudness = np.sort(levels_db(sound, rate))
        even.plot(np.linspace(0, 100, len(loudness)), loudness, color=color, lw=1.6, label=label)
    tone.set_xscale("log")
    tone.set_xlabel("frequency (Hz)", fontsize=9)
    tone.set_ylabel("level (dB)", fontsize=9)
    even.set_xlabel("percent of the time softer", fontsize=9)
    even.set_ylabel("loudness (dB)", fontsize=9)
    tone.legend(fontsize=8)
    return figure


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), [Path(path) for path in sys.argv[3:]])
