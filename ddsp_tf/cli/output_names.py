"""Which output file each input gets, before any of them is made."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ddsp_tf.errors import ArgumentError, DatasetError, DdspError
from ddsp_tf.presets import MELODY

AUDIO_OUTPUTS = (".wav", ".flac")


@dataclass(frozen=True)
class Job:
    """One input and where its output goes.

    Attributes:
        source: The input file.
        target: The output file.
    """

    source: Path
    target: Path


@dataclass(frozen=True)
class Plan:
    """All that is to be done.

    Attributes:
        jobs: Inputs that were found, with outputs that differ from each other.
        failures: Why an argument led to no input, by argument.
        skipped: What folders hold beside audio files, a sentence each.
    """

    jobs: list[Job]
    failures: dict[str, str]
    skipped: tuple[str, ...] = ()


def plan_outputs(inputs: Sequence[str], output: Path | None, *, suffix: str | None) -> Plan:
    """Finds the inputs and names their outputs.

    A folder keeps its tree below the output folder; names that would collide get the suffix
    of their input, then a number: `take.wav` and `take.flac` become `take.wav.wav`, and so on.

    Args:
        inputs: Files, folders, or patterns such as `takes/*.wav`; `melody`, where nothing has that
            name, is the melody that ships with the package.
        output: A folder, or a file when there is one input. None: beside each input (the shipped
            melody: in the current folder), with `_transfer` added to its name.
        suffix: `.wav` or `.flac`; None takes the output's own, or `.wav`.

    Raises:
        ArgumentError: The output is a single file, but there are several inputs, or it has
            a suffix that can't be written.
    """
    found, failures = _find(inputs)
    is_file = output is not None and output.suffix != "" and not output.is_dir()
    if is_file and output is not None:
        if output.suffix.lower() not in AUDIO_OUTPUTS:
            raise ArgumentError(
                f"`{output}` should end in .wav or .flac, or be a folder (end it in `/`)."
            )
        if suffix is not None and output.suffix.lower() != suffix:
            raise ArgumentError(f"`{output}` contradicts --format {suffix[1:]}. Drop one of them.")
        if len(found) > 1 or len(inputs) > 1:
            raise ArgumentError(
                f"There are {max(len(found), len(inputs))} inputs, so the output `{output}` must "
                "be a folder."
            )
        if any(source.resolve() == output.resolve() for source, _ in found):
            raise ArgumentError(f"The output `{output}` is the input itself. Choose another name.")
        return Plan([Job(source, output) for source, _ in found], failures)
    suffix = suffix or ".wav"
    jobs: list[Job] = []
    # An input is never a target, not even with --overwrite.
    taken = {Path(os.path.abspath(source)) for source, _ in found}
    for source, relative in found:
        if output is None:
            folder = Path() if source == MELODY else source.parent
            stem = folder / f"{source.stem}_transfer"
        else:
            stem = output / relative.with_suffix("")
        target = _free_name(stem, source, suffix, taken)
        taken.add(Path(os.path.abspath(target)))
        jobs.append(Job(source, target))
    return Plan(jobs, failures)


def _find(inputs: Sequence[str]) -> tuple[list[tuple[Path, Path]], dict[str, str]]:
    """The input files with the path each keeps below the output folder, once each."""
    from ddsp_tf.audio import find_audio_files

    found: dict[Path, tuple[Path, Path]] = {}
    failures: dict[str, str] = {}
    for given in inputs:
        path = Path(given)
        if given == MELODY.stem and not path.exists():
            path = MELODY
        matches = [path]
        if not path.exists() and glob.has_magic(given):
            matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]
            if not matches:
                failures[given] = f"Nothing matches `{given}`."
        for match in matches:
            try:
                sources = find_audio_files(match)
            except DdspError as error:
                if match is path or not isinstance(error, DatasetError):
                    failures[str(match)] = str(error)
                continue
            for source in sources:
                relative = source.relative_to(match) if match.is_dir() else Path(source.name)
                found.setdefault(source.resolve(), (source, relative))
    return list(found.values()), failures


def _free_name(stem: Path, source: Path, suffix: str, taken: set[Path]) -> Path:
    names = [stem.name + suffix, stem.name + source.suffix + suffix]
    names += [f"{stem.name}_{number}{suffix}" for number in range(2, len(taken) + 3)]
    candidates = (stem.with_name(name) for name in names)
    return next(path for path in candidates if Path(os.path.abspath(path)) not in taken)
