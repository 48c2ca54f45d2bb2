"""Draws how performers play a passage beside the recording of it, for the page.

Example:
    python scripts/make_performer_figure.py runs/performer data/violin docs/images/performer.png
"""

import sys
from pathlib import Path

import numpy as np

from ddsp_tf import Dataset
from ddsp_tf.features.midi_pitch import to_midi
from ddsp_tf.inference import get_performer
from ddsp_tf.midi import note_columns, top_line
from ddsp_tf.plotting import save_figure
from ddsp_tf.plotting.figure import make_figure
from ddsp_tf.plotting.palette import ACCENT, INPUT, MUTED, OUTPUT

SECONDS = 6.0


def main(run: Path, folder: Path, picture: Path) -> None:
    """Draws the first held-out seconds.

    Args:
        run: The trained performer.
        folder: The dataset that it was trained on.
        picture: The PNG file.
    """
    dataset = Dataset.open(folder)
    rate = dataset.features.frame_rate
    _, batch = max(dataset.segments("eval"), key=lambda named: named[1]["f0_hz"].shape[1])
    notes = batch["notes"][0].astype(np.float64)
    line = top_line(notes[notes[:, 3] > 0])
    n_frames = round(SECONDS * rate)
    time_s = np.arange(n_frames) / rate
    held = note_columns(line, frame_rate=rate, n_frames=n_frames).gate > 0
    figure, (pitch, loudness) = make_figure(2, share_time=True, row_height=2.4)

    def draw(f0_hz: np.ndarray, loudness_db: np.ndarray, colour: str, name: str) -> None:
        shown = np.where(held, to_midi(f0_hz[:n_frames]), np.nan)
        pitch.plot(time_s, shown, color=colour, linewidth=1.0, label=name)
        loudness.plot(time_s, loudness_db[:n_frames], color=colour, linewidth=1.0)

    draw(batch["f0_hz"][0, :, 0], batch["loudness_db"][0, :, 0], MUTED, "the recording")
    for performer, colour, name in (
        ("rules", INPUT, "rules"),
        (run, OUTPUT, "trained"),
        ("plain", ACCENT, "plain"),
    ):
        played = get_performer(performer).perform(
            line, statistics=dataset.statistics, frame_rate=rate, n_frames=n_frames
        )
        draw(played.f0_hz, played.loudness_db, colour, name)
    pitch.set_ylabel("pitch (MIDI)")
    pitch.legend(fontsize=8, ncols=4, loc="lower right")
    loudness.set_ylabel("loudness (dB)")
    loudness.set_ylim(-70, 0)
    loudness.set_xlabel("seconds")
    save_figure(figure, picture, overwrite=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
