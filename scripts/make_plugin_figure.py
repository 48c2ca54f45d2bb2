"""Draws the spectrograms of docs/plugin.md: the shipped melody, and what the effect makes of it.

The plug-in plays in pedalboard, and is switched from the violin to the trumpet halfway, as a
musician does while it plays.

Example:
    ddsp-tf export violin --target plugin -o plugins/ --build
    python scripts/make_plugin_figure.py plugins/ docs/images/plugin_spectrogram.png
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ddsp_tf.audio import read_audio
from ddsp_tf.plotting import save_figure, spectrogram_pair
from ddsp_tf.presets import MELODY

RATE = 48000


def main(folder: Path, picture: Path) -> None:
    """Writes the picture, and replaces it if it is there."""
    from pedalboard import load_plugin  # type: ignore[attr-defined]

    effect: Any = load_plugin(str(folder / "ddsp_tf_effect.vst3"))
    melody, _ = read_audio(MELODY, sample_rate=RATE)
    stereo = np.stack([melody, melody])
    half = len(melody) // 2
    played: list[np.ndarray] = []
    for name, part in (("Violin", stereo[:, :half]), ("Trumpet", stereo[:, half:])):
        effect.instrument = name
        time.sleep(1.0)  # another thread loads it
        played.append(effect.process(part, RATE, reset=not played)[0])
    sound = np.concatenate(played)
    before, after = (soxr.resample(audio, RATE, 16000) for audio in (melody, sound))
    titles = ("what goes in", "what comes out: violin, then trumpet")
    figure = spectrogram_pair(before, after, 16000, titles=titles)
    save_figure(figure, picture, overwrite=True)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
