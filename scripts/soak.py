"""Lets commands work for minutes or hours and says whether memory, file handles and threads stay.

    python scripts/soak.py --minutes 60
    python scripts/soak.py train stream --minutes 8 --at-once 2 --samples samples/

- `train`: one training that logs at each step, and validates and saves at every tenth.
- `prepare`, `transfer`: the command again and again in one process.
- `stream`: a live violin that is sent blocks of sound as fast as it plays them.
- `demo`: a page that is served, whose files are read whole, in parts, and broken off.

The clock starts when the first round is done; the first quarter of the time is warming up and not
judged. What is judged is the slope of the rest, the median of the slopes between all pairs of
samples (Theil and Sen). Memory isn't flat if it grows by more than `--limit` percent of itself in
an hour; handles and threads are not if they grow by half a one or more in the time that is judged.
Resident memory is that of the process and its children together. Exits with 1 if anything isn't
flat.
"""

import http.client
import itertools
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click
import numpy as np
import psutil
import soundfile
from scipy.stats import theilslopes

_QUANTITIES = ("MiB", "handles", "threads")
_START_S = 600.0
_REPEAT = """
import json, sys
from ddsp_tf.cli.main import cli
while True:
    cli.main(json.loads(sys.argv[1]), standalone_mode=False)
    print("round", file=sys.stderr, flush=True)
"""

Command = list[str]


@dataclass(frozen=True)
class Piece:
    """Something that works for long.

    Args:
        command: Folder with `recordings/` and `dataset/`, folder of its own -> what is started.
        rounds: Log of its stderr, folder of its own -> how much it has done.
        unit: Of what is done.
        feed: Keeps it busy from outside until it ends, adding to the number of rounds.
    """

    command: Callable[[Path, Path], Command]
    rounds: Callable[[Path, Path], int] = lambda log, _: log.read_text().count("round\n")
    unit: str = "rounds"
    feed: Callable[["subprocess.Popen[bytes]", Path, list[int]], None] | None = None


def _cli(*arguments: object) -> Command:
    return [sys.executable, "-m", "ddsp_tf", *map(str, arguments)]


def _repeated(*arguments: object) -> Command:
    return [sys.executable, "-c", _REPEAT, json.dumps([str(each) for each in arguments])]


def _train(shared: Path, own: Path) -> Command:
    bindings = (
        *("Schedule.validate_every=10", "Schedule.checkpoint_every=10"),
        *("Limits.num_steps=100000000", "RnnFcDecoder.rnn_channels=32"),
    )
    files = ("models/tiny_instrument.gin", "training/smoke_test.gin")
    return _cli(
        *("train", "--data", shared / "dataset", "--run", own / "run", "--quiet"),
        *(word for file in files for word in ("--gin-file", file)),
        *(word for binding in bindings for word in ("--gin-param", binding)),
    )


def _steps(_: Path, own: Path) -> int:
    path = own / "run" / "metrics.jsonl"
    return path.read_text().count("steps_per_s") if path.exists() else 0


def _prepare(shared: Path, own: Path) -> Command:
    where = (shared / "recordings", own / "dataset")
    return _repeated("prepare", *where, "--workers", 1, "--overwrite", "--quiet")


def _transfer(_: Path, own: Path) -> Command:
    return _repeated("transfer", "violin", "melody", "-o", f"{own}/out/", "--overwrite", "--quiet")


def _send_sound(process: "subprocess.Popen[bytes]", log: Path, rounds: list[int]) -> None:
    """A second of a tone that swells, again and again; what comes back is thrown away."""
    time_s = np.arange(16000) / 16000
    tone = 0.3 * np.sin(2 * np.pi * 440.0 * time_s) * np.sin(np.pi * time_s)
    second = (32767 * tone).astype("<i2").tobytes()
    pipe_in, pipe_out = process.stdin, process.stdout
    if pipe_in is None or pipe_out is None:
        raise ValueError("`process` needs pipes.")
    threading.Thread(target=_drain, args=(pipe_out, len(second), rounds), daemon=True).start()
    with suppress(BrokenPipeError, ValueError):
        while process.poll() is None:
            pipe_in.write(second)
            pipe_in.flush()


def _drain(pipe: IO[bytes], size: int, rounds: list[int]) -> None:
    while pipe.read(size):
        rounds[0] += 1


def _read_page(process: "subprocess.Popen[bytes]", log: Path, rounds: list[int]) -> None:
    """Reads files as browsers do: whole, in parts, and some that are broken off."""
    port = _port(process, log)
    names = ["/", "/index.html", "/nothing"]
    for number in itertools.count():
        if process.poll() is not None or port is None:
            return
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            part = {"Range": f"bytes={number % 100}-"} if number % 3 == 1 else {}
            connection.request("GET", names[number % len(names)], headers=part)
            answer = connection.getresponse()
            content = answer.read(100) if number % 5 == 4 else answer.read()
            connection.close()
            if number == 0:
                found = re.findall(rb'(?:src|href)="([^":#]+)"', content)
                names += sorted({f"/{name.decode()}" for name in found})
            rounds[0] += 1
        # So that what it measures is the server, not the sockets that the system still keeps.
        time.sleep(0.02)


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int | None:
    output = log.with_suffix(".out")
    while process.poll() is None:
        if found := re.search(r"127\.0\.0\.1:(\d+)", output.read_text()):
            return int(found[1])
        time.sleep(0.2)
    return None


PIECES = {
    "train": Piece(_train, _steps, "steps"),
    "prepare": Piece(_prepare, unit="datasets"),
    "transfer": Piece(_transfer, unit="files"),
    "stream": Piece(
        lambda *_: _cli("stream", "violin", "--quiet"), unit="seconds", feed=_send_sound
    ),
    "demo": Piece(
        lambda *_: _cli("demo", "violin", "--no-browser"), unit="requests", feed=_read_page
    ),
}


@dataclass(frozen=True)
class Soak:
    """What was seen.

    Args:
        samples: `[n, 4]`: seconds, resident MiB, file handles, threads.
        n_rounds: How much was done in the time.
        end_s: How long it took to end after SIGTERM.
    """

    samples: np.ndarray
    n_rounds: int
    end_s: float

    def judged(self) -> np.ndarray:
        """The samples after the first quarter of the time."""
        start_s = self.samples[0, 0] + 0.25 * np.ptp(self.samples[:, 0])
        return np.asarray(self.samples[self.samples[:, 0] >= start_s])

    def slopes(self) -> np.ndarray:
        """What each quantity grows by in an hour, `[3]`."""
        judged = self.judged()
        hours = judged[:, 0] / 3600.0
        return np.array([theilslopes(column, hours)[0] for column in judged[:, 1:].T])

    def problems(self, limit_percent: float) -> list[str]:
        """The quantities that aren't flat."""
        judged = self.judged()
        most = np.full(3, 0.5 / (np.ptp(judged[:, 0]) / 3600.0))
        most[0] = limit_percent / 100.0 * np.median(judged[:, 1])
        grows = self.slopes() > most
        return [name for name, each in zip(_QUANTITIES, grows, strict=True) if each]


def soak(name: str, shared: Path, own: Path, *, minutes: float, every_s: float) -> Soak:
    """Runs a piece for some minutes from its first round on, and watches it.

    Raises:
        RuntimeError: It ended by itself, or never did anything.
    """
    piece, log, fed = PIECES[name], own / "log.txt", [0]
    with _started(piece, shared, own, log) as process:
        if piece.feed is not None:
            threading.Thread(target=piece.feed, args=(process, log, fed), daemon=True).start()
        begun = time.monotonic()
        first, samples = None, []
        while first is None or time.monotonic() < first + 60.0 * minutes:
            time.sleep(every_s)
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}: {log.read_text()}")
            done = fed[0] if piece.feed else piece.rounds(log, own)
            if first is None and done:
                first, before = time.monotonic(), done
            elif first is not None:
                samples.append([time.monotonic() - first, *_sample(psutil.Process(process.pid))])
            elif time.monotonic() > begun + _START_S:
                raise RuntimeError(f"{name} did nothing in {_START_S:g} s: {log.read_text()}")
        n_rounds = (fed[0] if piece.feed else piece.rounds(log, own)) - before
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        return Soak(np.array(samples), n_rounds, time.monotonic() - begun)


@contextmanager
def _started(
    piece: Piece, shared: Path, own: Path, log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    own.mkdir()
    is_fed_by_pipe = piece.feed is _send_sound
    with log.open("wb") as errors, log.with_suffix(".out").open("wb") as output:
        process = subprocess.Popen(
            piece.command(shared, own),
            stdin=subprocess.PIPE if is_fed_by_pipe else subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_fed_by_pipe else output,
            stderr=errors,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def _sample(process: psutil.Process) -> list[float]:
    total = np.zeros(3)
    for each in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            memory = each.memory_info().rss / 2**20
            total += [memory, each.num_fds(), each.num_threads()]
    return total.tolist()


def _write_shared(folder: Path) -> None:
    """The shipped melody in pieces of two seconds, and a dataset of it."""
    from ddsp_tf.presets import MELODY

    recordings = folder / "recordings"
    recordings.mkdir()
    audio, rate = soundfile.read(MELODY)
    for index, start in enumerate(range(0, len(audio) - 2 * rate, 2 * rate)):
        soundfile.write(recordings / f"{index}.wav", audio[start : start + 2 * rate], rate)
    where = (recordings, folder / "dataset")
    subprocess.run(_cli("prepare", *where, "--eval-fraction", 0.3, "--quiet"), check=True)


@click.command()
@click.argument("pieces", nargs=-1, type=click.Choice(list(PIECES)))
@click.option("--minutes", default=10.0, help="For each, after its first round.")
@click.option("--at-once", default=1, help="How many work at the same time.")
@click.option("--every", "every_s", default=2.0, help="Seconds between samples.")
@click.option("--limit", "limit_percent", default=10.0, help="Percent of memory in an hour.")
@click.option("--samples", type=click.Path(path_type=Path), help="Folder for a CSV of each.")
def main(
    pieces: tuple[str, ...],
    minutes: float,
    at_once: int,
    every_s: float,
    limit_percent: float,
    samples: Path | None,
) -> None:
    """Watches PIECES (default: all) and exits with 1 if one of them isn't flat."""
    failed = []
    head = "min  done            MiB             MiB/h   handles  threads  SIGTERM"
    print(f"{'piece':<9} {head}", flush=True)
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(at_once) as pool:
        folder = Path(name)
        _write_shared(folder)

        def work(piece: str) -> tuple[str, Soak | RuntimeError]:
            try:
                return piece, soak(piece, folder, folder / piece, minutes=minutes, every_s=every_s)
            except RuntimeError as error:
                return piece, error

        for piece, seen in pool.map(work, pieces or PIECES):
            if isinstance(seen, RuntimeError):
                print(f"{piece:<9} {seen}", flush=True)
                failed.append(piece)
                continue
            problems = seen.problems(limit_percent)
            failed += [piece] if problems else []
            print(_row(piece, seen, problems), flush=True)
            if samples is not None:
                samples.mkdir(parents=True, exist_ok=True)
                header = ",".join(("s", *_QUANTITIES))
                path = samples / f"{piece}.csv"
                np.savetxt(path, seen.samples, "%.1f", ",", header=header, comments="")
    sys.exit(1 if failed else 0)


def _row(name: str, seen: Soak, problems: list[str]) -> str:
    judged = seen.judged()
    half = len(judged) // 2
    before, after = np.median(judged[:half], 0), np.median(judged[half:], 0)
    ranges = [f"{a:.0f}->{b:.0f}" for a, b in zip(before[1:], after[1:], strict=True)]
    done = f"{seen.n_rounds} {PIECES[name].unit}"
    return (
        f"{name:<9} {seen.samples[-1, 0] / 60:>3.0f}  {done:<14}  {ranges[0]:<14}  "
        f"{seen.slopes()[0]:>+5.0f}  {ranges[1]:>8} {ranges[2]:>8}  {seen.end_s:>5.1f} s  "
        f"{'not flat: ' + ', '.join(problems) if problems else 'flat'}"
    )


if __name__ == "__main__":
    main()
