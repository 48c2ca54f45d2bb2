"""The kinds of source, and which of them a folder holds."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.sources.example import Example, Found
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import Column


class PrepareSource(Protocol):
    """Finds examples among files, and turns each into a recording.

    Attributes:
        name: What `PrepareSettings.source` calls it.
    """

    name: str

    def adapted(self, settings: PrepareSettings) -> PrepareSettings:
        """The settings with what is usual for it in place of what nobody chose."""
        ...

    def holds(self, paths: list[Path]) -> bool:
        """Whether these paths are meant for it."""
        ...

    def find(self, paths: list[Path]) -> Found:
        """Finds the examples; raises a DatasetError when there is none."""
        ...

    def columns(
        self, n_channels: Mapping[str, int], settings: PrepareSettings
    ) -> dict[str, Column]:
        """Describes what a dataset of it holds, given the channels of each kind of sound file."""
        ...

    def analyse(
        self,
        example: Example,
        settings: PrepareSettings,
        columns: Mapping[str, Column],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Recording:
        """Reads and measures one example.

        Raises an AudioFileError or a ScoreFileError when it is unusable.
        """
        ...

    def remarks(
        self, recordings: Mapping[str, Recording], settings: PrepareSettings
    ) -> tuple[str, ...]:
        """What its recordings make worth saying, a sentence or two each."""
        ...


@cache
def _sources() -> dict[str, PrepareSource]:
    # In the order in which a folder is asked; recordings are what is left.
    from ddsp_tf.data.sources.labelled import Labelled
    from ddsp_tf.data.sources.pairs import Pairs
    from ddsp_tf.data.sources.recordings import Recordings
    from ddsp_tf.data.sources.scores import Scores

    sources: tuple[PrepareSource, ...] = (Pairs(), Labelled(), Scores(), Recordings())
    return {source.name: source for source in sources}


def source_for(name: str) -> PrepareSource:
    """The source of a name.

    Raises:
        ArgumentError: There is none.
    """
    found = _sources().get(name)
    if found is None:
        raise ArgumentError(f"`source` must be one of {', '.join(_sources())}, not {name!r}.")
    return found


def find_examples(
    paths: list[Path], wanted: str, labels: tuple[str, ...] = ()
) -> tuple[str, Found]:
    """Finds out what some paths hold.

    Args:
        paths: Files and folders.
        wanted: A source's name, or "auto".
        labels: Which labels of described sounds are taken; none: what is usual.

    Returns:
        The source's name and what it found.

    Raises:
        DatasetError: There is nothing for it.
        ArgumentError: `labels` are asked for and the sounds aren't described.
    """
    from ddsp_tf.data.sources.labelled import Labelled

    name = wanted
    if wanted == "auto":
        name = next(name for name, source in _sources().items() if source.holds(paths))
    source = source_for(name)
    if isinstance(source, Labelled):
        return name, source.find(paths, labels)
    if labels:
        raise ArgumentError(
            f"`labels` are those of sounds that a metadata.csv describes. These are {name}."
        )
    return name, source.find(paths)
