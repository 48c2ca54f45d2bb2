"""Measures how fast a score of four parts is played, and in how much memory.

    python scripts/benchmarks/score_speed.py                one violin with four voices
    python scripts/benchmarks/score_speed.py --quartet      violin, flute, saxophone and cello
    python scripts/benchmarks/score_speed.py --minutes 60

The score is a chord of four parts, a new one every half second, so that no voice ever rests. Times
are of the second run of two in one process, without loading and tracing; `--first` measures the
first, with both. CPU seconds are of all threads.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import mido
import numpy as np

from ddsp_tf.inference import Ensemble, EnsemblePlayer, Render

QUARTET = ("violin", "flute", "saxophone", "cello")
LOWEST = (67, 72, 62, 48)


def make_score(path: Path, *, minutes: float, in_tracks: bool) -> None:
    """Writes four parts, in a track each or in one."""
    file = mido.MidiFile(ticks_per_beat=480)
    n_chords = round(minutes * 60 / 0.5)
    tracks = [mido.MidiTrack() for _ in (LOWEST if in_tracks else (0,))]
    random = np.random.default_rng(0)
    keys = np.array(LOWEST) + random.integers(0, 10, (n_chords, 4))
    for chord in keys.tolist():
        for voice, key in enumerate(chord):
            track = tracks[voice % len(tracks)]
            channel = voice if in_tracks else 0
            track.append(mido.Message("note_on", note=key, velocity=80, channel=channel))
        for voice, key in enumerate(chord):
            track = tracks[voice % len(tracks)]
            channel, passed = (voice, 480) if in_tracks else (0, 480 * (voice == 0))
            track.append(mido.Message("note_off", note=key, channel=channel, time=passed))
    file.tracks.extend(tracks)
    file.save(path)


def main() -> None:
    """Prints a line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quartet", action="store_true")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--first", action="store_true")
    arguments = parser.parse_args()
    names = QUARTET if arguments.quartet else ("violin",)
    start_wall, start_cpu = time.monotonic(), time.process_time()
    ensemble = Ensemble([EnsemblePlayer(name, Render(name)) for name in names])
    with tempfile.TemporaryDirectory() as folder:
        score = Path(folder) / "score.mid"
        if not arguments.first:
            make_score(score, minutes=0.2, in_tracks=arguments.quartet)
            ensemble.render_file(score, Path(folder) / "first.wav")
            start_wall, start_cpu = time.monotonic(), time.process_time()
        make_score(score, minutes=arguments.minutes, in_tracks=arguments.quartet)
        report = ensemble.render_file(score, Path(folder) / "score.wav")
    wall_s, cpu_s = time.monotonic() - start_wall, time.process_time() - start_cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    voices = sum(one.n_voices for _, _, one in report.players)
    print(
        f"{', '.join(names)}: {report.seconds:.0f} s of {voices} voices in {wall_s:.1f} s, "
        f"{report.seconds / wall_s:.1f} x real time; {cpu_s:.1f} CPU seconds; peak of the process "
        f"{peak_mb:.0f} MB"
    )


if __name__ == "__main__":
    main()
