"""From a folder of recordings to a dataset that training can read."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ddsp_tf.audio.audio_files import AudioInfo, audio_info
from ddsp_tf.data.analysis import file_digest
from ddsp_tf.data.common_level import at_gain, common_gain_db, gain_remarks
from ddsp_tf.data.dataset_writer import DATASET, write_dataset
from ddsp_tf.data.duplicates import same_sound
from ddsp_tf.data.engines import Engine
from ddsp_tf.data.prepare_report import PrepareReport
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.public_records import unpack_records
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.remote import fetch, is_remote, require_free, send
from ddsp_tf.data.sources import Example, find_examples, source_for
from ddsp_tf.data.sources.example import Found
from ddsp_tf.data.worker_pool import Job, Work
from ddsp_tf.errors import ArgumentError, AudioFileError, DatasetError
from ddsp_tf.features import Column, columns_of
from ddsp_tf.files import check_folder
from ddsp_tf.types import NamedProgress, PathLike, no_progress

_MOST_REMARKS = 20


@dataclass
class _Collection:
    """The examples of a preparation by their names in the dataset, and what became of them."""

    examples: dict[str, Example]
    digests: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    n_channels: dict[str, dict[str, int]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> list[str]:
        """Names that are still in, sorted."""
        return sorted(set(self.examples) - set(self.failed) - set(self.duplicates))


def prepare(
    input_paths: PathLike | Iterable[PathLike],
    output: PathLike,
    *,
    settings: PrepareSettings | None = None,
    n_workers: int | None = None,
    engine: Engine | None = None,
    overwrite: bool = False,
    progress: NamedProgress | None = None,
) -> PrepareReport:
    """Makes a dataset of sounds: features, silence removal, split, shards and a report.

    The dataset appears whole or not at all. An interrupted preparation goes on where it was
    when it is called again: finished files wait in the hidden folder `.NAME.partial` beside the
    output, which is removed at the end. Bad files are left out and listed in the report.

    Args:
        input_paths: Audio files, or folders that are searched for them, here or at an address such
            as `s3://bucket/takes` (fsspec's); one folder with the folders `dry` and `wet`; or a
            public data set: TFRecords (`unpack_records`), or folders with a `metadata.csv`. Which
            source they are is found out, or told by `settings.source`.
        output: The dataset's folder, or an address where it goes once it is finished.
        settings: What is extracted and how it is split; None takes the defaults.
        n_workers: Processes; None takes one a core (8 at most), 1 works in this process. In a
            script more than one needs `if __name__ == "__main__":`.
        engine: Who analyses the files; None: processes of this machine.
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
    if n_workers is not None and n_workers < 1:
        raise ArgumentError(f"`n_workers` must be at least 1, not {n_workers}.")
    engine = engine or Engine()
    engine.require()
    if is_remote(output):
        return _prepare_for(str(output), input_paths, settings, n_workers, engine, overwrite, tell)
    output = Path(os.path.abspath(output))
    _check_output(output, overwrite=overwrite)
    columns_of(settings.features)  # Complains of unknown ones before any work.
    partial = output.parent / f".{output.name}.partial"
    paths, lost, addresses = fetch(_listed(input_paths), partial / "fetched")
    unpacked = unpack_records(paths, partial / "unpacked")
    name, found = find_examples(unpacked.paths, settings.source, settings.labels)
    settings = replace(settings, source=name, labels=tuple(found.labels))
    settings = source_for(name).adapted(settings)
    files = _Collection(found.examples, failed={**found.failed, **lost, **unpacked.failed})
    _identify(files)
    columns = _columns(files, settings)
    work = Work(partial, settings, columns)
    _analyse_all(files, work, engine, n_workers=n_workers, tell=tell)
    files.failed = {name: _told(error, addresses) for name, error in files.failed.items()}
    report = _write(files, work, output, found, overwrite=overwrite, tell=tell)
    shutil.rmtree(partial, ignore_errors=True)
    tell(1.0, "done")
    return report


def _prepare_for(
    url: str,
    input_paths: PathLike | Iterable[PathLike],
    settings: PrepareSettings,
    n_workers: int | None,
    engine: Engine,
    overwrite: bool,
    tell: NamedProgress,
) -> PrepareReport:
    """Prepares beside where this runs, and sends what is finished to an address."""
    require_free(url, overwrite=overwrite)
    name = PurePosixPath(url.rstrip("/")).name
    folder = Path(os.path.abspath(f".{name}.sending"))
    folder.mkdir(exist_ok=True)
    report = prepare(
        input_paths,
        folder / name,
        settings=settings,
        n_workers=n_workers,
        engine=engine,
        overwrite=True,
        progress=tell,
    )
    send(folder / name, url)
    shutil.rmtree(folder, ignore_errors=True)
    return report


def _listed(input_paths: PathLike | Iterable[PathLike]) -> list[PathLike]:
    return [input_paths] if isinstance(input_paths, str | os.PathLike) else list(input_paths)


def _told(error: str, addresses: Mapping[str, str]) -> str:
    """An error with the addresses of files in place of their copies."""
    for copy, address in addresses.items():
        if copy in error:
            return error.replace(copy, address)
    return error


def _check_output(output: Path, *, overwrite: bool) -> None:
    check_folder(output, sort=DATASET, overwrite=overwrite)


def _identify(files: _Collection) -> None:
    first_names: dict[str, str] = {}
    for name in sorted(set(files.examples) - set(files.failed)):
        try:
            digest = _digest(files.examples[name])
            infos = _infos(files.examples[name])
        except AudioFileError as error:
            files.failed[name] = str(error)
            continue
        files.seconds[name] = infos["audio"].seconds
        files.n_channels[name] = {kind: info.n_channels for kind, info in infos.items()}
        files.digests[name] = digest
        if digest in first_names:
            files.duplicates[name] = first_names[digest]
        first_names.setdefault(digest, name)


def _digest(example: Example) -> str:
    """SHA-256 of a file's content, or of those of all its files."""
    digests = [file_digest(path) for _, path in sorted(example.files.items())]
    if example.labels:
        digests.append(json.dumps(dict(example.labels), sort_keys=True))
    return (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    )


def _infos(example: Example) -> dict[str, AudioInfo]:
    return {kind: audio_info(path) for kind, path in example.files.items() if kind != "score"}


def _columns(files: _Collection, settings: PrepareSettings) -> dict[str, Column]:
    """What the dataset will hold; leaves out sounds whose channels don't fit the others'."""
    most: dict[str, int] = {}
    for name in files.good:
        for kind, count in files.n_channels[name].items():
            most[kind] = max(most.get(kind, 1), count)
    if settings.channels == "keep":
        for name in files.good:
            for kind, count in files.n_channels[name].items():
                if count not in (1, most[kind]):
                    files.failed[name] = (
                        f"`{files.examples[name].files[kind]}` has {count} channels, others have "
                        f"{most[kind]}. Prepare them apart, or mix down: "
                        'PrepareSettings.channels="mono".'
                    )
    if not files.good:
        raise DatasetError(_nothing_usable(files))
    return source_for(settings.source).columns(most, settings)


def _analyse_all(
    files: _Collection, work: Work, engine: Engine, *, n_workers: int | None, tell: NamedProgress
) -> None:
    names = {files.digests[name]: name for name in files.good}
    total = sum(files.seconds[name] for name in names.values()) or 1.0
    waiting = [name for digest, name in names.items() if not work.cache.has(digest)]
    # The longest first, so that no worker is left alone with it at the end.
    waiting.sort(key=lambda name: -files.seconds[name])
    jobs: list[Job] = [(files.digests[name], files.examples[name]) for name in waiting]
    done = total - sum(files.seconds[name] for name in waiting)

    def within(share: float, example: Example) -> None:
        tell((done + share * files.seconds[example.name]) / total, example.name)

    tell(done / total, "analysing")
    for digest, error in engine.analyse(jobs, work, n_workers=n_workers, progress=within):
        name = names[digest]
        if error is not None:
            files.failed[name] = error
        done += files.seconds[name]
        tell(done / total, name)


def _write(
    files: _Collection,
    work: Work,
    output: Path,
    found: Found,
    *,
    overwrite: bool,
    tell: NamedProgress,
) -> PrepareReport:
    if not files.good:
        raise DatasetError(_nothing_usable(files))
    tell(1.0, "writing")
    cache = work.cache
    without_sound = {name: cache.load(files.digests[name]).without_sound() for name in files.good}
    if "dry" not in work.columns:  # One dry sound may go through many effects.
        files.duplicates.update(same_sound(without_sound))
    kept = {name: without_sound[name] for name in files.good}
    gain_db = common_gain_db(kept.values())
    of_source = source_for(work.settings.source).remarks(kept, work.settings)
    return write_dataset(
        output,
        {name: at_gain(recording, gain_db, work.columns) for name, recording in kept.items()},
        settings=work.settings,
        columns=work.columns,
        load=lambda name: at_gain(cache.load(files.digests[name]), gain_db, work.columns),
        digests=files.digests,
        failed=files.failed,
        duplicates=files.duplicates,
        overwrite=overwrite,
        labels=found.labels,
        groups=found.groups,
        remarks=(*found.remarks, *of_source, *gain_remarks(kept, gain_db), *_remarks(kept)),
        skipped=found.skipped,
    )


def _remarks(recordings: Mapping[str, Recording]) -> list[str]:
    """What was unusual about files and was dealt with."""
    all_of = [
        f"`{name}` {remark}"
        for name, recording in recordings.items()
        for remark in recording.source.get("remarks", ())
    ]
    n_more = len(all_of) - _MOST_REMARKS
    more = [f"{n_more} more of the kind; dataset.json lists them."] if n_more > 0 else []
    return all_of[:_MOST_REMARKS] + more


def _nothing_usable(files: _Collection) -> str:
    shown = [f"  {error}" for error in list(files.failed.values())[:10]]
    more = len(files.failed) - len(shown)
    rest = [f"  and {more} more"] if more > 0 else []
    return "\n".join([f"None of the {len(files.failed)} audio files is usable:", *shown, *rest])
