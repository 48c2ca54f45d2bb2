"""Measures how exactly scores are played: re-tracks what `Render` makes of each MIDI file.

    python scripts/benchmarks/scores.py                                the plain performer, violin
    python scripts/benchmarks/scores.py --performer rules
    python scripts/benchmarks/scores.py --instrument flute SONG.mid...

By default it plays the files in `midi/` of the tests' data: dry for pitch and onsets, and once more
in the instrument's room, which its loudness was learned with. The files have one velocity, so for
that velocities from 0.2 to 1 are drawn by chance (seed 1). Columns:

- cents: error of the pitch of each note, by the sum of its first eight harmonics' power in the
  middle 60% of it (a Hann window, to a tenth of a cent), median and largest;
- tracked: the same by the tracker, of the notes that it is sure of (confidence above 0.9);
- onset: how far the nearest onset that `find_onsets` hears lies from the score's, median, 95% and
  largest, and how many have none within 50 ms;
- Spearman: rank correlation of velocity and of the median loudness in the middle of each note.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np

from ddsp_tf.evaluation.onsets import find_onsets
from ddsp_tf.features import FeatureSettings, extract_features, extract_loudness_db
from ddsp_tf.inference import Render
from ddsp_tf.midi import read_notes, top_line

DATA = Path(os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
SURE = 0.9
FAR_S = 0.05
N_HARMONICS = 8


def pitch_error(part: np.ndarray, hz: float, sample_rate: int) -> float:
    """How many cents above `hz` a note is, by the sum of its harmonics' power."""
    cents = 0.0
    for half_width, step in ((60.0, 4.0), (4.0, 0.5), (0.5, 0.1)):
        grid = cents + np.arange(-half_width, half_width + step / 2, step)
        cents = float(
            grid[_harmonic_power(part, hz * 2.0 ** (grid / 1200.0), sample_rate).argmax()]
        )
    return cents


def _harmonic_power(part: np.ndarray, candidates: np.ndarray, sample_rate: int) -> np.ndarray:
    window = np.hanning(len(part)) * part
    turns = np.outer(candidates, np.arange(len(part)) / sample_rate)
    wave = np.exp(-2j * np.pi * turns)
    power, harmonic = np.zeros(len(candidates)), np.ones_like(wave)
    for k in range(1, N_HARMONICS + 1):
        harmonic = harmonic * wave
        if k * candidates.max() < 0.45 * sample_rate:
            power += np.abs(harmonic @ window) ** 2
    return power


def ranks(values: np.ndarray) -> np.ndarray:
    """Places in order; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]


def loudness_follows(render: Render, notes: np.ndarray, seed: int) -> float:
    """The rank correlation of velocities drawn by chance and of what is heard of them."""
    drawn = notes.copy()
    drawn[:, 3] = np.random.default_rng(seed).uniform(0.2, 1.0, len(notes))
    audio, _ = render(drawn)
    loudness_db = extract_loudness_db(audio, render.settings)
    time_s = np.arange(len(loudness_db)) / render.settings.frame_rate
    levels = [
        float(np.median(loudness_db[(time_s > a + 0.2 * (b - a)) & (time_s < b - 0.2 * (b - a))]))
        for a, b in notes[:, :2]
    ]
    return float(np.corrcoef(ranks(drawn[:, 3]), ranks(np.array(levels)))[0, 1])


def measure(render: Render, wet: Render, path: Path, seed: int) -> dict[str, float]:
    """Plays one file, and measures it."""
    notes = top_line(read_notes(path).astype(np.float64))
    start = time.process_time()
    audio, report = render(notes)
    took_s = time.process_time() - start
    rate = render.sample_rate
    heard = extract_features(audio, FeatureSettings())
    time_s = np.arange(heard.n_frames) / 250.0
    cents, tracked = [], []
    for onset_s, offset_s, midi in notes[:, :3]:
        hz, fifth_s = 440.0 * 2.0 ** ((midi - 69.0) / 12.0), 0.2 * (offset_s - onset_s)
        part = audio[round((onset_s + fifth_s) * rate) : round((offset_s - fifth_s) * rate)]
        cents.append(pitch_error(part, hz, rate))
        inside = (time_s > onset_s + fifth_s) & (time_s < offset_s - fifth_s)
        if heard.f0_confidence[inside].mean() > SURE:
            tracked.append(1200.0 * np.log2(float(np.median(heard.f0_hz[inside])) / hz))
    onsets = find_onsets(audio, sample_rate=rate)
    late_s = np.array([onsets[np.argmin(np.abs(onsets - x))] - x for x in notes[:, 0]])
    near = np.abs(late_s) <= FAR_S
    error_ms = 1000.0 * np.abs(late_s[near])
    return {
        "notes": len(notes),
        "cents": float(np.median(np.abs(cents))),
        "cents_95": float(np.quantile(np.abs(cents), 0.95)),
        "cents_most": float(np.max(np.abs(cents))),
        "tracked": len(tracked),
        "tracked_most": float(np.max(np.abs(tracked), initial=0.0)),
        "onset_ms": float(np.median(error_ms)),
        "onset_95_ms": float(np.quantile(error_ms, 0.95)),
        "onset_most_ms": float(error_ms.max()),
        "onset_within": float(np.mean(np.abs(late_s) <= 0.01)),
        "missing": int(np.sum(~near)),
        "spearman": loudness_follows(wet, notes, seed),
        "speed": report.seconds / took_s,
    }


def main() -> None:
    """Prints a row for each file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("songs", nargs="*", type=Path)
    parser.add_argument("--instrument", default="violin")
    parser.add_argument("--performer", default="plain")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    playing = {"performer": arguments.performer, "voices": 1, "tail_s": 0.5}
    render, wet = (Render(arguments.instrument, reverb=on, **playing) for on in (False, True))
    print(
        "| score | notes | cents: median, 95%, most | tracked: notes, most | onset in ms: median, "
        "95%, most | within 10 ms | not heard | Spearman |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for song in arguments.songs or sorted((DATA / "midi").glob("*.mid")):
        x = measure(render, wet, song, arguments.seed)
        print(
            f"| {song.stem} | {x['notes']} | {x['cents']:.2f}, {x['cents_95']:.2f}, "
            f"{x['cents_most']:.2f} | {x['tracked']}, {x['tracked_most']:.1f} | "
            f"{x['onset_ms']:.0f}, {x['onset_95_ms']:.0f}, {x['onset_most_ms']:.0f} | "
            f"{100 * x['onset_within']:.1f} % | {x['missing']} | {x['spearman']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
