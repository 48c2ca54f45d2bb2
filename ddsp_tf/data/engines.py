"""Who analyses the files of a preparation: processes here, or an engine on many machines."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ddsp_tf.data.sources import Example
from ddsp_tf.data.worker_pool import (
    Job,
    Outcome,
    Work,
    analyse_files,
    analyse_job,
    choose_n_workers,
    one_thread,
)
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.files import write_text

ENGINES = ("local", "dask", "beam")
_ATTEMPTS = 3


@dataclass(frozen=True)
class Engine:
    """Who analyses; the same function makes the same recording of a file wherever it runs.

    Attributes:
        name: "local", processes of this machine; "dask" or "beam".
        scheduler: The address of a Dask scheduler, such as `tcp://host:8786`; None starts one
            here, with its workers.
        options: Of Beam's pipeline, such as `--runner=FlinkRunner`, as on its command line.

    Raises:
        ArgumentError: There is no such engine, or what is set belongs to another.
    """

    name: str = "local"
    scheduler: str | None = None
    options: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise ArgumentError(f"`engine` must be one of {ENGINES}, but is {self.name!r}.")
        if self.scheduler is not None and self.name != "dask":
            raise ArgumentError(f"`scheduler` is Dask's, but `engine` is {self.name!r}.")
        if self.options and self.name != "beam":
            raise ArgumentError(f"`options` are Beam's, but `engine` is {self.name!r}.")

    def require(self) -> None:
        """Checks that what it needs is installed.

        Raises:
            ArgumentError: It isn't; the message says how to install it.
        """
        module = {"dask": "distributed", "beam": "apache_beam"}.get(self.name)
        try:
            if module is not None:
                __import__(module)
        except ImportError as error:
            raise ArgumentError(
                f"`engine` is {self.name!r}, which isn't installed. Install it: "
                f'pip install "ddsp-tf[{self.name}]"'
            ) from error

    def analyse(
        self,
        jobs: Sequence[Job],
        work: Work,
        *,
        n_workers: int | None,
        progress: Callable[[float, Example], None],
    ) -> Iterator[Outcome]:
        """Analyses examples into the cache; see `worker_pool.analyse_files`."""
        n_workers = n_workers or choose_n_workers(len(jobs))
        if self.name == "local":
            yield from analyse_files(jobs, work, n_workers=n_workers, progress=progress)
        elif jobs:
            # Workers have folders of their own.
            jobs = [(digest, _absolute(example)) for digest, example in jobs]
            run = self._by_dask if self.name == "dask" else self._by_beam
            yield from run(jobs, work, n_workers)

    def _by_dask(self, jobs: Sequence[Job], work: Work, n_workers: int) -> Iterator[Outcome]:
        from distributed import Client, LocalCluster, as_completed
        from distributed.scheduler import KilledWorker

        try:
            where: Any = self.scheduler or LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=None
            )
            client = Client(where)
        except OSError as error:
            raise DatasetError(f"No Dask scheduler answers at `{self.scheduler}`.") from error
        try:
            futures = {
                client.submit(_analyse_elsewhere, job, work, pure=False, retries=_ATTEMPTS): job
                for job in jobs
            }
            for future in as_completed(futures):
                digest, example = futures[future]
                try:
                    yield future.result()
                except KilledWorker:
                    yield digest, f"`{example.audio}` killed {_ATTEMPTS} workers: too large?"
                # The scheduler forgets what nobody holds.
                future.release()
        finally:
            client.close()
            if self.scheduler is None:
                where.close()

    def _by_beam(self, jobs: Sequence[Job], work: Work, n_workers: int) -> Iterator[Outcome]:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions

        here = [
            "--runner=FnApiRunner",
            "--direct_running_mode=multi_processing",
            f"--direct_num_workers={n_workers}",
        ]
        options = PipelineOptions(list(self.options) or here)
        for digest, _ in jobs:
            _failure(work, digest).unlink(missing_ok=True)
        with beam.Pipeline(options=options) as pipeline:
            _ = (
                pipeline
                | "files" >> beam.Create(jobs)
                | "spread" >> beam.Reshuffle()
                | "analyse" >> beam.Map(_analyse_into_files, work)
            )
        for digest, example in jobs:
            failure = _failure(work, digest)
            if failure.exists():
                yield digest, failure.read_text(encoding="utf-8")
            elif work.cache.has(digest):
                yield digest, None
            else:
                raise DatasetError(
                    f"Beam's workers left nothing of `{example.audio}` in `{work.cache_folder}`, "
                    "a folder that all of them have to see."
                )


def _absolute(example: Example) -> Example:
    files = {kind: Path(os.path.abspath(path)) for kind, path in example.files.items()}
    return replace(example, files=files)


def _analyse_elsewhere(job: Job, work: Work) -> Outcome:
    one_thread()
    return analyse_job(*job, work)


def _analyse_into_files(job: Job, work: Work) -> str:
    """A pipeline's results stay where it runs; why a file failed is written beside the others."""
    digest, error = _analyse_elsewhere(job, work)
    if error is not None:
        write_text(_failure(work, digest), error, overwrite=True)
    return digest


def _failure(work: Work, digest: str) -> Path:
    return work.cache.path(digest).with_suffix(".failed")
