"""Recordings with their scores, as what a polyphonic model is trained on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import ArgumentError, DatasetError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.midi import allocate_voices, find_score, read_score, sustained
from ddsp_tf.types import PathLike, Signal

Columns = dict[str, np.ndarray]


class ScoredRecordings:
    """Generates parts of recordings and of their scores, for `data.Generated`.

    The score of each recording is the MIDI file of its name beside it. Its notes are shared out
    among voices once, for the whole recording, and an example is a part by chance. Notes that began
    before an example are unknown to the model, while they are heard: `losses.WithoutStart` leaves
    out the time in which they end. The columns are `audio` and those of `midi.allocate_voices`.

    Args:
        recordings: Audio files.
        n_voices: Of the model.
        until_s: Nothing after this time is taken; None: all is.
        gain_db: Of all.

    Raises:
        DatasetError: A file isn't there or has no score.
        ArgumentError: There is no voice, or no recording.

    Example:
        >>> ScoredRecordings(["song.flac"], n_voices=8)
        Traceback (most recent call last):
        ddsp_tf.errors.DatasetError: `song.flac` needs a score: no file ...
    """

    def __init__(
        self,
        recordings: Sequence[PathLike],
        *,
        n_voices: int = 16,
        until_s: float | None = None,
        gain_db: float = 0.0,
    ) -> None:
        if n_voices < 1 or not recordings:
            raise ArgumentError(
                "`n_voices` should be at least 1, and `recordings` hold a file. "
                f"Received {n_voices} and {list(recordings)}."
            )
        self.files = {}
        for path in map(Path, recordings):
            score = find_score(path)
            if not path.is_file() or score is None:
                missing = path.name if not path.is_file() else f"{path.stem}.mid"
                raise DatasetError(f"`{path}` needs a score: no file `{missing}` is in its folder.")
            self.files[path] = score
        self.n_voices = n_voices
        self.until_s = until_s
        self.gain_db = gain_db
        self._read: dict[tuple[Path, int, int], Columns] = {}

    @property
    def signals(self) -> Mapping[str, Signal]:
        """What it makes."""
        frames = Signal("frames", self.n_voices)
        return {"audio": Signal("samples"), "midi": frames, "velocity": frames, "gate": frames}

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Columns:
        """Makes one example; see `data.Generator`."""
        path = list(self.files)[int(random.integers(len(self.files)))]
        whole = self.columns(path, settings)
        n_whole = len(whole["midi"])
        last = n_whole if self.until_s is None else round(self.until_s * settings.frame_rate)
        first = int(random.integers(max(1, min(last, n_whole) - n_frames)))
        return self.part(path, first, n_frames, settings)

    def part(self, path: Path, first: int, n_frames: int, settings: FeatureSettings) -> Columns:
        """Gives the columns of so many frames; silence after the end."""
        whole, hop = self.columns(path, settings), settings.hop_length
        frames = {key: x[first : first + n_frames] for key, x in whole.items() if key != "audio"}
        missing = n_frames - len(frames["midi"])
        padded = {
            key: np.pad(x, [(0, missing), (0, 0)], mode="edge" if key == "midi" else "constant")
            for key, x in frames.items()
        }
        audio = whole["audio"][first * hop : (first + n_frames) * hop]
        return {**padded, "audio": np.pad(audio, (0, n_frames * hop - len(audio)))}

    def columns(self, path: Path, settings: FeatureSettings) -> Columns:
        """Gives the columns of a whole recording."""
        name = (path, settings.sample_rate, settings.hop_length)
        if name not in self._read:
            audio, _ = read_audio(path, sample_rate=settings.sample_rate)
            score = read_score(self.files[path])
            n_frames = settings.n_frames(len(audio))
            voices = allocate_voices(
                sustained(score.notes, score.pedals),
                n_voices=self.n_voices,
                frame_rate=settings.frame_rate,
                n_frames=n_frames,
            )
            gain = np.float32(10.0 ** (self.gain_db / 20.0))
            self._read[name] = {"audio": gain * audio, **voices.columns()}
        return self._read[name]
