"""Recordings of single notes, as what a polyphonic model is trained on."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.types import Float32Array, PathLike, Signal

_NAME = re.compile(r"(?P<key>\d{1,3})_(?P<dynamic>[A-Za-z]+)")
_VELOCITIES = {"PP": 0.25, "P": 0.35, "MP": 0.5, "MF": 0.63, "F": 0.8, "FF": 0.95}
_AUDIBLE = 0.02


class NoteRecordings:
    """Generates examples of one recorded note each, for `data.Generated`.

    Files are named by key and dynamic, such as `060_MF.flac`, and hold one note. Each example
    begins with the note, in a voice by chance; the others are silent. Sounds shorter than an
    example are followed by silence. The columns are `audio` and those of `midi.allocate_voices`.

    Args:
        folder: Where the files are.
        keys: MIDI numbers of those that are taken; None: all.
        dynamics: Dynamics of those that are taken; None: all.
        n_voices: Of the model.

    Raises:
        DatasetError: The folder isn't there, or holds none of the notes that are asked for.
        ArgumentError: There is no voice.

    Example:
        >>> NoteRecordings("notes/", n_voices=2)
        Traceback (most recent call last):
        ddsp_tf.errors.DatasetError: There is no folder `notes`. Name one with files such as ...
    """

    def __init__(
        self,
        folder: PathLike,
        *,
        keys: Sequence[int] | None = None,
        dynamics: Sequence[str] | None = None,
        n_voices: int = 1,
    ) -> None:
        if n_voices < 1:
            raise ArgumentError(f"`n_voices` should be at least 1. Received {n_voices}.")
        folder = Path(folder)
        if not folder.is_dir():
            raise DatasetError(
                f"There is no folder `{folder}`. Name one with files such as `060_MF.flac`."
            )
        self.n_voices = n_voices
        self.files = {
            (key, dynamic): path
            for path in sorted(folder.iterdir())
            for key, dynamic in _named(path)
            if (keys is None or key in keys) and (dynamics is None or dynamic in dynamics)
        }
        missing = sorted(set(keys or ()) - {key for key, _ in self.files})
        if missing or not self.files:
            listed = ", ".join(map(str, missing)) or "any"
            raise DatasetError(
                f"`{folder}` holds no recording of {listed} such as `060_MF.flac`, of the dynamics "
                f"{', '.join(dynamics or _VELOCITIES)}."
            )
        self._sounds: dict[tuple[int, str, int], Float32Array] = {}

    @property
    def signals(self) -> Mapping[str, Signal]:
        """What it makes."""
        frames = Signal("frames", self.n_voices)
        return {"audio": Signal("samples"), "midi": frames, "velocity": frames, "gate": frames}

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> dict[str, np.ndarray]:
        """Makes one example; see `data.Generator`."""
        names = list(self.files)
        key, dynamic = names[int(random.integers(len(names)))]
        voice = int(random.integers(self.n_voices))
        n_samples = n_frames * settings.hop_length
        sound = self.sound(key, dynamic, settings.sample_rate)[:n_samples]
        velocity, gate = np.zeros((2, n_frames, self.n_voices), np.float32)
        velocity[0, voice] = _VELOCITIES[dynamic]
        gate[:, voice] = 1.0
        return {
            "audio": np.pad(sound, (0, n_samples - len(sound))),
            "midi": np.full([n_frames, self.n_voices], key, np.float32),
            "velocity": velocity,
            "gate": gate,
        }

    def sound(self, key: int, dynamic: str, sample_rate: int) -> Float32Array:
        """Gives a note from its onset on, where it first reaches 2% of its peak."""
        name = (key, dynamic, sample_rate)
        if name not in self._sounds:
            audio, _ = read_audio(self.files[key, dynamic], sample_rate=sample_rate)
            loud = np.abs(audio) >= _AUDIBLE * np.max(np.abs(audio), initial=1e-9)
            self._sounds[name] = np.asarray(audio[int(np.argmax(loud)) :], np.float32)
        return self._sounds[name]


def _named(path: Path) -> list[tuple[int, str]]:
    match = _NAME.fullmatch(path.stem)
    if match is None or match["dynamic"].upper() not in _VELOCITIES or path.name.startswith("."):
        return []
    return [(int(match["key"]), match["dynamic"].upper())]
