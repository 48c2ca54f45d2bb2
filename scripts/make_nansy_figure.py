"""Measures a trained pitch encoder against CREPE's largest network, and draws a phrase.

python scripts/make_nansy_figure.py OUTPUT_FOLDER RUN REFERENCES RECORDING [RECORDING ...]

RUN is a run of papers/choi2022/pitch.gin, REFERENCES a folder where the tracks of CREPE full stay
from one time to the next. For each recording: the share of frames, among those that CREPE is surer
of than 0.5, in which the tracker is within 50 cents (RPA), and within 50 cents of that pitch in any
octave (RCA); in how many frames both agree whether there is a pitch; how far the pitch moves, in
octaves, when the spectrum is moved up by 12 bins; and the distance of the sound said again, as the
mean difference of log10 mel magnitudes. Then the same of 200 tones of 1 to 12 partials from 65 to
800 Hz (seed 0). Writes nansy.png, of the last recording, and nansy.wav, the same said again.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import soundfile
import tensorflow as tf
from make_world_figure import log_mel

from ddsp_tf import dsp
from ddsp_tf.audio import read_audio
from ddsp_tf.features import get_tracker
from ddsp_tf.features.nansy.heard_spectrum import hear, read_bins
from ddsp_tf.features.nansy.pitch_encoder import FIRST_BIN, N_HEARD, read_pitch
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import save_figure

RATE, BINS_MOVED = 16000, 12
SURE, NEAR_CENTS = 0.5, 50.0
SHOWN_S = (0.5, 5.5)


def main(folder: Path, run: str, references: Path, recordings: list[Path]) -> None:
    """Prints the table and writes the picture and the sound, which it replaces."""
    tracker, model = get_tracker(f"nansy:{run}"), Instrument.load(run).model
    print("| sound | frames | RPA, % | RCA, % | voicing, % | moved by, octaves | mel L1 |")
    print("|---|---|---|---|---|---|---|")
    for path in recordings:
        audio, _ = read_audio(path, sample_rate=RATE)
        expected_hz, sure = reference(path, audio, references)
        found_hz, confidence = tracker.track(audio, RATE)
        voiced = sure > SURE
        near, chroma = accuracy(found_hz[voiced], expected_hz[voiced])
        said = model({"audio": tf.constant(audio[np.newaxis])})["audio"].numpy()[0]
        apart = np.abs(log_mel(said, RATE) - log_mel(audio, RATE)).mean()
        moves = moved(model, audio[np.newaxis], voiced & (expected_hz < 650.0))
        agreed = 100.0 * np.mean((confidence > SURE) == voiced)
        rates = f"{near:.1f} | {chroma:.1f} | {agreed:.1f}"
        print(f"| {path.stem} | {voiced.sum()} | {rates} | {moves} | {apart:.3f} |", flush=True)
    track_hz = found_hz
    f0_hz, sounds = tones()
    found_hz = tracker.track(sounds.ravel(), RATE)[0].reshape(len(sounds), -1)[:, 25:75]
    near, chroma = accuracy(found_hz, f0_hz[:, np.newaxis])
    middle = np.tile((np.arange(100) >= 25) & (np.arange(100) < 75), (len(f0_hz), 1))
    moves = moved(model, sounds, middle & (f0_hz < 650.0)[:, np.newaxis])
    print(f"| {len(f0_hz)} tones | {found_hz.size} | {near:.1f} | {chroma:.1f} | | {moves} | |")
    drawn = figure(audio, model, expected_hz, sure, track_hz)
    save_figure(drawn, folder / "nansy.png", overwrite=True)
    soundfile.write(folder / "nansy.wav", said, RATE)


def reference(path: Path, audio: Any, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Pitch and confidence of CREPE's largest network, kept in a folder."""
    kept = folder / f"{path.stem}.npz"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        f0_hz, confidence = get_tracker("crepe-full").track(audio, RATE)
        np.savez(kept, hz=f0_hz, c=confidence)
    found = np.load(kept)
    return found["hz"], found["c"]


def accuracy(found_hz: np.ndarray, expected_hz: np.ndarray) -> tuple[float, float]:
    """Raw pitch accuracy and raw chroma accuracy, in percent."""
    cents = 1200.0 * np.log2(found_hz / expected_hz)
    chroma = (cents + 600.0) % 1200.0 - 600.0
    return tuple(100.0 * np.mean(np.abs(x) < NEAR_CENTS) for x in (cents, chroma))


def moved(model: Any, audio: np.ndarray, counts: np.ndarray) -> str:
    """Median and quartiles of how far the pitch moves with the spectrum."""
    heard, _ = hear(tf.constant(audio), hop_length=model.hop_length)
    up = tf.fill([len(audio)], BINS_MOVED)
    before, after = (
        read_pitch(model.encoder(bins)["pitch_logits"])
        for bins in (read_bins(heard), read_bins(heard, up))
    )
    octaves = (after - before).numpy()[..., 0][np.broadcast_to(counts, before.shape[:2])]
    low, middle, high = np.percentile(octaves, [25, 50, 75])
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def tones() -> tuple[np.ndarray, np.ndarray]:
    """Sums of a few partials with random levels and phases, a second each."""
    random = np.random.default_rng(0)
    time_s = np.arange(RATE) / RATE
    f0_hz, sounds = [], []
    for _ in range(200):
        f0_hz.append(np.exp(random.uniform(np.log(65.0), np.log(800.0))))
        numbers = np.arange(1, random.integers(2, 14))
        levels = random.uniform(0.2, 1.0, len(numbers)) / numbers
        turns = np.outer(numbers * f0_hz[-1], time_s) + random.uniform(0, 1, [len(numbers), 1])
        heard = (numbers * f0_hz[-1] < 0.5 * RATE)[:, np.newaxis]
        sound = np.sum(levels[:, np.newaxis] * heard * np.sin(2 * np.pi * turns), axis=0)
        sounds.append(0.3 * sound / np.abs(sound).max())
    return np.array(f0_hz), np.array(sounds, np.float32)


def figure(audio: Any, model: Any, expected_hz: Any, sure: Any, track_hz: Any) -> Any:
    """The spectrum that the encoder reads, with both pitches over it."""
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    heard, _ = hear(tf.constant(audio[np.newaxis]), hop_length=model.hop_length)
    first, last = (round(s * tracker_rate(model)) for s in SHOWN_S)
    levels = read_bins(heard)[0, first:last].numpy().T
    bins_hz = dsp.constant_q_frequencies_hz(FIRST_BIN + N_HEARD)[FIRST_BIN:]
    time_s = np.arange(len(expected_hz))[first:last] / tracker_rate(model)
    drawn = Figure(figsize=(8, 4), layout="constrained")
    axis = drawn.subplots()
    axis.pcolormesh(time_s, bins_hz, levels[:, : len(time_s)], cmap="Greys", shading="nearest")
    axis.set_yscale("log")
    for label, hz, width, alpha in (
        ("CREPE full", expected_hz, 4.0, 0.4),
        ("learned without labels", track_hz, 1.2, 1.0),
    ):
        shown = np.where(sure > SURE, hz, np.nan)[first:last]
        axis.plot(time_s, shown, label=label, linewidth=width, alpha=alpha)
    axis.set_ylim(50, 2000)
    axis.set_xlabel("seconds")
    axis.set_ylabel("Hz")
    axis.legend(loc="upper right")
    return drawn


def tracker_rate(model: Any) -> float:
    """Frames a second."""
    return float(model.sample_rate / model.hop_length)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), [Path(x) for x in sys.argv[4:]])
