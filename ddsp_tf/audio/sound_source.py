"""An opened sound file: what it says of itself, and its samples."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ddsp_tf.errors import AudioFileError
from ddsp_tf.files import printable


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says.

    Attributes:
        path: The file.
        sample_rate: Samples a second of each channel.
        n_channels: How many channels it has.
        n_samples: Length in samples of one channel, as declared; where that is known to be
            wrong, as counted.
        format: Container and encoding, e.g. `"FLAC PCM_16"`.
        remarks: What is unusual about the file and was dealt with: sentences that lack their
            subject, e.g. `"is 2 recordings joined end to end; all of them were read."`
    """

    path: Path
    sample_rate: int
    n_channels: int
    n_samples: int
    format: str
    remarks: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sample_rate

    @property
    def is_float(self) -> bool:
        """Whether samples are stored as floating point, which full scale does not bound."""
        return self.format.split()[-1] in {"FLOAT", "DOUBLE"}


@dataclass(frozen=True)
class SoundSource:
    """An opened sound file.

    Attributes:
        info: What it says of itself.
        blocks: Its samples, float32 `[n_samples, n_channels]` blocks, to be read once.
    """

    info: AudioInfo
    blocks: Iterator[np.ndarray]


def truncated(path: Path, seconds: float) -> AudioFileError:
    """The error of a file that ends before its time."""
    return AudioFileError(
        f"`{printable(path)}` is truncated or damaged: only its first {seconds:.1f} s "
        "can be read. Copy or export it again."
    )
