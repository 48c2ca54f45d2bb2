"""What the controllers of a channel say over time: how far it is bent, how far its pedal is down.

Reference:
    MIDI 1.0 Detailed Specification, "Channel Voice Messages" and "Registered Parameter Numbers".
"""

from collections.abc import Iterable

import mido
import numpy as np

from ddsp_tf.types import FloatArray

_SUSTAIN, _RESET_ALL = 64, 121
_DATA_COARSE, _DATA_FINE = 6, 38
_RPN_COARSE, _RPN_FINE = 101, 100
_NRPN = (98, 99)
_NONE = 127
_FULL_BEND = 8192
_USUAL_RANGE = 2.0
"""Semitones that a full bend is worth until the file says another number."""


class ChannelControllers:
    """Follows one channel's pitch bend, its range, and its sustain pedal.

    The range is the registered parameter 0: semitones by controller 6, cents by 38. "Reset all
    controllers" puts the wheel to its middle and the pedal up; the range stays, as the standard
    has it.
    """

    def __init__(self) -> None:
        self._bend = 0
        self._semitones, self._cents = _USUAL_RANGE, 0.0
        self._parameter = [_NONE, _NONE]
        self._bends: list[tuple[float, float]] = []
        self._pedal: list[tuple[float, float]] = []

    def hear(self, time_s: float, message: mido.Message) -> None:
        """Takes one message; times must not run backwards."""
        if message.type == "pitchwheel":
            self._bend = message.pitch
            self._note_bend(time_s)
        elif message.type == "control_change":
            self._hear_controller(time_s, message.control, message.value)

    @property
    def bends(self) -> FloatArray:
        """`[n, 2]`: seconds, semitones."""
        return _curve(self._bends)

    @property
    def pedal(self) -> FloatArray:
        """`[n, 2]`: seconds, how far it is down from 0 to 1."""
        return _curve(self._pedal)

    def _hear_controller(self, time_s: float, control: int, value: int) -> None:
        if control == _SUSTAIN:
            self._pedal.append((time_s, value / 127.0))
        elif control == _RESET_ALL:
            self._bend, self._parameter = 0, [_NONE, _NONE]
            self._note_bend(time_s)
            self._pedal.append((time_s, 0.0))
        elif control in (_RPN_COARSE, _RPN_FINE):
            self._parameter[control == _RPN_FINE] = value
        elif control in _NRPN:
            self._parameter = [_NONE, _NONE]
        elif self._parameter == [0, 0] and control in (_DATA_COARSE, _DATA_FINE):
            if control == _DATA_COARSE:
                self._semitones = float(value)
            else:
                self._cents = min(value, 99) / 100.0
            self._note_bend(time_s)

    def _note_bend(self, time_s: float) -> None:
        self._bends.append((time_s, self._bend / _FULL_BEND * (self._semitones + self._cents)))


def _curve(points: Iterable[tuple[float, float]]) -> FloatArray:
    """Points as an array: of those at one time the last, none where nothing changes, none for 0."""
    kept: list[tuple[float, float]] = []
    for time_s, value in points:
        if kept and kept[-1][0] == time_s:
            kept.pop()
        if value != (kept[-1][1] if kept else 0.0):
            kept.append((time_s, value))
    return np.array(kept, np.float64).reshape(-1, 2)
