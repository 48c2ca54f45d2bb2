"""What a set of recordings plays: its range of pitch and loudness."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ddsp_tf.dsp.units import hz_to_midi, midi_to_hz
from ddsp_tf.errors import DatasetError, ModelError
from ddsp_tf.features.features import Features
from ddsp_tf.features.voicing import note_mask
from ddsp_tf.files import check_format_version

FORMAT_VERSION = 1
N_QUANTILES = 101

_MOST_NOTE_OR_DB, _MOST = 1e3, 1e12
"""Beyond any pitch and level, and any length and count: what is read may come from anybody."""


@dataclass(frozen=True)
class Statistics:
    """Ranges of a set of recordings, over the frames that belong to notes unless said otherwise.

    Args:
        seconds: Length of all recordings.
        voiced_share: Share of frames that belong to notes, 0 to 1.
        n_recordings: How many recordings.
        f0_midi_mean: Mean pitch, as a MIDI number.
        f0_midi_quantiles: 101 values, at 0, 1, ... 100 %.
        loudness_db_mean: Mean loudness.
        loudness_db_quantiles: 101 values, at 0, 1, ... 100 %.
        mean_min_f0_midi: Lowest pitch of a recording, averaged over recordings.
        mean_max_f0_midi: Highest pitch of a recording, averaged over recordings.
        mean_min_loudness_db: Softest frame of a recording, averaged over recordings.
        mean_max_loudness_db: Loudest frame of a recording, averaged over recordings.

    Example:
        >>> from ddsp_tf.features import Features
        >>> note = Features(np.full(500, 440.0), np.full(500, 0.9), np.full(500, -20.0))
        >>> round(Statistics.from_features([note], frame_rate=250.0).f0_midi_mean)
        69
    """

    seconds: float
    voiced_share: float
    n_recordings: int
    f0_midi_mean: float
    f0_midi_quantiles: tuple[float, ...]
    loudness_db_mean: float
    loudness_db_quantiles: tuple[float, ...]
    mean_min_f0_midi: float
    mean_max_f0_midi: float
    mean_min_loudness_db: float
    mean_max_loudness_db: float

    @classmethod
    def from_features(cls, recordings: Iterable[Features], *, frame_rate: float = 250.0) -> Self:
        """Gathers the statistics of some recordings.

        Args:
            recordings: The features of each; read once, only note frames are kept.
            frame_rate: Frames a second.

        Raises:
            DatasetError: No frame of any recording belongs to a note.
        """
        n_frames = n_recordings = 0
        pitches: list[npt.NDArray[np.float32]] = []
        levels: list[npt.NDArray[np.float32]] = []
        for features in recordings:
            mask = note_mask(features, frame_rate=frame_rate)
            n_frames += features.n_frames
            n_recordings += 1
            if mask.any():
                pitches.append(_midi(features.f0_hz[mask]))
                levels.append(features.loudness_db[mask])
        if not pitches:
            raise DatasetError(
                "No recording holds a note: all is silent, noisy or without a clear pitch. "
                "Record one melody instrument, one note at a time, close to the microphone."
            )
        pitch, level = np.concatenate(pitches), np.concatenate(levels)
        return cls(
            seconds=n_frames / frame_rate,
            voiced_share=len(pitch) / n_frames,
            n_recordings=n_recordings,
            f0_midi_mean=float(pitch.mean(dtype=np.float64)),
            f0_midi_quantiles=_quantiles(pitch),
            loudness_db_mean=float(level.mean(dtype=np.float64)),
            loudness_db_quantiles=_quantiles(level),
            mean_min_f0_midi=float(np.mean([values.min() for values in pitches])),
            mean_max_f0_midi=float(np.mean([values.max() for values in pitches])),
            mean_min_loudness_db=float(np.mean([values.min() for values in levels])),
            mean_max_loudness_db=float(np.mean([values.max() for values in levels])),
        )

    @property
    def f0_hz_range(self) -> tuple[float, float]:
        """The 1st and 99th percentile of the fundamental, in Hz."""
        return _hz(self.f0_midi_quantiles[1]), _hz(self.f0_midi_quantiles[-2])

    @property
    def loudness_db_range(self) -> tuple[float, float]:
        """The 1st and 99th percentile of the loudness, in dB."""
        return self.loudness_db_quantiles[1], self.loudness_db_quantiles[-2]

    def to_dict(self) -> dict[str, Any]:
        """The statistics and their format version, ready for JSON."""
        values = {key: _plain(value) for key, value in asdict(self).items()}
        return {"format_version": FORMAT_VERSION, **values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Statistics from what `to_dict` returned.

        Raises:
            ModelError: The format is newer, or the values are damaged.
        """
        check_format_version(values, FORMAT_VERSION, what="Statistics")
        try:
            kept = {field.name: _checked(field.name, values[field.name]) for field in fields(cls)}
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ModelError(
                f"The stored statistics are damaged (at {error}). Prepare the dataset again."
            ) from error
        return cls(**kept)


def _checked(name: str, value: Any) -> Any:
    many = name.endswith("_quantiles")
    numbers = tuple(map(float, value if many else [value]))
    most = _MOST_NOTE_OR_DB if "midi" in name or "_db" in name else _MOST
    # So that NaN fails too.
    sensible = all(abs(number) <= most for number in numbers)
    if not sensible or len(numbers) != (N_QUANTILES if many else 1):
        raise ValueError(f"`{name}`")
    if many:
        return numbers
    return int(value) if name == "n_recordings" else numbers[0]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _quantiles(values: npt.NDArray[np.float32]) -> tuple[float, ...]:
    points = np.quantile(values.astype(np.float64), np.linspace(0, 1, N_QUANTILES))
    return tuple(float(point) for point in points)


def _midi(f0_hz: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(hz_to_midi(f0_hz), np.float32)


def _hz(midi: float) -> float:
    return float(midi_to_hz(np.float32(midi)))
