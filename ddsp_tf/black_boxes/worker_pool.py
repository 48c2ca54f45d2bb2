"""Worker processes for effects: several sounds at once, and a crash that takes nothing with it."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddsp_tf.black_boxes.worker import read, write
from ddsp_tf.errors import BlackBoxError

_MOST_WORKERS = 8
_ATTEMPTS = 2
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from ddsp_tf.black_boxes.worker import main; main()"
)


@dataclass(frozen=True)
class Job:
    """A sound to be played by an effect, with each of some settings.

    Attributes:
        audio: Float32 `[n_samples, n_channels]`.
        points: For each time that it is played, whose effect plays ("forward", "plus" or "minus"),
            and the values of the parameters.
    """

    audio: np.ndarray
    points: Sequence[tuple[str, Mapping[str, float]]]


class WorkerPool:
    """Plays sounds through effects that run in processes of their own.

    Processes are started when they are needed, and end with this one, however it ends. A job whose
    worker dies, hangs or fails is done again by a new one; if that fails too, it is an error. A
    script needs no `if __name__ == "__main__":` for it.

    Args:
        effects: Names of effects, played one after the other.
        sample_rate: In Hz.
        n_workers: Processes, > 0; None: one a core, at most 8.
        timeout_s: A job that takes longer has failed, > 0. The first one loads the effect too.

    Example:
        >>> pool = WorkerPool(["ddsp_tf.black_boxes.numpy_compressor.compress"], sample_rate=16000)
        >>> loud = np.full([1600, 1], 0.5, np.float32)
        >>> (played,) = pool.play([Job(loud, [("forward", {"threshold_db": -20.0, "ratio": 4.0})])])
        >>> len(played), bool(played[0][-1, 0] < 0.2)
        (1, True)
        >>> pool.close()
    """

    def __init__(
        self,
        effects: Sequence[str],
        *,
        sample_rate: int,
        n_workers: int | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        n_workers = n_workers or max(1, min(os.cpu_count() or 1, _MOST_WORKERS))
        self._effects = list(effects)
        self._sample_rate, self._timeout_s = sample_rate, timeout_s
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="black_box")
        self._running: set[_Worker] = set()
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(n_workers):
            self._idle.put(None)
        self.close = weakref.finalize(self, _close, self._threads, self._running)
        """Ends all processes; at the end of the program it happens by itself."""

    @property
    def process_ids(self) -> list[int]:
        """Of the workers that run."""
        return [worker.process.pid for worker in list(self._running) if worker.is_running]

    def play(self, jobs: Iterable[Job]) -> list[list[np.ndarray]]:
        """Plays all jobs, several at once.

        Returns:
            For each job, for each of its points, audio of the shape of its audio.

        Raises:
            BlackBoxError: An effect can't be loaded, or has failed twice. It is named.
        """
        return list(self._threads.map(self._done, jobs))

    def _done(self, job: Job) -> list[np.ndarray]:
        worker = self._idle.get()
        try:
            for _ in range(_ATTEMPTS):
                if worker is None or not worker.is_running:
                    worker = self._in_place_of(worker)
                kind, answer = worker.do(job, self._sample_rate, self._timeout_s)
                if kind == "played":
                    return answer
                worker.end()
                if kind == "refused":
                    break
            raise self._error(kind, answer, job)
        finally:
            self._idle.put(worker)

    def _in_place_of(self, dead: "_Worker | None") -> "_Worker":
        if dead is not None:
            self._running.discard(dead)
            dead.end()
        worker = _Worker(self._effects)
        self._running.add(worker)
        return worker

    def _error(self, kind: str, answer: str, job: Job) -> BlackBoxError:
        names = ", ".join(f"`{effect}`" for effect in self._effects)
        if kind == "refused":
            return BlackBoxError(f"The black box {names} can't be played: {answer}")
        settings = " or ".join(dict.fromkeys(_listed(values) for _, values in job.points))
        n_samples, n_channels = job.audio.shape
        return BlackBoxError(
            f"The black box {names} failed, and again in a new process: {answer}. It had "
            f"{n_samples} samples of {n_channels} channels at {self._sample_rate} Hz; its "
            f"parameters were {settings}. Give parameters ranges that it can bear, or take another "
            "effect."
        )


class _Worker:
    """One process, and the pipes to it."""

    def __init__(self, effects: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, json.dumps(sys.path), *effects],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # Several workers share the cores.
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def do(self, job: Job, sample_rate: int, timeout_s: float) -> tuple[str, Any]:
        """Gives "played", "refused" or "failed", and sounds or the reason."""
        stdin, stdout = self.process.stdin, self.process.stdout
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(timeout_s, give_up)
        timer.daemon = True
        timer.start()
        try:
            write(stdin, (job.audio, sample_rate, list(job.points)))  # type: ignore[arg-type]
            return read(stdout)  # type: ignore[arg-type]
        except (EOFError, OSError):
            if late.is_set():
                return "failed", f"it did not answer for {timeout_s:g} s"
            return "failed", _ended_by(self.process.wait())
        finally:
            timer.cancel()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()  # type: ignore[union-attr]
            except OSError:
                continue  # what was still to be sent has nobody to go to


def _listed(values: Mapping[str, float]) -> str:
    return ", ".join(f"{key}={value:.6g}" for key, value in values.items())


def _ended_by(code: int) -> str:
    if code >= 0:
        return f"its process ended with the exit code {code}"
    try:
        return f"its process was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was ended by the signal {-code}"


def _close(threads: ThreadPoolExecutor, running: set[_Worker]) -> None:
    for worker in list(running):
        worker.end()
    running.clear()
    threads.shutdown(wait=False, cancel_futures=True)
