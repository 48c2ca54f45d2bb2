"""Finished recordings on disk, so that an interrupted preparation goes on where it was."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

from ddsp_tf.data.prepare_settings import PrepareSettings
from ddsp_tf.data.recording import Recording
from ddsp_tf.errors import DatasetError
from ddsp_tf.features import Features
from ddsp_tf.files import atomic_file

_VERSION = 1
_ARRAYS = ("f0_hz", "f0_confidence", "loudness_db")


class RecordingCache:
    """A folder with one file for each recording, named after its content and the settings.

    Args:
        folder: Where the files lie; created when the first is written.
        settings: Recordings prepared with other settings are other entries. The split is
            no part of them, so a change of it alone costs nothing.
    """

    def __init__(self, folder: Path, settings: PrepareSettings) -> None:
        self.folder = folder
        values = settings.to_dict()
        for unrelated in ("eval_fraction", "split_by", "guard_s"):
            del values[unrelated]
        text = json.dumps([_VERSION, values], sort_keys=True)
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
        }
        arrays = {name: getattr(recording.features, name) for name in _ARRAYS}
        with atomic_file(self.path(digest), overwrite=True) as temporary:
            np.savez(
                temporary,
                pcm=recording.pcm,
                description=np.array(json.dumps(description)),
                **arrays,
            )

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
                description = json.loads(str(stored["description"]))
                features = Features(**{name: stored[name] for name in _ARRAYS})
                pcm = stored["pcm"]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DatasetError(
                f"`{self.path(digest)}` is missing or damaged. Prepare the dataset again."
            ) from error
        segments = [(int(first), int(end)) for first, end in description["segments"]]
        return Recording(pcm, features, segments, description["measures"], description["source"])
