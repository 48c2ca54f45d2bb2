"""Recordings with labels: what they are, in a table beside them or by the folders they are in."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ddsp_tf.data.analysis import analyse_file
from ddsp_tf.data.labels import Labels
from ddsp_tf.data.metadata_files import Row, find_metadata, read_metadata
from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.data.sources.audio_names import name_files
from ddsp_tf.data.sources.example import Example, Found
from ddsp_tf.data.sources.sound_columns import sound_column
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Column, columns_of
from ddsp_tf.files import printable
from ddsp_tf.types import Signal

_RECORDING = "recording_id"
"""The label that says which sounds were cut out of one recording."""


class Labelled:
    """The columns of a recording, and a value for each label.

    Labels are those of `metadata.csv`, `metadata.jsonl` or NSynth's `examples.json`
    (`read_metadata`); without any of these, when it is asked for, `instrument` is the name of the
    folder that a file is in.
    """

    name = "labelled"

    def adapted(self, settings: PrepareSettings) -> PrepareSettings:
        """As they are."""
        return settings

    def holds(self, paths: list[Path]) -> bool:
        """Whether everything is described."""
        return bool(paths) and all(find_metadata(path) for path in paths)

    def find(self, paths: list[Path], wanted: tuple[str, ...] = ()) -> Found:
        """The files that are described.

        Args:
            paths: Folders.
            wanted: Which labels; see `Labels.of_rows`.

        Raises:
            DatasetError: No file is described, or a description is damaged.
        """
        rows: dict[str, Row] = {}
        files: dict[str, Path] = {}
        failed: dict[str, str] = {}
        for path in paths:
            described = find_metadata(path)
            known = (
                [pair for each in described for pair in read_metadata(each)]
                if described
                else _by_folders(path)
            )
            for file, row in known:
                name = _name(file, path, files)
                if not file.is_file():
                    failed[name] = f"`{printable(file)}` is described, but isn't there."
                    continue
                files[name], rows[name] = file, row
        if not files:
            raise DatasetError(
                "No sound that is described is there: "
                + (next(iter(failed.values())) if failed else "the folders are empty.")
            )
        labels = Labels.of_rows(rows, wanted)
        examples = {
            name: Example(name, {"audio": file}, labels.values[name])
            for name, file in files.items()
        }
        groups = {name: str(row[_RECORDING]) for name, row in rows.items() if _RECORDING in row}
        return Found(
            examples, failed, remarks=labels.left_out, labels=labels.classes, groups=groups
        )

    def columns(
        self, n_channels: Mapping[str, int], settings: PrepareSettings
    ) -> dict[str, Column]:
        """The sound, its features and the labels."""
        audio = sound_column("audio", n_channels, settings)
        known = {"audio": audio, **columns_of(settings.features)}
        taken = [label for label in settings.labels if label in known]
        if taken:
            raise DatasetError(
                f"A label is called `{taken[0]}` as a column of the dataset is. Give it another "
                f"name: --labels NEW={taken[0]}."
            )
        return known | {label: Column(label, Signal("value")) for label in settings.labels}

    def analyse(
        self,
        example: Example,
        settings: PrepareSettings,
        columns: Mapping[str, Column],
        *,
        progress: Callable[[float], None] | None = None,
    ) -> Recording:
        """Analyses the recording, and adds its labels."""
        recording = analyse_file(
            example.audio, settings, n_channels=columns["audio"].width, progress=progress
        )
        values = {label: np.array([value], np.float32) for label, value in example.labels.items()}
        return replace(recording, events=values)

    def remarks(
        self, recordings: Mapping[str, Recording], settings: PrepareSettings
    ) -> tuple[str, ...]:
        """None beyond the warnings that all datasets get."""
        return ()


def _by_folders(path: Path) -> list[tuple[Path, Row]]:
    files = name_files([path])
    return [(file, {"instrument": file.parent.name}) for file in files.values()]


def _name(file: Path, path: Path, taken: Mapping[str, Path]) -> str:
    """The path below the folder, with the folder's name if that is taken."""
    name = printable(file.relative_to(path).as_posix() if file.is_relative_to(path) else file.name)
    return name if name not in taken else f"{printable(path.resolve().name)}/{name}"
