"""Passages of recordings, drawn while a model trains."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ddsp_tf.audio import read_audio
from ddsp_tf.errors import DatasetError
from ddsp_tf.files import printable
from ddsp_tf.types import FloatArray

_SOFTEST = 10.0 ** (-45.0 / 20.0)
_TRIES = 20


def read_loud(files: Sequence[Path], sample_rate: int) -> list[FloatArray]:
    """Reads recordings, without those that are silent.

    Raises:
        DatasetError: All are silent, or one can't be read.
    """
    sounds = [read_audio(path, sample_rate=sample_rate)[0] for path in files]
    loud = [sound for sound in sounds if len(sound) and np.max(np.abs(sound)) > _SOFTEST]
    if not loud:
        names = ", ".join(printable(path) for path in files[:3])
        raise DatasetError(f"The recordings are silent: {names}.")
    return loud


def loud_passage(random: np.random.Generator, sound: FloatArray, n_samples: int) -> FloatArray:
    """Draws a part of a recording that isn't a pause, `[n_samples]`; a short one ends in silence.

    Args:
        random: Where all chance comes from.
        sound: The recording, at least -45 dB full scale somewhere.
        n_samples: How long.
    """
    if len(sound) <= n_samples:
        return np.pad(sound, [0, n_samples - len(sound)])
    best, loudest = sound[:n_samples], 0.0
    for _ in range(_TRIES):
        start = int(random.integers(len(sound) - n_samples + 1))
        part = sound[start : start + n_samples]
        level = float(np.sqrt(np.mean(np.square(part))))
        if level >= _SOFTEST:
            return part
        if level > loudest:
            best, loudest = part, level
    return best
