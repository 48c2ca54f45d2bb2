"""Measures how often a tracker hears the right note.

    python scripts/benchmarks/pitch_accuracy.py                    notes of known pitch, whole files
    python scripts/benchmarks/pitch_accuracy.py --live             the same as they are being played
    python scripts/benchmarks/pitch_accuracy.py --phrases          melodies, with pYIN as reference

Notes lie in `instruments/*/notes/` and `piano/notes/` of the tests' data; their names begin with
the MIDI number. A note is right when the median of f0 over its frames that `note_mask` takes for
notes is within 50 cents of it. A note of which less than a fifth is so taken is silent.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.features import Features, FeatureSettings, extract_features, join_features, note_mask
from ddsp_tf.features.live_features import LiveFeatures

DATA = Path(os.environ.get("DDSP_TF_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
RIGHT_CENTS = 50.0
LEAST_HEARD = 0.2
QUIET_DB = -60.0
LIVE_BLOCK = 1024
# pYIN's confidence is lower than CREPE's where both are sure.
SURE = {"pyin": 0.3}
SURE_OTHERS = 0.5


@dataclass
class Score:
    """What was heard of the notes of one instrument.

    Attributes:
        cents: Median error of each note that was heard.
        verdicts: How many notes are right, at another octave, harmonic or pitch, or silent.
        heard_s: Seconds of sound.
        took_s: Seconds that tracking took.
    """

    cents: list[float] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    heard_s: float = 0.0
    took_s: float = 0.0

    def row(self, name: str) -> str:
        """The score as a row of a Markdown table."""
        n_notes = self.verdicts.total()
        error = float(np.median(np.abs(self.cents))) if self.cents else np.nan
        right = 100 * self.verdicts["right"] / n_notes
        counts = " | ".join(str(self.verdicts[verdict]) for verdict in VERDICTS[1:])
        return (
            f"| {name} | {n_notes} | {right:.1f} % | {error:.1f} "
            f"| {counts} | {self.heard_s / self.took_s:.0f} x |"
        )


VERDICTS = ("right", "octave", "harmonic", "other", "silent")


def judge(features: Features, midi: int) -> tuple[str, float | None]:
    """What became of a note, and its median error in cents if it was heard."""
    notes = note_mask(features)
    n_sounding = int(np.count_nonzero(features.loudness_db > QUIET_DB))
    if int(np.count_nonzero(notes)) < LEAST_HEARD * max(n_sounding, 1):
        return "silent", None
    hz = 440.0 * 2.0 ** ((midi - 69) / 12)
    cents = float(np.median(1200 * np.log2(features.f0_hz[notes] / hz)))
    if abs(cents) < RIGHT_CENTS:
        return "right", cents
    octaves = cents / 1200
    if abs(octaves - round(octaves)) * 1200 < RIGHT_CENTS:
        return "octave", cents
    multiple = 2.0 ** abs(octaves)
    near = abs(1200 * np.log2(multiple / round(multiple))) < RIGHT_CENTS
    return ("harmonic" if near else "other"), cents


def notes_of(data: Path) -> Iterator[tuple[str, Path, int]]:
    """Every note: instrument, file, MIDI number."""
    folders = [*sorted(data.glob("instruments/*/notes")), data / "piano" / "notes"]
    for folder in folders:
        for path in sorted(folder.glob("*.flac")):
            yield folder.parent.name, path, int(path.name[:3])


def features_of(audio: np.ndarray, settings: FeatureSettings, *, live: bool) -> Features:
    """Features of a sound, at once or block by block."""
    if not live:
        return extract_features(audio, settings)
    player = LiveFeatures(settings)
    starts = range(0, len(audio), LIVE_BLOCK)
    parts = [player.push(audio[start : start + LIVE_BLOCK]) for start in starts]
    parts.append(player.flush())
    return join_features(parts)


def measure_notes(data: Path, settings: FeatureSettings, *, live: bool) -> dict[str, Score]:
    """Scores of all instruments by name."""
    scores: dict[str, Score] = {}
    features_of(np.zeros(settings.sample_rate, np.float32), settings, live=live)
    for instrument, path, midi in notes_of(data):
        score = scores.setdefault(instrument, Score())
        audio, _ = read_audio(path, sample_rate=settings.sample_rate)
        start = time.perf_counter()
        features = features_of(audio, settings, live=live)
        score.took_s += time.perf_counter() - start
        score.heard_s += len(audio) / settings.sample_rate
        verdict, cents = judge(features, midi)
        score.verdicts[verdict] += 1
        if cents is not None:
            score.cents.append(cents)
    return scores


def measure_phrases(data: Path, settings: FeatureSettings, *, live: bool) -> Iterator[str]:
    """A row for each melody: median error and raw pitch accuracy where pYIN is sure."""
    reference = FeatureSettings(f0_tracker="pyin")
    for path in [*sorted(data.glob("phrases/*")), *sorted(data.glob("reference_notes/*"))]:
        if path.suffix != ".flac":
            continue
        audio, _ = read_audio(path, sample_rate=settings.sample_rate)
        expected = extract_features(audio, reference)
        found = features_of(audio, settings, live=live)
        sure = (expected.f0_confidence > SURE["pyin"]) & (expected.loudness_db > QUIET_DB)
        cents = 1200 * np.log2(found.f0_hz / expected.f0_hz)[sure]
        if not len(cents):
            continue
        right = 100 * np.mean(np.abs(cents) < RIGHT_CENTS)
        voiced = 100 * np.mean(found.f0_confidence[sure] > SURE_OTHERS)
        yield (
            f"| {path.stem} | {len(cents)} | {np.median(cents):+.1f} "
            f"| {right:.2f} % | {voiced:.2f} % |"
        )


def main() -> None:
    """Measures and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the tests' data")
    parser.add_argument("--tracker", default="crepe-tiny", help="one of F0_TRACKERS")
    parser.add_argument("--live", action="store_true", help="as the sound is being played")
    parser.add_argument("--phrases", action="store_true", help="melodies in place of notes")
    options = parser.parse_args()
    settings = FeatureSettings(f0_tracker=options.tracker)
    if options.phrases:
        print("| melody | frames | median cents | within 50 cents | voiced |")
        print("|---|---|---|---|---|")
        for row in measure_phrases(options.data, settings, live=options.live):
            print(row, flush=True)
        return
    print("| instrument | notes | right | median error | " + " | ".join(VERDICTS[1:]), "| speed |")
    print("|---" * (4 + len(VERDICTS)) + "|")
    for name, score in measure_notes(options.data, settings, live=options.live).items():
        print(score.row(name))


if __name__ == "__main__":
    main()
