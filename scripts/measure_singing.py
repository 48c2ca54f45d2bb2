"""Compares trained voices, recording by recording and band by band.

python scripts/measure_singing.py DATASET RUN [RUN ...]

Each run plays the columns of every recording of the dataset. First table: the loss over FFT sizes
2048, 1024 and 512 that papers/yu2023 trains by, of each recording; the means weigh recordings by
their length. Second: what each band of frequency adds to these means, by the distance of the
magnitudes and of their logarithms. Third: how much louder each run plays than the recordings, the
least, the mean and the most of them. Fourth, of runs that have a glottis, in the most confident
frames: the 5th, 50th and 95th percentile of R_d over all recordings, and the median of the first
partial's level over the second's, in dB, as played, and more of it by EDITS of R_d.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from ddsp_tf import dsp
from ddsp_tf.data import Dataset
from ddsp_tf.models import Instrument

FFT_LENGTHS = (2048, 1024, 512)
EDGES_HZ = (0, 1000, 2000, 4000, 6000, 8000)
SURE = 0.6  # Confidence of the pitch.
EDITS = (-0.5, 0.8)  # Added to R_d.
FLOOR = 1e-5  # Of magnitudes, before the logarithm, as in the loss.


def main(data: Path, runs: Sequence[Path]) -> None:
    """Prints the tables."""
    dataset = Dataset.open(data)
    models = [Instrument.load(run).model for run in runs]
    names = [run.name for run in runs]
    print(f"| recording | {' | '.join(names)} |\n|---|{'---|' * len(runs)}")
    shares: list[np.ndarray] = []
    levels: list[np.ndarray] = []
    shapes: list[list[np.ndarray]] = [[] for _ in runs]
    for split, called in (("eval", "held out"), ("train", "trained on")):
        of_split = []
        for name, batch in dataset.segments(split):
            outputs = [played(model, batch) for model in models]
            found = np.stack([distances(x["audio"], batch["audio"]) for x in outputs])
            levels.append(np.array([louder_db(x["audio"], batch["audio"]) for x in outputs]))
            for kept, model, output in zip(shapes, models, outputs, strict=True):
                kept.append(glottis(model, output, batch))
            of_split.append((batch["f0_hz"].shape[1], found))
            print(f"| {name}, {called} | {line(np.sum(found, axis=(1, 2)))} |", flush=True)
        weights, values = zip(*of_split, strict=True)
        mean = np.average(values, axis=0, weights=weights)
        shares.append(mean)
        print(f"| **mean, {called}** | {line(np.sum(mean, axis=(1, 2)))} |", flush=True)
    print(f"\n| from, Hz | {' | '.join(names)} |\n|---|{'---|' * len(runs)}")
    for split, mean in zip(("held out", "trained on"), shares, strict=True):
        for row, what in enumerate(("magnitudes", "logarithms")):
            for number, low in enumerate(EDGES_HZ[:-1]):
                print(f"| {split}, {what}, {low} | {line(mean[:, row, number])} |")
    print("\n| run | louder by, dB, least | mean | most |\n|---|---|---|---|")
    for name, found in zip(names, np.transpose(levels), strict=True):
        print(f"| {name} | {line([np.min(found), np.mean(found), np.max(found)])} |")
    edits = " | ".join(f"R_d {edit:+.1f}" for edit in EDITS)
    print(f"\n| run | R_d, 5% | 50% | 95% | H1 - H2 | {edits} |\n|---|{'---|' * (4 + len(EDITS))}")
    for name, kept in zip(names, shapes, strict=True):
        r_d, *tilts = np.concatenate(kept, axis=1)
        if r_d.size:
            tilts = [np.median(tilts[0]), *(np.median(x - tilts[0]) for x in tilts[1:])]
            print(f"| {name} | {line([*np.percentile(r_d, (5, 50, 95)), *tilts])} |")


def played(model: Any, batch: dict[str, np.ndarray]) -> Any:
    """What a model makes of a recording's columns."""
    return model({key: tf.constant(batch[key]) for key in model.input_signals if key in batch})


def louder_db(sound: Any, target: np.ndarray) -> float:
    """How much more power a sound has than its target."""
    return float(10.0 * np.log10(np.mean(np.square(sound)) / np.mean(np.square(target))))


def glottis(model: Any, outputs: Any, batch: dict[str, np.ndarray]) -> np.ndarray:
    """R_d where there is a voice, and the first partial over the second, as it is and edited,
    `[2 + n_edits, n_frames]`; no frames of a model without a glottis.
    """
    source = outputs["controls"].get("glottal_source")
    if source is None:
        return np.zeros([2 + len(EDITS), 0])
    edited = [
        played(model, {**batch, "r_d_offset": np.array([[edit]], np.float32)}) for edit in EDITS
    ]
    tilts = [tilt_db(x["audio"].numpy()[0], batch["f0_hz"][0, :, 0]) for x in (outputs, *edited)]
    rows = np.stack([source["controls"]["r_d"].numpy()[0, :, 0], *tilts])
    return rows[:, batch["f0_confidence"][0, :, 0] > SURE]


def tilt_db(audio: np.ndarray, f0_hz: np.ndarray) -> np.ndarray:
    """The level of the first partial over the second in each frame, over 50 ms."""
    places = 64 * np.arange(len(f0_hz))[:, np.newaxis] + np.arange(800)
    pieces = np.pad(audio, 400)[places] * np.hanning(800)
    turns = np.exp(-2j * np.pi * f0_hz[:, np.newaxis] * np.arange(800) / 16000)
    first, second = (np.abs(np.sum(pieces * turns**k, axis=1)) + 1e-9 for k in (1, 2))
    return 20.0 * np.log10(first / second)


def distances(sound: Any, target: np.ndarray) -> np.ndarray:
    """What each band adds to the loss, of magnitudes and of logarithms, `[2, n_bands]`."""
    total = np.zeros([2, len(EDGES_HZ) - 1])
    for fft_length in FFT_LENGTHS:
        sizes = {"fft_length": fft_length, "hop_length": fft_length // 4}
        pair = [dsp.stft_magnitude(x, **sizes).numpy()[0] for x in (target, sound)]
        logs = [np.log(np.maximum(x, FLOOR)) for x in pair]
        edges = np.searchsorted(np.arange(pair[0].shape[1]) * 16000 / fft_length, EDGES_HZ[:-1])
        for row, (one, other) in enumerate((pair, logs)):
            apart = np.mean(np.abs(one - other), axis=0) / one.shape[1]
            total[row] += np.add.reduceat(apart, edges)
    return total


def line(values: Sequence[float] | np.ndarray) -> str:
    """The cells of a row."""
    return " | ".join(f"{value:.3f}" for value in values)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
