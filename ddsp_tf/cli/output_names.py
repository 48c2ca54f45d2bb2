"""Which output file each input gets, before any of them is made."""

import glob
import itertools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ddsp_tf.errors import ArgumentError, DatasetError, DdspError
from ddsp_tf.presets import MELODY

if TYPE_CHECKING:
    from ddsp_tf.audio.found_files import FoundFiles

_NUMBER = re.compile(r"_\d+$")


@dataclass(frozen=True)
class NamedOutput:
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
        outputs: Inputs that were found, with outputs that differ from each other.
        failures: Why an argument led to no input, by argument.
        earlier: What was left out of the inputs, as an earlier run wrote it.
        skipped: What folders hold beside audio files, a sentence each.
    """

    outputs: list[NamedOutput]
    failures: dict[str, str]
    earlier: tuple[Path, ...] = ()
    skipped: tuple[str, ...] = ()

    def describe_earlier(self) -> str:
        """Says what was left out, and how to have it nevertheless; empty if nothing was."""
        if not self.earlier:
            return ""
        count = f"{len(self.earlier)} file{'s' if len(self.earlier) > 1 else ''}"
        return (
            f"Left out {count} that an earlier run wrote, such as `{self.earlier[0]}`. To play "
            "one, name it alone."
        )


def plan_outputs(
    inputs: Sequence[str],
    output: Path | None,
    *,
    suffix: str | None,
    added: str = "_transfer",
    search: "Callable[[Path], FoundFiles] | None" = None,
    written: Sequence[str] = (".wav", ".flac"),
) -> Plan:
    """Finds the inputs and names their outputs.

    A folder keeps its tree below the output folder; names that would collide get the suffix
    of their input, then a number: `take.wav` and `take.flac` become `take.wav.wav`, and so on.

    What an earlier run wrote beside its inputs, or into an output folder among them, is no input
    of the next: all that lies in an output folder within the folder that is given, and what ddsp_tf
    wrote under a name that another input's output gets.

    Args:
        inputs: Files, folders, or patterns such as `takes/*.wav`; `melody`, where nothing has that
            name, is the melody that ships with the package.
        output: A folder, or a file when there is one input. None: beside each input (the shipped
            melody: in the current folder), with `added` at the end of its name.
        suffix: Of the outputs in a folder; None takes the output's own, or `.wav`.
        added: See `output`.
        search: Finds the input files at a path, and raises `DatasetError` where there are none; by
            default those of audio.
        written: The suffixes that an output file may have.

    Raises:
        ArgumentError: The output is a single file, but there are several inputs, or it has
            a suffix that can't be written.
    """
    skipped: list[str] = []
    found, failures = _find(inputs, output, skipped, search)
    is_file = output is not None and output.suffix != "" and not output.is_dir()
    if is_file and output is not None:
        if output.suffix.lower() not in written:
            raise ArgumentError(
                f"`{output}` should end in {' or '.join(written)}, or be a folder (end it in `/`)."
            )
        if suffix in (".wav", ".flac") and output.suffix.lower() != suffix:
            raise ArgumentError(f"`{output}` contradicts --format {suffix[1:]}. Drop one of them.")
        if len(found) > 1 or len(inputs) > 1:
            raise ArgumentError(
                f"There are {max(len(found), len(inputs))} inputs, so the output `{output}` must "
                "be a folder."
            )
        if any(source.resolve() == output.resolve() for source, _ in found):
            raise ArgumentError(f"The output `{output}` is the input itself. Choose another name.")
        return Plan([NamedOutput(source, output) for source, _ in found], failures)
    suffix = suffix or ".wav"
    stems = {source: _stem(source, relative, output, added) for source, relative in found}
    earlier = _written_earlier(stems, added)
    outputs: list[NamedOutput] = []
    # An input is never a target, not even with --overwrite.
    taken = {_absolute(source) for source in stems if source not in earlier}
    for source, stem in stems.items():
        if source in earlier:
            continue
        names = _names(stem, source, suffix, n_taken=len(taken))
        target = next(path for path in names if _absolute(path) not in taken)
        taken.add(_absolute(target))
        outputs.append(NamedOutput(source, target))
    return Plan(outputs, failures, tuple(earlier), tuple(skipped))


def _stem(source: Path, relative: Path, output: Path | None, added: str) -> Path:
    if output is not None:
        return output / relative.with_suffix("")
    folder = Path() if source == MELODY else source.parent
    return folder / f"{source.stem}{added}"


def _written_earlier(stems: Mapping[Path, Path], added: str) -> list[Path]:
    """Which inputs are another one's output, by their names and by what is written in them."""
    from ddsp_tf.audio.output import is_own_output

    givers: dict[Path, set[Path]] = {}
    for source, named in stems.items():
        for stem in (named, _stem(source, source, None, added)):
            for name in (stem.name, stem.name + source.suffix):
                givers.setdefault(_absolute(stem.with_name(name)), set()).add(source)
    earlier = []
    for source in stems:
        stem = _absolute(source.with_suffix(""))
        unnumbered = stem.with_name(_NUMBER.sub("", stem.name))
        others = (givers.get(stem, set()) | givers.get(unnumbered, set())) - {source}
        if others and is_own_output(source):
            earlier.append(source)
    return earlier


def _find(
    inputs: Sequence[str],
    output: Path | None,
    skipped: list[str],
    search: "Callable[[Path], FoundFiles] | None",
) -> tuple[list[tuple[Path, Path]], dict[str, str]]:
    """The input files with the path each keeps below the output folder, once each."""
    from ddsp_tf.audio import search_audio_files

    is_audio = search is None
    search_in = search or search_audio_files
    found: dict[Path, tuple[Path, Path]] = {}
    failures: dict[str, str] = {}
    for given in inputs:
        path = Path(given)
        if is_audio and given == MELODY.stem and not path.exists():
            path = MELODY
        matches, base = [path], path
        if not path.exists() and glob.has_magic(given):
            base = _plain_part(path)
            matches = [Path(match) for match in sorted(glob.glob(given, recursive=True))]
            if not matches:
                failures[given] = f"Nothing matches `{given}`."
        for match in matches:
            try:
                matched = search_in(match)
            except DdspError as error:
                if match is path or not isinstance(error, DatasetError):
                    failures[str(match)] = str(error)
                continue
            skipped += matched.skipped
            for source in _outside(matched.files, base, output):
                relative = source.relative_to(match) if match.is_dir() else Path(source.name)
                found.setdefault(source.resolve(), (source, relative))
    return list(found.values()), failures


def _plain_part(pattern: Path) -> Path:
    """The folder that all matches of a pattern lie in."""
    parts = itertools.takewhile(lambda part: not glob.has_magic(part), pattern.parts)
    return Path(*parts)


def _outside(sources: Sequence[Path], folder: Path, output: Path | None) -> Sequence[Path]:
    """Leaves out what lies in the output folder, if that is within the folder that was given."""
    if output is None:
        return sources
    inner, outer = output.resolve(), folder.resolve()
    if inner == outer or not inner.is_relative_to(outer):
        return sources
    return [source for source in sources if not source.resolve().is_relative_to(inner)]


def _names(stem: Path, source: Path, suffix: str, *, n_taken: int) -> list[Path]:
    """What an output may be called, the best name first."""
    names = [stem.name + suffix, stem.name + source.suffix + suffix]
    names += [f"{stem.name}_{number}{suffix}" for number in range(2, n_taken + 3)]
    return [stem.with_name(name) for name in names]


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))
