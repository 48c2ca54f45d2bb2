"""Keys that are being pressed, as pitch and loudness of voices, frame by frame."""

import numpy as np

from ddsp_tf.features import Statistics
from ddsp_tf.features.midi_pitch import to_hz
from ddsp_tf.features.voicing import SILENCE_DB
from ddsp_tf.inference.gating import ATTACK_S, RELEASE_S
from ddsp_tf.inference.performer import level_of
from ddsp_tf.midi.live_events import LiveEvent
from ddsp_tf.types import FloatArray

_ATTACK_S, _ATTACK_DB, _SLURRED_DB = 0.02, -18.0, -6.0
_RELEASE_DB_PER_S = 300.0
_PEDAL_DOWN = 64.0
_LONG_AGO_S = 1e6


class LiveKeys:
    """Shares keys out among voices as they come, and plays each as `PlainPerformer` would.

    A key takes the voice that plays it already, else the one that has rested longest, else that of
    the oldest note, which comes back when a voice is free and its key still held; so one voice
    plays trills as a synthesiser does. Nothing of the future is known: where the performer's gate
    opens before a note, this one opens with it.

    Args:
        n_voices: Notes that sound at once.
        statistics: Of the instrument, or None.
        frame_rate: Frames a second.

    Example:
        >>> from ddsp_tf.midi.live_events import parse_event
        >>> keys = LiveKeys(n_voices=2, statistics=None, frame_rate=250.0)
        >>> keys.hear(parse_event("on 69 64"))
        >>> f0_hz, loudness_db, gate = keys.advance(10)
        >>> f0_hz[0, 0].item(), gate[-1].tolist()
        (440.0, [1.0, 0.0])
    """

    def __init__(self, *, n_voices: int, statistics: Statistics | None, frame_rate: float) -> None:
        self._statistics = statistics
        self._frame_rate = frame_rate
        self._midi = np.full(n_voices, 69.0)
        self._key = np.full(n_voices, -1)
        self._level_db = np.full(n_voices, SILENCE_DB)
        self._begins_db = np.zeros(n_voices)
        self._age_s = np.full(n_voices, _LONG_AGO_S)
        self._left_s = np.full(n_voices, _LONG_AGO_S)
        self._sounds = np.zeros(n_voices, bool)
        self._gate = np.zeros(n_voices)
        # Keys that are down with their velocities, in the order in which they were pressed.
        self._down: dict[int, float] = {}
        self._is_pedalled = False
        self._bend = 0.0
        self.n_stolen = 0

    @property
    def is_silent(self) -> bool:
        """Whether no voice sounds, and none will without a key."""
        return not self._sounds.any() and not (self._gate > 0).any()

    def hear(self, event: LiveEvent) -> None:
        """Takes note of what a player does from here on."""
        if event.kind == "on" and event.values[1] > 0:
            self._press(int(event.values[0]), event.values[1] / 127.0)
        elif event.kind in ("on", "off"):
            self._release(int(event.values[0]))
        elif event.kind == "bend":
            self._bend = event.values[0]
        elif event.kind == "pedal":
            self._is_pedalled = event.values[0] >= _PEDAL_DOWN
            if not self._is_pedalled:
                self._leave([v for v in self._sounding() if not self._is_down(v)])
        elif event.kind == "quiet":
            self._is_pedalled, self._bend = False, 0.0
            self._down.clear()
            self._leave(self._sounding())

    def advance(self, n_frames: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Gives the next frames.

        Returns:
            `f0_hz`, `loudness_db` and `gate`, each `[n_frames, n_voices]`.
        """
        ahead_s = (np.arange(n_frames) / self._frame_rate)[:, np.newaxis]
        step_s = n_frames / self._frame_rate
        attack = np.clip(1.0 - (self._age_s + ahead_s) / _ATTACK_S, 0.0, 1.0)
        left_s = np.where(self._sounds, 0.0, self._left_s + ahead_s)
        loudness_db = self._level_db + self._begins_db * attack - _RELEASE_DB_PER_S * left_s
        # Towards open or shut at a steady pace, then rounded as the gate of whole scores is.
        pace = np.where(self._sounds, 1.0 / ATTACK_S, -1.0 / RELEASE_S) / self._frame_rate
        open_ = np.clip(self._gate + pace * (1.0 + np.arange(n_frames))[:, np.newaxis], 0.0, 1.0)
        f0_hz = np.broadcast_to(to_hz(self._midi + self._bend), open_.shape)
        if n_frames:
            self._gate = open_[-1]
        self._age_s = self._age_s + step_s
        self._left_s = np.where(self._sounds, self._left_s, self._left_s + step_s)
        gate = 0.5 - 0.5 * np.cos(np.pi * open_)
        return np.array(f0_hz), np.maximum(loudness_db, SILENCE_DB), gate

    def _sounding(self) -> list[int]:
        return [int(voice) for voice in np.flatnonzero(self._sounds)]

    def _is_down(self, voice: int) -> bool:
        return int(self._key[voice]) in self._down

    def _press(self, key: int, velocity: float) -> None:
        self._down.pop(key, None)
        self._down[key] = velocity
        self._play(key, velocity)

    def _release(self, key: int) -> None:
        self._down.pop(key, None)
        if not self._is_pedalled:
            self._leave([v for v in self._sounding() if self._key[v] == key])

    def _leave(self, voices: list[int]) -> None:
        """Ends notes; keys that are still down and lost their voice get it back."""
        for voice in voices:
            self._sounds[voice] = False
            self._left_s[voice] = 0.0
            waiting = [key for key in self._down if key not in self._key[self._sounds].tolist()]
            if waiting:
                self._begin(voice, waiting[-1], self._down[waiting[-1]], is_slurred=True)

    def _play(self, key: int, velocity: float) -> None:
        own = np.flatnonzero(self._sounds & (self._key == key))
        free = np.flatnonzero(~self._sounds)
        if len(own):
            voice = int(own[0])
        elif len(free):
            voice = int(free[np.argmax(self._left_s[free])])
        else:
            voice = int(np.argmax(self._age_s))
            self.n_stolen += 1
        self._begin(voice, key, velocity, is_slurred=bool(self._sounds[voice]))

    def _begin(self, voice: int, key: int, velocity: float, *, is_slurred: bool) -> None:
        self._key[voice], self._midi[voice] = key, float(key)
        self._level_db[voice] = float(level_of(np.array(velocity), self._statistics))
        self._begins_db[voice] = _SLURRED_DB if is_slurred else _ATTACK_DB
        self._age_s[voice] = self._left_s[voice] = 0.0
        self._sounds[voice] = True
