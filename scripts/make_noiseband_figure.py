"""Draws what a model of noise bands makes of curves and of another sound, for its page.

Example:
    python scripts/make_noiseband_figure.py runs/rain rain.flac footsteps.flac \
        docs/images/noiseband_spectrogram.png
"""

import sys
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.inference import ColumnTransfer
from ddsp_tf.losses import SpectralLoss
from ddsp_tf.models import Instrument
from ddsp_tf.plotting import save_figure, spectrogram_pair


def main(run: Path, sound: Path, other: Path, picture: Path) -> None:
    """Prints how near each comes to the sound it was made of, and draws all four.

    Args:
        run: The trained model.
        sound: What it was trained on.
        other: What lends it its loudness and spectral centroid.
        picture: The PNG file.
    """
    transfer = ColumnTransfer(Instrument.load(run))
    rate, loss = transfer.sample_rate, SpectralLoss()
    given, made = [], []
    for path in (sound, other):
        audio, _ = read_audio(path, sample_rate=rate)
        played = transfer(audio, rate).audio
        value = float(loss(audio[np.newaxis], played[np.newaxis]))
        print(f"{path.name}: spectral loss {value:.2f} over {len(audio) / rate:.1f} s")
        given.append(audio)
        made.append(played)
    figure = spectrogram_pair(
        np.concatenate(given),
        np.concatenate(made),
        rate,
        titles=(f"{sound.stem}, then {other.stem}", "the model, by their curves"),
    )
    save_figure(figure, picture, overwrite=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
