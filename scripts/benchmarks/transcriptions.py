"""Measures how well `ddsp-tf notes` writes down recordings whose notes are known.

    python scripts/benchmarks/transcriptions.py

It transcribes every recording of the tests' data that has a `.notes.csv` or a MIDI file of its name
beside it, in `instruments/`, `assembled/` and `rendered/`. Columns: reference onsets (those of a
chord, within 30 ms, are one), notes found, precision, recall and F1 of the onsets within 50 ms; F1
with the key right, too; F1 once the median distance of the labels from the notes is taken off, and
that distance; F1 within 100 ms; and where the labels lie by another measure than the transcriber:
the shift of the labels at which the rises of the sound's mel bands are strongest (`prepare`
measures scores so), with its range over the quarters of the recording, and F1 once it is taken off.

What a label marks differs: in `rendered/` the note-on of a synthesiser, in `assembled/` the first
sample of a recorded note, breath and bow noise included, in `instruments/violin` an alignment of a
score by its authors, on a grid of 16 ms. Two of those violin pieces are full of double stops, which
no list of notes one at a time can hold.
"""

import os
import time
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.data.sources.score_fit import measure_fit
from ddsp_tf.evaluation.onset_agreement import onset_agreement
from ddsp_tf.features import FeatureSettings
from ddsp_tf.inference import transcribe
from ddsp_tf.midi import read_notes
from ddsp_tf.midi.note_table import read_note_table

DATA = Path(os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
CHORD_S, NEAR_S, N_PARTS = 0.03, 0.2, 4


def references() -> dict[Path, np.ndarray]:
    """Notes, `[n, 5]`, of every recording that has some; no velocities."""
    found: dict[Path, np.ndarray] = {}
    for path in sorted(DATA.glob("**/*.notes.csv")):
        audio = path.with_name(path.name.replace(".notes.csv", ".flac"))
        found[audio] = read_note_table(path)
    for path in sorted((DATA / "rendered").glob("*.mid")):
        found[path.with_suffix(".flac")] = read_notes(path)
    return found


def onsets_of(notes: np.ndarray) -> np.ndarray:
    """Times at which something begins: a chord once."""
    times = np.unique(notes[:, 0])
    return times[np.diff(times, prepend=-1.0) > CHORD_S]


def notes_f1(reference: np.ndarray, found: np.ndarray) -> float:
    """F1 of onsets with the same key, within 50 ms."""
    n_matched = 0.0
    for key in np.unique(found[:, 1]):
        same, other = reference[reference[:, 1] == key, 0], found[found[:, 1] == key, 0]
        if len(same):
            n_matched += onset_agreement(same, other).recall * len(same)
    return 2.0 * n_matched / (len(reference) + len(found))


def label_distance(reference: np.ndarray, found: np.ndarray) -> float:
    """The median time from a label to the nearest note of its key."""
    apart = []
    for time_s, key in reference:
        same = found[found[:, 1] == key, 0]
        if len(same):
            apart.append(same[np.argmin(np.abs(same - time_s))] - time_s)
    return float(np.median([x for x in apart if abs(x) < NEAR_S]))


def heard_late(notes: np.ndarray, audio: np.ndarray) -> tuple[float, list[float]]:
    """How much later than their labels notes rise, in s: all of them, and those of each quarter."""
    settings = FeatureSettings()
    parts = np.array_split(notes, N_PARTS)
    return measure_fit(notes, audio, settings).offset_s, [
        measure_fit(part, audio, settings).offset_s for part in parts
    ]


def main() -> None:
    """Prints a row for each recording."""
    print(
        "| recording | onsets | notes found | precision | recall | F1 | F1 with the key | "
        "F1 moved (ms) | F1 100 ms | rises beside labels (quarters), ms | F1 moved by rises | "
        "x real time |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    for path, notes in references().items():
        reference = notes[:, [0, 2]]
        audio, sample_rate = read_audio(path, sample_rate=16000)
        start = time.process_time()
        found = transcribe(audio)[:, [0, 2]]
        took_s = time.process_time() - start
        onsets = onsets_of(reference)
        within = onset_agreement(onsets, found[:, 0])
        moved_s = label_distance(reference, found)
        moved = onset_agreement(onsets + moved_s, found[:, 0])
        wide = onset_agreement(onsets, found[:, 0], window_s=0.1)
        late_s, parts = heard_late(notes, audio)
        by_rises = onset_agreement(onsets + late_s, found[:, 0])
        print(
            f"| {path.stem} | {len(onsets)} | {len(found)} | {within.precision:.3f} | "
            f"{within.recall:.3f} | {within.f1:.3f} | {notes_f1(reference, found):.3f} | "
            f"{moved.f1:.3f} ({1000 * moved_s:+.0f}) | {wide.f1:.3f} | {1000 * late_s:+.0f} "
            f"({1000 * min(parts):+.0f} to {1000 * max(parts):+.0f}) | {by_rises.f1:.3f} | "
            f"{len(audio) / sample_rate / took_s:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
