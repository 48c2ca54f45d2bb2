"""Sounds that something else made of the same recordings, to be measured beside an instrument."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ddsp_tf.errors import AudioFileError, DatasetError

if TYPE_CHECKING:
    from ddsp_tf.features import Features

_MAY_LACK_S = 0.5


class SoundFolder:
    """A folder of audio files, each named after the recording that it imitates.

    A file for the recording `takes/one.flac` is `takes/one` with the suffix of any audio format.
    Use it as the `play` of `measure`.

    Args:
        path: The folder.
        sample_rate: To resample to, in Hz.

    Raises:
        DatasetError: There is no folder, or it holds no audio file.
    """

    def __init__(self, path: str | os.PathLike[str], *, sample_rate: int) -> None:
        from ddsp_tf.audio import find_audio_files

        self.path = Path(path)
        self.sample_rate = sample_rate
        if not self.path.is_dir():
            raise DatasetError(f"There is no folder `{self.path}` to compare with.")
        found = find_audio_files(self.path)
        self._files = {
            file.relative_to(self.path).with_suffix("").as_posix(): file for file in found
        }

    def __call__(
        self, key: str, audio: np.ndarray, features: "Features | None" = None
    ) -> np.ndarray | None:
        """Reads the version of a recording, cut to its length.

        Args:
            key: The recording's name without suffix.
            audio: The recording.
            features: Of it; not used.

        Returns:
            float32 `[n_samples]`, or None if there is no file of that name.

        Raises:
            AudioFileError: The file is damaged, or more than half a second too short.
        """
        from ddsp_tf.audio import read_audio

        if key not in self._files:
            return None
        sound, _ = read_audio(self._files[key], sample_rate=self.sample_rate)
        missing = len(audio) - len(sound)
        if missing > _MAY_LACK_S * self.sample_rate:
            raise AudioFileError(
                f"`{self._files[key]}` lasts {len(sound) / self.sample_rate:.1f} s, the recording "
                f"`{key}` {len(audio) / self.sample_rate:.1f} s. It must be as long as what it is "
                "compared with."
            )
        return np.pad(sound, (0, max(0, missing)))[: len(audio)]

    def __contains__(self, key: str) -> bool:
        """Whether there is a file of this name."""
        return key in self._files

    def check_has_any(self, keys: Sequence[str]) -> None:
        """Refuses a folder without a single file for these recordings.

        Raises:
            DatasetError: No file is named after any of them.
        """
        if not any(key in self for key in keys):
            raise DatasetError(
                f"No file in `{self.path}` is named after a recording. Expected for example "
                f"`{keys[0]}.wav`, found `{next(iter(self._files.values())).name}`."
            )
