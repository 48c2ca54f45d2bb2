"""Analyses many files at once, each in its own process, and stops cleanly."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from ddsp_tf.allocator import keep_freed_memory
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording_cache import RecordingCache
from ddsp_tf.data.sources import Example, source_for
from ddsp_tf.errors import AudioFileError, DatasetError, ScoreFileError
from ddsp_tf.features import Column
from ddsp_tf.files import printable

_MOST_WORKERS = 8  # Each holds TensorFlow and a whole recording in memory.

Job = tuple[str, Example]
"""SHA-256 of an example's files, and the example."""

Outcome = tuple[str, str | None]
"""That SHA-256, and why it failed, or None."""


@dataclass(frozen=True)
class Work:
    """What all jobs have in common.

    Attributes:
        cache_folder: Where the recordings go.
        settings: How to prepare them; their source is known.
        columns: What the dataset holds, by name.
    """

    cache_folder: Path
    settings: PrepareSettings
    columns: Mapping[str, Column]

    @property
    def cache(self) -> RecordingCache:
        """The recordings that are done."""
        return RecordingCache(self.cache_folder, self.settings, self.columns)


def choose_n_workers(n_jobs: int) -> int:
    """One worker a core, as long as there are files for them."""
    return max(1, min(n_jobs, os.cpu_count() or 1, _MOST_WORKERS))


def analyse_files(
    jobs: Sequence[Job],
    work: Work,
    *,
    n_workers: int,
    progress: Callable[[float, Example], None],
) -> Iterator[Outcome]:
    """Analyses examples into the cache, in any order.

    Args:
        jobs: The examples, longest first is fastest.
        work: How to prepare them, and where they go.
        n_workers: Processes; 1 works in this one.
        progress: Called within an example, with its share done; only when working in this process.

    Yields:
        `(digest, error)` for each job when it is done; error is None when it went well.

    Raises:
        DatasetError: A worker process died.
        OutputError: The cache can't be written.
    """
    if n_workers == 1:
        for digest, example in jobs:
            yield analyse_job(digest, example, work, progress)
        return
    yield from _in_processes(jobs, work, n_workers)


def _in_processes(jobs: Sequence[Job], work: Work, n_workers: int) -> Iterator[Outcome]:
    # Spawned, not forked: TensorFlow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_start_worker)
    try:
        futures: list[Future[Outcome]] = [
            executor.submit(analyse_job, digest, example, work) for digest, example in jobs
        ]
        for future in as_completed(futures):
            yield future.result()
        executor.shutdown()
    except BrokenProcessPool as error:
        raise DatasetError(
            "A worker process died, most likely for want of memory. Prepare again with fewer "
            "workers (`n_workers=1`); finished files are kept. In a script, call `prepare` "
            'under `if __name__ == "__main__":`.'
        ) from error
    finally:
        # After a Ctrl-C or an error nobody waits for the files in progress.
        workers = set(multiprocessing.active_children()) - before
        executor.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def analyse_job(
    digest: str,
    example: Example,
    work: Work,
    progress: Callable[[float, Example], None] | None = None,
) -> Outcome:
    """Analyses one example into the cache: what every engine does with every file."""
    within = None if progress is None else lambda share: progress(share, example)
    source = source_for(work.settings.source)
    try:
        recording = source.analyse(example, work.settings, work.columns, progress=within)
    except (AudioFileError, ScoreFileError) as error:
        return digest, str(error)
    except Exception as error:
        # One file must not end the work on all others.
        return digest, _unforeseen(example, error)
    work.cache.save(digest, recording)
    return digest, None


def _unforeseen(example: Example, error: Exception) -> str:
    reason = (str(error).strip() or "no message").splitlines()[0]
    return f"`{printable(example.audio)}` could not be analysed: {reason} ({type(error).__name__})."


def _start_worker() -> None:
    """Prepares a new process: no Ctrl-C of its own, one thread, no GPU, no life of its own."""
    # The parent receives the same Ctrl-C and ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread()
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def one_thread() -> None:
    """Lets this process compute by one thread, without a GPU, if it has computed nothing yet.

    Every process then sums in the same order, so that features are the same bit by bit.
    """
    import tensorflow as tf

    keep_freed_memory()
    # Once TensorFlow has computed, it can't be told any more; a process is told once.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        # Several processes cannot share one GPU's memory without asking.
        tf.config.set_visible_devices([], "GPU")


def _exit_with_parent() -> None:
    """Ends this process when the one that started it is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
