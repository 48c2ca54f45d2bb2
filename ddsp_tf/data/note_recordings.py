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
        leave_out_every: Of the notes, sorted from soft to loud and by key, every so many-th is left
            out, to be measured later (`left_out`); None: none is.
        start_s: Seconds of silence before the note.
        velocity_exponent: Recordings whose levels were made alike get those of their velocities
            again: amplitude is multiplied by velocity to this power. 0: they stay as they are.
        gain_db: Of all.

    Raises:
        DatasetError: The folder isn't there, or holds none of the notes that are asked for.
        ArgumentError: There is no voice, or nearly all would be left out.

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
        leave_out_every: int | None = None,
        start_s: float = 0.0,
        velocity_exponent: float = 0.0,
        gain_db: float = 0.0,
    ) -> None:
        if n_voices < 1 or start_s < 0 or (leave_out_every is not None and leave_out_every < 2):
            raise ArgumentError(
                "`n_voices` should be at least 1, `leave_out_every` at least 2, and `start_s` not "
                f"negative. Received {n_voices}, {leave_out_every} and {start_s}."
            )
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
        order = sorted(self.files, key=lambda note: (_VELOCITIES[note[1]], note[0]))
        self.left_out = tuple(
            order[leave_out_every - 1 :: leave_out_every] if leave_out_every else ()
        )
        self.taken = tuple(note for note in self.files if note not in self.left_out)
        self.start_s = start_s
        self.velocity_exponent = velocity_exponent
        self.gain_db = gain_db
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
        key, dynamic = self.taken[int(random.integers(len(self.taken)))]
        voice = int(random.integers(self.n_voices))
        return self.example(key, dynamic, n_frames, settings, voice=voice)

    def example(
        self, key: int, dynamic: str, n_frames: int, settings: FeatureSettings, *, voice: int = 0
    ) -> dict[str, np.ndarray]:
        """Makes the example of one note, in one of the voices."""
        n_samples = n_frames * settings.hop_length
        onset = min(round(self.start_s * settings.frame_rate), n_frames - 1)
        sound = self.sound(key, dynamic, settings.sample_rate)
        sound = sound[: n_samples - onset * settings.hop_length]
        gain = velocity_of(dynamic) ** self.velocity_exponent * 10.0 ** (self.gain_db / 20.0)
        velocity, gate = np.zeros((2, n_frames, self.n_voices), np.float32)
        velocity[onset, voice] = velocity_of(dynamic)
        gate[onset:, voice] = 1.0
        silence = onset * settings.hop_length
        return {
            "audio": np.pad(gain * sound, (silence, n_samples - silence - len(sound))),
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


def velocity_of(dynamic: str) -> float:
    """Gives the velocity, 0 to 1, that stands for a dynamic such as "MF"."""
    return _VELOCITIES[dynamic]


def _named(path: Path) -> list[tuple[int, str]]:
    match = _NAME.fullmatch(path.stem)
    if match is None or match["dynamic"].upper() not in _VELOCITIES or path.name.startswith("."):
        return []
    return [(int(match["key"]), match["dynamic"].upper())]
