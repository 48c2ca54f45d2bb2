"""Measures how near performers come to how recordings with scores are played.

    python scripts/benchmarks/performers.py DATASET [RUN]

It plays the scores of the held-out side of a dataset, made with `papers/jonason2020/data.gin`, and
compares pitch and loudness with those of the recordings: mean squares of the differences of pitch
as MIDI / 127, where a note is held, the tracker is sure and no more than two semitones off, and of
loudness as dB / 80, everywhere, and where a note is held. Performers: "flat MIDI", what is written
(a velocity of 1 is 0 dB, of 0 -80 dB); "flat, levels known", the same with each velocity as loud as
the instrument plays it; `plain` and `rules` of `ddsp-tf render`; and the run's.
"""

import sys

import numpy as np

from ddsp_tf import Dataset
from ddsp_tf.features import Statistics
from ddsp_tf.features.midi_pitch import to_hz, to_midi
from ddsp_tf.inference import Performance, Performer, get_performer
from ddsp_tf.inference.performer import level_of
from ddsp_tf.midi import note_columns, top_line

MOST_SEMITONES, SURE, SILENCE_DB = 2.0, 0.5, -80.0


class Flat(Performer):
    """Plays what is written, and nothing else.

    Args:
        levels_known: Whether velocities are as loud as the instrument plays them.
    """

    def __init__(self, *, levels_known: bool) -> None:
        self.levels_known = levels_known

    def perform(
        self, notes: np.ndarray, *, statistics: Statistics | None, frame_rate: float, n_frames: int
    ) -> Performance:
        """Plays a line of notes."""
        columns = note_columns(notes, frame_rate=frame_rate, n_frames=n_frames)
        velocity = columns.velocity.astype(np.float64)
        level_db = level_of(velocity, statistics) if self.levels_known else 80 * (velocity - 1)
        held = columns.gate > 0
        loudness_db = np.where(held, level_db, SILENCE_DB)
        return Performance(to_hz(columns.midi), loudness_db, held.astype(np.float64))


def errors(performer: Performer, dataset: Dataset) -> tuple[float, float, float]:
    """Mean squares of pitch, of loudness, and of loudness where a note is held."""
    f0, loudness, of_held = [], [], []
    for _, batch in dataset.segments("eval"):
        notes = batch["notes"][0].astype(np.float64)
        notes = notes[notes[:, 3] > 0]
        if not len(notes):
            continue
        line = top_line(notes)
        frames = {"frame_rate": dataset.features.frame_rate, "n_frames": batch["f0_hz"].shape[1]}
        played = performer.perform(line, statistics=dataset.statistics, **frames)
        columns = note_columns(line, **frames)
        pitch = to_midi(batch["f0_hz"][0, :, 0])
        held = columns.gate > 0
        sure = batch["f0_confidence"][0, :, 0] > SURE
        counts = held & sure & (np.abs(pitch - columns.midi) < MOST_SEMITONES)
        f0.append(np.square((to_midi(played.f0_hz) - pitch)[counts] / 127.0))
        apart = np.square((played.loudness_db - batch["loudness_db"][0, :, 0]) / 80.0)
        loudness.append(apart)
        of_held.append(apart[held])
    means = [float(np.concatenate(x).mean()) for x in (f0, loudness, of_held)]
    return means[0], means[1], means[2]


def main() -> None:
    """Prints a row for each performer."""
    dataset = Dataset.open(sys.argv[1])
    performers = {
        "flat MIDI": Flat(levels_known=False),
        "flat, levels known": Flat(levels_known=True),
        "`plain`": get_performer("plain"),
        "`rules`": get_performer("rules"),
        **({"trained": get_performer(sys.argv[2])} if len(sys.argv) > 2 else {}),
    }
    print("| performer | pitch and loudness | pitch (cents rms) | loudness (dB rms) | in notes |")
    print("|---|---|---|---|---|")
    first = 0.0
    for name, performer in performers.items():
        f0, loudness, of_held = errors(performer, dataset)
        first = first or f0 + loudness
        cents = 12700 * np.sqrt(f0)
        print(
            f"| {name} | {f0 + loudness:.5f} ({(f0 + loudness) / first:.2f}) | {f0:.2e} "
            f"({cents:.0f}) | {loudness:.5f} ({80 * np.sqrt(loudness):.1f}) | "
            f"{80 * np.sqrt(of_held):.1f} dB |",
            flush=True,
        )


if __name__ == "__main__":
    main()
