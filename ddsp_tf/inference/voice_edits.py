"""What is changed about a voice before a model of glottis and tract sings it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ddsp_tf.errors import ArgumentError
from ddsp_tf.types import Signal

_TAKEN_AS = {
    "r_d_offset": "r_d_offset",
    "tract_length_ratio": "tract_length_ratio",
    "vibrato_cents": "f0_hz",
    "semitones": "f0_hz",
}
_LIMITS = {
    "r_d_offset": (-2.4, 2.4),
    "tract_length_ratio": (0.5, 2.0),
    "vibrato_cents": (0.0, 400.0),
    "vibrato_hz": (0.5, 15.0),
    "semitones": (-48.0, 48.0),
}


@dataclass(frozen=True)
class VoiceEdits:
    """Everything that can be changed about a voice.

    Args:
        r_d_offset: Added to the glottis' shape, -2.4 to 2.4: above 0 breathier, below more pressed.
        tract_length_ratio: Of the vocal tract to what it was, 0.5 to 2: above 1 formants fall.
        vibrato_cents: Of a vibrato that is added, from the pitch to its top, 0 to 400.
        vibrato_hz: Its rate, 0.5 to 15.
        semitones: To transpose by; formants stay.

    Raises:
        ArgumentError: A value is outside its range.

    Example:
        >>> VoiceEdits(r_d_offset=0.8).names
        ('r_d_offset',)
    """

    r_d_offset: float = 0.0
    tract_length_ratio: float = 1.0
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.5
    semitones: float = 0.0

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not low <= value <= high:
                raise ArgumentError(f"`{name}` must be from {low:g} to {high:g}; got {value!r}.")

    @property
    def names(self) -> tuple[str, ...]:
        """What is changed."""
        defaults = {field.name: field.default for field in fields(self)}
        return tuple(key for key in _TAKEN_AS if getattr(self, key) != defaults[key])

    def check(self, signals: Mapping[str, Signal]) -> None:
        """Refuses what a model of these inputs can't do.

        Raises:
            ArgumentError: It lacks the input that an edit changes.
        """
        for name in self.names:
            if _TAKEN_AS[name] not in signals:
                raise ArgumentError(
                    f"`{name}` needs a model that takes `{_TAKEN_AS[name]}`, such as one trained "
                    f"with papers/yu2023/golf.gin. This one takes {', '.join(signals)}."
                )

    def apply(self, batch: Mapping[str, Any], *, frame_rate: float) -> dict[str, Any]:
        """Edits what a model takes.

        Args:
            batch: Columns, `[1, n_frames, width]`.
            frame_rate: Frames a second.

        Returns:
            The columns and the values that are edited, alone.
        """
        edited: dict[str, Any] = {
            key: np.full([1, 1], getattr(self, key), np.float32)
            for key in ("r_d_offset", "tract_length_ratio")
            if key in self.names
        }
        if {"vibrato_cents", "semitones"} & set(self.names):
            f0_hz = np.asarray(batch["f0_hz"], np.float32)
            seconds = np.arange(f0_hz.shape[1])[:, np.newaxis] / frame_rate
            swing = self.vibrato_cents / 100.0 * np.sin(2 * np.pi * self.vibrato_hz * seconds)
            edited["f0_hz"] = (f0_hz * 2.0 ** ((self.semitones + swing) / 12.0)).astype(np.float32)
        return edited
