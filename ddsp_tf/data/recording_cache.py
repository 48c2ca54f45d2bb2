"""Finished recordings on disk, so that an interrupted preparation goes on where it was."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Column, Features
from ddsp_tf.files import atomic_file

_VERSION = 2
_DESCRIPTION = "description of it all"  # No column can be called so.


class RecordingCache:
    """A folder with one file for each recording, named after its content and the settings.

    Args:
        folder: Where the files lie; created when the first is written.
        settings: Recordings prepared with other settings are other entries. The split is
            no part of them, so a change of it alone costs nothing.
        columns: What the dataset holds, by name; those of other columns are other entries too.
    """

    def __init__(
        self, folder: Path, settings: PrepareSettings, columns: Mapping[str, Column]
    ) -> None:
        self.folder = folder
        values = settings.to_dict()
        for unrelated in ("eval_fraction", "split_by", "guard_s"):
            del values[unrelated]
        described = [column.to_dict() for column in columns.values()]
        text = json.dumps([_VERSION, values, described], sort_keys=True)
        self._settings_key = hashlib.sha256(text.encode()).hexdigest()[:16]

    def path(self, digest: str) -> Path:
        """Where the recording of a file with this SHA-256 lies, or would."""
        return self.folder / f"{digest[:32]}-{self._settings_key}.npz"

    def save(self, digest: str, recording: Recording) -> None:
        """Stores a recording, whole or not at all."""
        description = {
            "segments": recording.segments,
            "measures": recording.measures,
            "source": recording.source,
            "n_frames": recording.n_frames,
            "features": list(recording.features),
            "rows": {name: recording.features.rows(name) for name in recording.features},
            "samples": list(recording.samples),
            "events": list(recording.events),
        }
        arrays: dict[str, Any] = {
            _DESCRIPTION: np.array(json.dumps(description)),
            **dict(recording.features),
            **recording.samples,
            **recording.events,
        }
        with atomic_file(self.path(digest), overwrite=True) as temporary:
            np.savez(temporary, **arrays)

    def has(self, digest: str) -> bool:
        """Whether a whole recording with this SHA-256 is there."""
        try:
            self.load(digest)
        except DatasetError:
            return False
        return True

    def load(self, digest: str) -> Recording:
        """Returns a stored recording.

        Raises:
            DatasetError: There is none, or it is damaged.
        """
        try:
            with np.load(self.path(digest), allow_pickle=False) as stored:
                description = json.loads(str(stored[_DESCRIPTION]))
                samples = {name: stored[name] for name in description["samples"]}
                events = {name: stored[name] for name in description["events"]}
                columns = {name: stored[name] for name in description["features"]}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DatasetError(
                f"`{self.path(digest)}` is missing or damaged. Prepare the dataset again."
            ) from error
        return Recording(
            n_frames=description["n_frames"],
            features=Features.from_columns(columns, rows=description["rows"]),
            segments=[(int(first), int(end)) for first, end in description["segments"]],
            measures=description["measures"],
            source=description["source"],
            samples=samples,
            events=events,
        )
