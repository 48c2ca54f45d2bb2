"""From a folder of recordings to a dataset that training can read."""

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ddsp_tf.audio.audio_files import audio_info, find_audio_files
from ddsp_tf.data.analysis import file_digest
from ddsp_tf.data.dataset_writer import DATASET, write_dataset
from ddsp_tf.data.duplicates import same_sound
from ddsp_tf.data.prepare_report import PrepareReport
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.recording_cache import RecordingCache
from ddsp_tf.data.worker_pool import Job, analyse_files, choose_n_workers
from ddsp_tf.errors import ArgumentError, AudioFileError, DatasetError
from ddsp_tf.files import check_folder
from ddsp_tf.types import NamedProgress, PathLike, no_progress


@dataclass
class _Collection:
    """The files of a preparation by their names in the dataset, and what became of them."""

    paths: dict[str, Path]
    digests: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> list[str]:
        """Names that are still in, sorted."""
        return sorted(set(self.paths) - set(self.failed) - set(self.duplicates))


def prepare(
    input_paths: PathLike | Iterable[PathLike],
    output: PathLike,
    *,
    settings: PrepareSettings | None = None,
    n_workers: int | None = None,
    overwrite: bool = False,
    progress: NamedProgress | None = None,
) -> PrepareReport:
    """Makes a dataset of recordings: features, silence removal, split, shards and a report.

    The dataset appears whole or not at all. An interrupted preparation goes on where it was
    when it is called again: finished files wait in the hidden folder `.NAME.partial` beside the
    output, which is removed at the end. Bad files are left out and listed in the report.

    Args:
        input_paths: Audio files, or folders that are searched for them.
        output: The dataset's folder.
        settings: What is extracted and how it is split; None takes the defaults.
        n_workers: Processes; None takes one a core (8 at most), 1 works in this process. In a
            script more than one needs `if __name__ == "__main__":`.
        overwrite: Whether an existing dataset at `output` may be replaced.
        progress: Called with the share done, 0 to 1, and the name of the file.

    Returns:
        The report; it has also been written into the dataset as text and picture.

    Raises:
        DatasetError: There is no audio file, or not one usable.
        OutputError: `output` exists, or can't be written.

    Example:
        >>> report = prepare("recordings/", "dataset/", n_workers=1)
        >>> print(report.text())
        Dataset dataset: 6 s of recordings in 3 files
        ...
    """
    settings = settings or PrepareSettings()
    tell = progress or no_progress
    output = Path(os.path.abspath(output))
    if n_workers is not None and n_workers < 1:
        raise ArgumentError(f"`n_workers` must be at least 1, not {n_workers}.")
    _check_output(output, overwrite=overwrite)
    files = _Collection(name_files(input_paths))
    partial = output.parent / f".{output.name}.partial"
    _identify(files)
    _analyse_all(files, partial, settings, n_workers=n_workers, tell=tell)
    cache = RecordingCache(partial, settings)
    report = _write(files, cache, settings, output, overwrite=overwrite, tell=tell)
    shutil.rmtree(partial, ignore_errors=True)
    tell(1.0, "done")
    return report


def name_files(input_paths: PathLike | Iterable[PathLike]) -> dict[str, Path]:
    """Finds the audio files and names each by its path below the folder given.

    Raises:
        DatasetError: A path is missing, or there is no audio file.
    """
    if isinstance(input_paths, str | os.PathLike):
        input_paths = [input_paths]
    named: dict[str, Path] = {}
    seen: set[Path] = set()
    for given in map(Path, input_paths):
        for found in find_audio_files(given):
            if found.resolve() in seen:
                continue
            seen.add(found.resolve())
            named[_unused_name(found, given, named)] = found
    if not named:
        raise DatasetError("`input_paths` is empty. Name at least one audio file or folder.")
    return named


def _unused_name(found: Path, given: Path, named: Mapping[str, Path]) -> str:
    """The path below the folder given, with as many folders above it as tell it from others."""
    folder = found.parent if given.is_file() else given
    name = found.relative_to(folder).as_posix()
    for above in folder.resolve().parts[::-1]:
        if name not in named:
            break
        name = f"{above.strip('/')}/{name}"
    return name


def _check_output(output: Path, *, overwrite: bool) -> None:
    check_folder(output, sort=DATASET, overwrite=overwrite)


def _identify(files: _Collection) -> None:
    first_names: dict[str, str] = {}
    for name in sorted(files.paths):
        try:
            digest = file_digest(files.paths[name])
            files.seconds[name] = audio_info(files.paths[name]).seconds
        except AudioFileError as error:
            files.failed[name] = str(error)
            continue
        files.digests[name] = digest
        if digest in first_names:
            files.duplicates[name] = first_names[digest]
        first_names.setdefault(digest, name)


def _analyse_all(
    files: _Collection,
    partial: Path,
    settings: PrepareSettings,
    *,
    n_workers: int | None,
    tell: NamedProgress,
) -> None:
    cache = RecordingCache(partial, settings)
    names = {files.digests[name]: name for name in files.good}
    total = sum(files.seconds[name] for name in names.values()) or 1.0
    waiting = [name for digest, name in names.items() if not cache.has(digest)]
    # The longest first, so that no worker is left alone with it at the end.
    waiting.sort(key=lambda name: -files.seconds[name])
    jobs: list[Job] = [(files.digests[name], files.paths[name]) for name in waiting]
    done = total - sum(files.seconds[name] for name in waiting)
    by_path = {files.paths[name]: name for name in waiting}

    def within_file(share: float, path: Path) -> None:
        name = by_path[path]
        tell((done + share * files.seconds[name]) / total, name)

    tell(done / total, "analysing")
    for digest, error in analyse_files(
        jobs,
        partial,
        settings,
        n_workers=n_workers or choose_n_workers(len(jobs)),
        progress=within_file,
    ):
        name = names[digest]
        if error is not None:
            files.failed[name] = error
        done += files.seconds[name]
        tell(done / total, name)


def _write(
    files: _Collection,
    cache: RecordingCache,
    settings: PrepareSettings,
    output: Path,
    *,
    overwrite: bool,
    tell: NamedProgress,
) -> PrepareReport:
    if not files.good:
        raise DatasetError(_nothing_usable(files))
    tell(1.0, "writing")
    without_audio = {name: _without_audio(cache, files.digests[name]) for name in files.good}
    files.duplicates.update(same_sound(without_audio))
    kept = {name: without_audio[name] for name in files.good}
    return write_dataset(
        output,
        kept,
        settings=settings,
        load=lambda name: cache.load(files.digests[name]),
        digests=files.digests,
        failed=files.failed,
        duplicates=files.duplicates,
        overwrite=overwrite,
    )


def _without_audio(cache: RecordingCache, digest: str) -> Recording:
    recording = cache.load(digest)
    return Recording(
        np.zeros(0, np.int16),
        recording.features,
        recording.segments,
        recording.measures,
        recording.source,
    )


def _nothing_usable(files: _Collection) -> str:
    shown = [f"  {error}" for error in list(files.failed.values())[:10]]
    more = len(files.failed) - len(shown)
    rest = [f"  and {more} more"] if more > 0 else []
    return "\n".join([f"None of the {len(files.failed)} audio files is usable:", *shown, *rest])
