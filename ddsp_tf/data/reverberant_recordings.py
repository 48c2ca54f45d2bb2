"""Recordings heard in rooms that are drawn while a model trains."""

from collections.abc import Mapping, Sequence
from functools import cache, partial

import numpy as np
from scipy import fft

from ddsp_tf.data.passages import loud_passage, read_loud
from ddsp_tf.data.sources.audio_names import name_files
from ddsp_tf.dsp.random_rooms import random_room
from ddsp_tf.errors import ArgumentError
from ddsp_tf.features import FeatureSettings
from ddsp_tf.types import FloatArray, PathLike, Signal

_BEFORE_S = 4.0
"""What may have sounded before a clip begins."""

_QUIET_SHARE, _SHORT_SHARE = 0.25, 0.2
"""Of the clips: without noise; that end in silence."""


class ReverberantRecordings:
    """Draws a passage of a recording and a room, and makes what is heard of it there.

    A generator for `data.Generated`. `audio` is the passage in a room of `dsp.random_room`, mostly
    with some noise, 10 to 70 dB below it; `t60_s` are the room's times of decay by octave, and
    `decay_db` the energy that is still to come in each octave at some times after the direct sound,
    octave after octave. Every recording is as likely as any other, however long it is.

    Args:
        recordings: Folders or files, or several: dry ones.
        bands_hz: Octaves, rising.
        times_s: When decays are told of, rising, above 0.

    Raises:
        ArgumentError: There are no times, or they aren't above 0.
        DatasetError: There is no recording.

    Reference:
        Lee, Choi and Lee 2022, "Differentiable artificial reverberation", section IV-A
        (reverberant speech, made of dry speech and responses).
    """

    def __init__(
        self,
        recordings: PathLike | tuple[PathLike, ...],
        *,
        bands_hz: Sequence[float],
        times_s: Sequence[float],
    ) -> None:
        if not times_s or min(times_s) <= 0:
            raise ArgumentError(f"`times_s` should be times above 0. Received {list(times_s)}.")
        self.bands_hz = [float(hz) for hz in bands_hz]
        self.times_s = np.asarray(times_s, np.float64)
        self.signals = {
            "audio": Signal("samples"),
            "t60_s": Signal("value", width=len(self.bands_hz), unit="s"),
            "decay_db": Signal("value", width=len(self.bands_hz) * len(self.times_s), unit="dB"),
        }
        files = tuple(name_files(recordings).values())
        self._read = cache(partial(read_loud, files))

    def __call__(
        self, random: np.random.Generator, n_frames: int, settings: FeatureSettings
    ) -> Mapping[str, FloatArray]:
        """Draws an example: `audio` `[n_samples]`, `t60_s` and `decay_db` as they are declared."""
        sounds = self._read(settings.sample_rate)
        n_samples = n_frames * settings.hop_length
        n_before = int(random.uniform(0.0, _BEFORE_S) * settings.sample_rate)
        dry = loud_passage(random, sounds[random.integers(len(sounds))], n_before + n_samples)
        if random.random() < _SHORT_SHARE:
            end = n_before + int(random.uniform(0.3, 1.0) * n_samples)
            dry = np.where(np.arange(len(dry)) < end, dry, 0.0)
        room = random_room(random, bands_hz=self.bands_hz, sample_rate=settings.sample_rate)
        length = fft.next_fast_len(len(dry) + len(room.response), real=True)
        spectrum = fft.rfft(dry.astype(np.float32), length)
        spectrum *= fft.rfft(room.response.astype(np.float32), length)
        wet = fft.irfft(spectrum, length)[n_before : n_before + n_samples]
        wet /= max(float(np.max(np.abs(wet))), 1e-6)
        if random.random() >= _QUIET_SHARE:
            wet = wet + _noise(random, wet)
        return {
            "audio": 0.5 * wet,
            "t60_s": room.t60_s,
            "decay_db": room.decay_db_at(self.times_s).ravel(),
        }


def _noise(random: np.random.Generator, sound: FloatArray) -> FloatArray:
    """Noise between white and brown, 10 to 70 dB below a sound."""
    spectrum = fft.rfft(random.standard_normal(len(sound)).astype(np.float32))
    spectrum *= (1.0 + np.arange(len(spectrum), dtype=np.float32)) ** -random.uniform(0.0, 1.0)
    noise = fft.irfft(spectrum, len(sound))
    below = 10.0 ** (-random.uniform(10.0, 70.0) / 20.0)
    power = np.mean(np.square(noise))
    return noise * (below * np.sqrt(np.mean(np.square(sound)) / max(power, 1e-30)))
