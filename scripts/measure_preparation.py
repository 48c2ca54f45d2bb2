"""Prepares many short files with one worker and with two, and says what each does in a second.

Writes `FILES` notes of half a second into a folder, prepares them with 1 and 2 processes, of one
thread each, and prints a table: files a second, what a worker does of that, and the most memory
that the process which was started and a worker had.

Example:
    python scripts/measure_preparation.py --files 10000
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np
import soundfile

_RATE = 16000
_SCRIPT = """
import resource, sys
from ddsp_tf.data import PrepareSettings, prepare
from ddsp_tf.data.worker_pool import one_thread
from ddsp_tf.features import FeatureSettings
if __name__ == "__main__":
    # More than one worker have a thread each; so one has one here.
    one_thread()
    columns = tuple(sys.argv[4].split(","))
    settings = PrepareSettings(features=FeatureSettings(columns=columns))
    prepare(sys.argv[1], sys.argv[2], settings=settings, n_workers=int(sys.argv[3]))
    most = [resource.getrusage(who).ru_maxrss for who in
            (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(*most)
"""


def write_notes(folder: Path, n_files: int) -> None:
    """Harmonic tones of half a second and another pitch and seed each."""
    folder.mkdir()
    time_s = np.arange(_RATE // 2) / _RATE
    for index in range(n_files):
        random = np.random.default_rng(index)
        f0_hz = random.uniform(80.0, 1000.0)
        tone = sum(np.sin(2 * np.pi * k * f0_hz * time_s) / k for k in range(1, 6))
        sound = 0.15 * tone + random.normal(0.0, 1e-3, len(time_s))
        soundfile.write(folder / f"note_{index:05d}.wav", sound, _RATE)


@click.command()
@click.option("--files", default=10_000)
@click.option("--workers", default="1,2", help="Numbers of processes, with commas between.")
@click.option("--columns", default="loudness_db", help="What is extracted.")
def main(files: int, workers: str, columns: str) -> None:
    """Measures files a second by the number of workers."""
    print(
        f"{'workers':>7} {'seconds':>8} {'files/s':>8} {'a worker':>8} {'MB':>6} {'MB worker':>9}"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_notes(folder / "notes", files)
        script = folder / "script.py"
        script.write_text(_SCRIPT, encoding="utf-8")
        for n_workers in map(int, workers.split(",")):
            arguments = [folder / "notes", folder / f"out_{n_workers}", n_workers, columns]
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, str(script), *map(str, arguments)],
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            seconds = time.perf_counter() - start
            own, children = (int(most) / 1e3 for most in done.stdout.split()[-2:])
            rate = files / seconds
            print(
                f"{n_workers:>7} {seconds:>8.1f} {rate:>8.1f} {rate / n_workers:>8.1f} "
                f"{own:>6.0f} {children:>9.0f}"
            )


if __name__ == "__main__":
    main()
