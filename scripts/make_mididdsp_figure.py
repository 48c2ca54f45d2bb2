"""Draws one air as each instrument of a MIDI-DDSP plays it, for its page.

Example:
    python scripts/make_mididdsp_figure.py runs/five docs/images/mididdsp.png
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from ddsp_tf import Instrument
from ddsp_tf.inference import Render
from ddsp_tf.inference.key_range import KeyRange
from ddsp_tf.plotting import save_figure
from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.log_spectrogram import log_spectrogram
from ddsp_tf.plotting.palette import HEAT

KEYS, LENGTHS = (69, 71, 72, 76, 74, 72, 71, 69), (1, 1, 1, 2, 1, 1, 1, 3)
BEAT_S, RANGE_DB = 0.35, 70.0
N_COLOURS = 64  # Noise is dear in a PNG: a third of the bytes.


def main(run: Path, picture: Path) -> None:
    """Plays and draws it.

    Args:
        run: The trained model.
        picture: The PNG file.
    """
    instrument = Instrument.load(run)
    onsets = BEAT_S * np.cumsum([0, *LENGTHS[:-1]])
    air = np.array(
        [
            [onset, onset + BEAT_S * length, key, 0.6, 0]
            for onset, length, key in zip(onsets, LENGTHS, KEYS, strict=True)
        ]
    )
    players = instrument.model.instruments
    figure, axes = make_figure(len(players), share_time=True, row_height=1.5)
    for number, (player, axis) in enumerate(zip(players, axes, strict=True)):
        keys = instrument.model.key_range(number)
        notes = air if keys is None else KeyRange(*keys).fit(air)
        audio, _ = Render(instrument, player=player, tail_s=0.3)(notes)
        times_s, rows_hz, level_db = log_spectrogram(audio, instrument.features.sample_rate)
        top = level_db.max()
        axis.pcolormesh(
            times_s, rows_hz, level_db, cmap=HEAT, vmin=top - RANGE_DB, vmax=top, shading="nearest"
        )
        axis.set_yscale("log")
        axis.set_ylabel(f"{player}, Hz")
    axes[-1].set_xlabel("seconds")
    save_figure(figure, picture, overwrite=True)
    few = Image.open(picture).convert("RGB").quantize(N_COLOURS, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
