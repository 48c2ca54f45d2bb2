"""Draws what the self-supervised tracker hears in a phrase, and tells its losses without labels.

python scripts/make_pitch_figure.py OUTPUT_FOLDER PHRASE [--dataset DATASET --run RUN ...]

Writes pitch.png: the sinusoids that are heard over the spectrum, and the pitch that explains them
beside CREPE's; and pitch.wav, these sinusoids as sound. With a dataset of
papers/engel2020/data.gin it prints the losses of its held-out half minute, of the shipped model and
of each run.
"""

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf

from ddsp_tf.audio import read_audio, write_audio
from ddsp_tf.data import Dataset
from ddsp_tf.features import get_tracker
from ddsp_tf.losses import PitchConsistency
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import save_figure
from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, OUTPUT
from ddsp_tf.plotting.pitch_axis import use_notes
from ddsp_tf.plotting.spectrograms import draw_spectrogram

NAME, RATE, SECONDS = "self_supervised", 16000, 3.3
_LOUD = 0.003
_SURE = {NAME: 0.5, "crepe-tiny": 0.5}


def main() -> None:
    """Prints the losses and writes the picture, which it replaces if it is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("phrase", type=Path)
    parser.add_argument("--dataset", type=Path)
    parser.add_argument("--run", action="append", default=[])
    options = parser.parse_args()
    if options.dataset:
        print("| model | spectrum | mismatch |\n|---|---|---|")
        for name in (NAME, *options.run):
            print(row(name, Dataset.open(options.dataset)))
    audio, _ = read_audio(options.phrase, sample_rate=RATE)
    draw(np.asarray(audio[: round(SECONDS * RATE)], np.float32), options.folder / "pitch.png")


def row(name: str, data: Dataset) -> str:
    """A model's losses on the held-out side."""
    model, loss = Instrument.load(name).model, PitchConsistency()
    terms: list[dict[str, tf.Tensor]] = []
    for batch in data.batches("eval", batch_size=1, clip_s=4.096, repeat=False).take(16):
        terms.append(loss(batch, model(batch)))
    means = {key: np.mean([float(one[key]) for one in terms]) for key in terms[0]}
    return f"| {name} | {means['spectrum']:.3f} | {means['mismatch']:.4f} |"


def draw(audio: np.ndarray, path: Path) -> None:
    """Draws the sinusoids over the spectrum, and below them the pitch as two trackers hear it."""
    model = Instrument.load(NAME).model
    whole = len(audio) // model.hop_length * model.hop_length
    heard = model({"audio": tf.constant(audio[np.newaxis, :whole])})
    write_audio(path.with_suffix(".wav"), heard["audio"][0].numpy(), RATE, overwrite=True)
    f_hz, amplitudes = (heard[key][0].numpy() for key in ("frequencies_hz", "amplitudes"))
    times_s = np.arange(len(f_hz)) * model.hop_length / RATE
    figure, (above, below) = make_figure(2, row_height=2.6, share_time=True, dpi=64)
    draw_spectrogram(above, audio, RATE)
    frame, number = np.nonzero(amplitudes > _LOUD)
    level_db = 20.0 * np.log10(amplitudes[frame, number] / _LOUD)
    above.scatter(times_s[frame], f_hz[frame, number], s=0.3 * level_db, c=ACCENT, linewidths=0)
    above.set_title("spectrum, and the sinusoids that are heard", loc="left", fontsize=10)
    tracks = []
    for name, colour, width in ((NAME, OUTPUT, 1.4), ("crepe-tiny", INPUT, 3.0)):
        f0_hz, confidence = get_tracker(name).track(audio, RATE)
        tracks.append(np.where(confidence > _SURE[name], f0_hz, np.nan))
        below.plot(
            np.arange(len(f0_hz)) / 100.0,
            tracks[-1],
            color=colour,
            linewidth=width,
            alpha=1.0 if name == NAME else 0.4,
            label=name,
        )
    use_notes(below, np.concatenate(tracks))
    below.set_xlabel("time (s)", fontsize=9)
    below.legend(fontsize=8, frameon=False, loc="upper right")
    save_figure(figure, path, overwrite=True)


if __name__ == "__main__":
    main()
