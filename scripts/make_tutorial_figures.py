"""Makes the figures of the tutorial for musicians: a preparation, a training, a transfer.

The recordings are the shipped melody in eight keys, played by the shipped violin, so that anyone
can make these figures. It takes about four minutes of processor time.

Example:
    python scripts/make_tutorial_figures.py docs/images/
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from ddsp_tf import config
from ddsp_tf.data import Dataset, prepare
from ddsp_tf.inference import TimbreTransfer
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import save_figure, training_curves
from ddsp_tf.presets import MELODY
from ddsp_tf.training import RunDirectory

TAKES = ((-4, -6), (-2, 0), (-1, -3), (0, 0), (2, -6), (3, 0), (5, -3), (7, 0))
"""Semitones and decibels by which each take differs from the melody."""

SETTINGS = (
    "RnnFcDecoder.rnn_channels=64",
    "RnnFcDecoder.channels=64",
    "Reverb.impulse_response_length=4000",
    "Schedule.batch_size=4",
    "Schedule.clip_s=2.0",
    "Optimization.learning_rate=0.003",
    "Limits.num_steps=300",
    "Schedule.validate_every=20",
    "Schedule.checkpoint_every=300",
    "Schedule.log_every=5",
)

WIDTH = 1000
N_COLOURS = 64


def main(folder: Path) -> None:
    """Writes one PNG a figure, and replaces those that are there."""
    with TemporaryDirectory() as temporary:
        work = Path(temporary)
        record(work / "recordings")
        prepare([work / "recordings"], work / "dataset")
        run = train(work / "dataset", work / "run")
        rows = RunDirectory(run).read_metrics()
        save_figure(training_curves(rows, title="A run"), work / "curves.png")
        steps = sorted((run / "samples").glob("step-*.png"))
        pictures = {
            "tutorial_report": work / "dataset" / "report.png",
            "tutorial_curves": work / "curves.png",
            "tutorial_first_sample": steps[0],
            "tutorial_last_sample": steps[-1],
        }
        for name, picture in pictures.items():
            shrink(picture, folder / f"{name}.png")


def record(folder: Path) -> None:
    """Plays the takes."""
    violin = Instrument.load("violin")
    for index, (semitones, loudness_db) in enumerate(TAKES):
        play = TimbreTransfer(violin, semitones=semitones, loudness_db=loudness_db)
        play.transfer_file(MELODY, folder / f"take_{index + 1}.flac")


def train(dataset: Path, run: Path) -> Path:
    """Trains a network that is small enough for a figure."""
    settings = config.parse(["models/small_instrument.gin"], SETTINGS)
    settings.train(data=Dataset.open(dataset), run=run)
    return run


def shrink(source: Path, target: Path) -> None:
    """Writes a picture in the size and the few colours that a page needs."""
    with Image.open(source) as picture:
        height = round(picture.height * WIDTH / picture.width)
        small = picture.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)
    small.quantize(N_COLOURS).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
